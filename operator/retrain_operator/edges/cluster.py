"""The operator's own objects, policies and runs with their events: read into facts, and written.

What it sees and does in a tenant's name is in `tenant`.
"""

import re
from contextlib import suppress

from pydantic import BaseModel

from retrain_operator.edges import objects
from retrain_operator.edges.kube import Json, Kube
from retrain_operator.edges.refusal import AlreadyExists, KubeError, NotFound
from retrain_operator.edges.request import EVENTS, POLICIES, RUNS
from retrain_operator.model.names import POLICY_LABEL
from retrain_operator.model.run import RunStatus
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.world import Claimed, Ended, Foreign, Going, InvalidPolicy, NoRun, Policy, PolicyRun, Run

RUN_NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"


class Cluster:
    """Eyes and hands on one API server. What fails on its side is raised as a KubeError: the pass is tried again."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    # Eyes

    async def policies(self) -> list[tuple[str, str]]:
        """Namespace and name of every policy."""
        return [
            (each["metadata"]["namespace"], each["metadata"]["name"]) for each in await self._kube.list(POLICIES, None)
        ]

    async def runs_under_way(self) -> list[tuple[str, str]]:
        """Namespace and name of every run that has not ended."""
        runs = await self._kube.list(RUNS, None)
        return [_name(each) for each in runs if not each.get("status", {}).get("outcome")]

    async def policy(self, namespace: str, name: str) -> Policy | InvalidPolicy | None:
        """The policy as it is now."""
        try:
            return objects.policy(await self._kube.get(POLICIES, namespace, name))
        except NotFound:
            return None

    async def policy_run(self, policy: Policy) -> PolicyRun:
        """The run that the policy's status claims."""
        claim = policy.status.active_run
        if claim is None:
            return NoRun()
        try:
            body = await self._kube.get(RUNS, policy.namespace, claim.name)
        except NotFound:
            return Claimed()
        run = objects.run(body)
        if run is None or not objects.owned_by(body, policy.uid):
            return Foreign()
        status = run.status
        if status.outcome is None:
            return Going(status, run.created)
        return Ended(run.spec, status, status.outcome, status.completion_time or run.created)

    async def run(self, namespace: str, name: str) -> Run | None:
        """The run as it is now; None when it is gone or not the operator's."""
        try:
            return objects.run(await self._kube.get(RUNS, namespace, name))
        except NotFound:
            return None

    async def ended_runs(self, policy: Policy) -> list[Run]:
        """Runs of the policy that have ended, the newest first."""
        bodies = await self._kube.list(RUNS, policy.namespace, labels=f"{POLICY_LABEL}={policy.name}")
        runs = [run for body in bodies if objects.owned_by(body, policy.uid) and (run := _readable(body))]
        return sorted((run for run in runs if run.status.outcome), key=lambda run: run.created, reverse=True)

    async def run_of(self, policy: Policy, name: str) -> Run | None:
        """The run of that name, if there is one and it is the policy's."""
        if not re.fullmatch(RUN_NAME, name):
            return None
        try:
            body = await self._kube.get(RUNS, policy.namespace, name)
        except NotFound:
            return None
        return _readable(body) if objects.owned_by(body, policy.uid) else None

    # Hands

    async def write_policy(self, policy: Policy | InvalidPolicy, status: PolicyStatus) -> None:
        """Write the policy's status, unless the policy changed since it was read: then Conflict is raised."""
        body = {"metadata": {"resourceVersion": policy.resource_version}, "status": merge_body(status)}
        await self._kube.patch(POLICIES, policy.namespace, policy.name, body, subresource="status")

    async def write_run(self, run: Run, status: RunStatus) -> str:
        """Write the run's status, unless the run changed since it was read: then Conflict is raised.

        Returns the version that was written.
        """
        body = {"metadata": {"resourceVersion": run.resource_version}, "status": merge_body(status)}
        written = await self._kube.patch(RUNS, run.namespace, run.name, body, subresource="status")
        return str(written["metadata"]["resourceVersion"])

    async def create_run(self, namespace: str, manifest: Json) -> None:
        """Make the run. One that is there already is left as it is; whose it is, the next look tells."""
        try:
            await self._kube.create(RUNS, namespace, manifest)
        except AlreadyExists:
            return

    async def delete_run(self, run: Run) -> None:
        """Remove an ended run."""
        await self._kube.delete(RUNS, run.namespace, run.name, uid=run.uid)

    async def post_event(self, namespace: str, event: Json) -> None:
        """Tell of something that happened, as a Kubernetes Event. One that cannot be posted is not worth a pass."""
        with suppress(KubeError):
            await self._kube.create(EVENTS, namespace, event)


def _name(body: Json) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _readable(body: Json) -> Run | None:
    """The run, unless a newer operator wrote its status: that one is for the newer operator to remove."""
    with suppress(objects.UnreadableError):
        return objects.run(body)
    return None


def merge_body(model: BaseModel) -> Json:
    """A model as a JSON merge patch that leaves nothing of what was there before: what is absent is null."""
    return {name: _merged(value) for name, value in model.model_dump(mode="json", by_alias=True).items()}


def _merged(value: object) -> object:
    match value:
        case dict():
            return {name: _merged(part) for name, part in value.items()}
        case list():
            return [_without_nulls(part) for part in value]
        case _:
            return value


def _without_nulls(value: object) -> object:
    match value:
        case dict():
            return {name: _without_nulls(part) for name, part in value.items() if part is not None}
        case list():
            return [_without_nulls(part) for part in value]
        case _:
            return value
