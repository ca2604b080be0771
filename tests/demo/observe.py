"""Looks at the cluster as any user could: the policy, its runs, their Jobs, the Deployment, and Prometheus.

Status is read with the operator's own models, so a field that it renames fails here and not silently.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import yaml

from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.run import RunStatus
from retrain_operator.model.status import Cause, PolicyStatus
from tests.demo import stage
from tests.demo.access import NAMESPACE, Api, DemoError
from tests.demo.story import ACCURACY, Target

CORE = f"/namespaces/{NAMESPACE}"
OURS = f"/apis/retrain.dev/v1alpha1{CORE}"
DIGEST = "retrain.dev/model-digest"


@dataclass(frozen=True)
class Seen:
    """A run as it is now."""

    name: str
    cause: Cause
    status: RunStatus


class Eyes:
    """Looks through the API. `spec` is the policy that is watched."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.spec = PolicySpec.model_validate(yaml.safe_load(stage.POLICY.read_text())["spec"])
        trigger = next(each.prometheus for each in self.spec.triggers if each.name == ACCURACY)
        assert trigger is not None, "the trigger that watches accuracy asks Prometheus"
        assert trigger.healthy_range.min is not None, "accuracy has a lowest healthy value"
        self._query = trigger.query
        self.healthy = trigger.healthy_range.min

    def policy(self) -> PolicyStatus:
        """Where the policy stands; as new when the operator has not looked at it yet."""
        found = self._api.get(f"{OURS}/retrainpolicies/{stage.NAME}")
        return PolicyStatus.model_validate(found.get("status", {}))

    def resting(self) -> bool:
        """Whether the policy rests after its last run."""
        until = self.policy().cooldown_until
        return until is not None and until > datetime.now(UTC)  # this is a door, not the core

    def run(self, name: str) -> Seen | None:
        """The run of that name; None while it is claimed and not yet made."""
        path = f"{OURS}/retrainruns?fieldSelector={quote(f'metadata.name={name}')}"
        found: list[dict[str, Any]] = self._api.get(path)["items"]
        if not found:
            return None
        cause = Cause.model_validate(found[0]["spec"]["cause"])
        return Seen(name, cause, RunStatus.model_validate(found[0].get("status", {})))

    def jobs(self, run: str) -> tuple[str, ...]:
        """The UIDs of all Jobs of a run."""
        path = f"/apis/batch/v1{CORE}/jobs?labelSelector={quote(f'retrain.dev/run={run}')}"
        return tuple(job["metadata"]["uid"] for job in self._api.get(path)["items"])

    def target(self) -> Target:
        """The Deployment that serves."""
        found = self._api.get(f"/apis/apps/v1{CORE}/deployments/{stage.NAME}")
        template = found["spec"]["template"]
        variables = {each["name"]: each.get("value", "") for each in template["spec"]["containers"][0]["env"]}
        digest = template["metadata"].get("annotations", {}).get(DIGEST, "")
        return Target(variables[self.spec.rollout.env], digest, found["metadata"]["generation"])

    def accuracy(self) -> float | None:
        """What the policy's own query gives now; None when it gives no number."""
        path = f"{self._api.service('prometheus', 9090)}/api/v1/query?query={quote(self._query)}"
        answer = self._api.get(path)
        if answer.get("status") != "success":
            raise DemoError(f"Prometheus refused the policy's query: {json.dumps(answer)[:300]}")
        values = [float(series["value"][1]) for series in answer["data"]["result"]]
        return values[0] if len(values) == 1 and values[0] == values[0] else None
