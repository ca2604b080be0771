"""What the operator sees and does in a tenant's namespace, always as the policy's ServiceAccount.

Refusals of the API server are facts, not errors. The one thing seen as the operator itself are training Jobs and their
pods, which it watches anyway, and whether the account exists.
"""

from collections.abc import Sequence
from typing import Any

from retrain_operator.edges import objects, pods, workload
from retrain_operator.edges.kube import MANAGER, Kube, Objects
from retrain_operator.edges.refusal import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from retrain_operator.edges.request import EVENTS, JOBS, MOUNTS, PODS, SERVICE_ACCOUNTS, Resource
from retrain_operator.model.access import Account, NotAccepted, Refusal, Right
from retrain_operator.model.plain import plain
from retrain_operator.model.rollout import Rollout, TargetRef
from retrain_operator.model.target import KindUnknown, Mount, Preflight, Serving, Target, TargetAbsent
from retrain_operator.model.training import ForeignJob, NoJob, TrainingJob
from retrain_operator.model.world import Run

Json = dict[str, Any]

QUOTED = 512
"""Characters of the API server's own sentence."""
LIST_PODS = Right("list", PODS.group, PODS.plural)


class Tenant:
    """Eyes and hands in all tenants' namespaces. What fails on the API server's side is raised as a KubeError."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._plurals: dict[tuple[str, str], str] = {("apps/v1", "Deployment"): "deployments"}

    # Before a run

    async def preflight(
        self, account: Account, rollout: Rollout, rights: Sequence[Right], verbs: Sequence[str], mounts: Sequence[Mount]
    ) -> Preflight:
        """The target, and what is missing of rights, of verbs on the target, and of mounts."""
        resource = await self._resource(rollout.target_ref)
        asked = [*rights, *(_target_rights(verbs, resource, rollout) if resource else ())]
        try:
            lacking = await self._kube.review(account, asked)
        except Forbidden as error:
            return Preflight(await self._refusal(account, asked[0], error))
        if not await self._exists(account):
            return Preflight(Refusal(account, asked[0], account_exists=False, lacking=lacking))
        absent = [mount for mount in mounts if not await self._may_be_there(account, mount)]
        unseen = any(right.verb == "get" and resource and right.resource == resource.plural for right in lacking)
        target: Target = KindUnknown() if resource is None else Refusal(account, asked[-1], lacking=lacking)
        if resource and not unseen:
            target = await self.target(account, rollout)
        return Preflight(target, lacking, tuple(absent))

    async def _may_be_there(self, account: Account, mount: Mount) -> bool:
        """False only when it is known not to be there: to look may itself be forbidden."""
        try:
            return await self._kube.exists(MOUNTS[mount.kind], account.namespace, mount.name, account=account)
        except Forbidden:
            return True

    # The target

    async def target(self, account: Account, rollout: Rollout, verbs: Sequence[str] = (), run: str = "") -> Target:
        """The target as the account sees it; a Refusal when it may not see it or lacks one of the verbs on it.

        With `run`, what the pods tell of that run's rollout is told as well, where the account may see them.
        """
        resource, name = await self._resource(rollout.target_ref), rollout.target_ref.name
        if resource is None:
            return KindUnknown()
        try:
            lacking = await self._kube.review(account, _target_rights(verbs, resource, rollout))
            if lacking:
                return Refusal(account, lacking[-1], account_exists=await self._exists(account), lacking=lacking)
            body = await self._kube.get(resource, account.namespace, name, account=account)
        except NotFound:
            return TargetAbsent()
        except Forbidden as error:
            return await self._refusal(account, _right("get", resource, rollout), error)
        seen = workload.serving(body, rollout, MANAGER)
        if run and isinstance(seen, Serving) and pods.wants_pods(body, seen):
            return await self._with_pods(seen, body, account, run, rollout.container)
        return seen

    async def patch_target(self, run: Run, patch: Objects) -> Refusal | bool:
        """Change the target as the run's account; False when it had changed since it was read, and so was left."""
        rollout = run.spec.policy.spec.rollout
        resource = await self._resource(rollout.target_ref)
        if resource is None:
            return False
        asked = _right("patch", resource, rollout)
        if gone := await self._gone(run.account, asked):
            return gone
        try:
            await self._kube.patch(resource, run.namespace, asked.name, patch, account=run.account)
        except (Conflict, NotFound):
            return False
        except Forbidden as error:
            return await self._refusal(run.account, asked, error)
        except Invalid as error:
            # What a ValidatingAdmissionPolicy answers unless it names another reason.
            return Refusal(run.account, asked, detail=error.detail)
        return True

    async def _with_pods(self, seen: Serving, body: Json, account: Account, run: str, container: str | None) -> Serving:
        """The target, with what its pods tell of a run's rollout, or with that the account may not see them."""
        labels = pods.selector(body)
        try:
            found = await self._kube.list(PODS, account.namespace, labels=labels, account=account) if labels else []
        except Forbidden:
            return pods.without_pods(seen, account)
        return pods.with_pods(seen, found, run, container)

    async def _resource(self, ref: TargetRef) -> Resource | None:
        """How objects of the target's kind are called. A kind that is found is remembered; one that is not may come."""
        group, _, version = ref.api_version.rpartition("/")
        known = (ref.api_version, ref.kind)
        if known not in self._plurals and (plural := await self._kube.plural(group, version, ref.kind)):
            self._plurals[known] = plural
        return Resource(group, version, self._plurals[known]) if known in self._plurals else None

    # The Job

    async def job(self, run: Run) -> TrainingJob:
        """The run's Job with its newest pod, or else with what is known of why it has none."""
        try:
            body = await self._kube.get(JOBS, run.namespace, run.name)
        except NotFound:
            return NoJob()
        if not objects.owned_by(body, run.uid):
            return ForeignJob()
        own = await self._kube.list(PODS, run.namespace, labels=f"batch.kubernetes.io/job-name={run.name}")
        return objects.job(body, own, "" if own else await self._pod_refusal(run.account, body["metadata"]["uid"]))

    async def _pod_refusal(self, account: Account, job: str) -> str:
        """Why no pod of a Job can be made, as the Job's controller tells in an event, if the account may see those."""
        about = f"involvedObject.uid={job},reason=FailedCreate"
        try:
            events = await self._kube.list(EVENTS, account.namespace, fields=about, account=account)
        except Forbidden:
            return ""
        newest = max(events, key=lambda each: each.get("lastTimestamp") or "", default={})
        return plain(newest.get("message", ""), QUOTED)

    async def create_job(self, run: Run, manifest: Json, rights: Sequence[Right]) -> Refusal | NotAccepted | None:
        """Make the run's Job as its account, which must have all of these rights; the first is to create it."""
        if gone := await self._gone(run.account, rights[0]):
            return gone
        try:
            lacking = await self._kube.review(run.account, rights[1:])
            if lacking:
                return Refusal(run.account, lacking[0], lacking=lacking)
            await self._kube.create(JOBS, run.namespace, manifest, account=run.account)
        except AlreadyExists:
            return None
        except Forbidden as error:
            return await self._refusal(run.account, rights[0], error)
        except Invalid as error:
            return NotAccepted(error.detail)
        return None

    async def delete_job(self, run: Run, uid: str) -> Refusal | None:
        """Remove the run's Job of that UID as its account."""
        try:
            await self._kube.delete(JOBS, run.namespace, run.name, uid=uid, account=run.account)
        except Conflict:
            return None
        except Forbidden as error:
            return await self._refusal(run.account, Right("delete", "batch", "jobs", run.name), error)
        return None

    # Refusals

    async def _gone(self, account: Account, asked: Right) -> Refusal | None:
        """That the account was deleted. Its bindings outlive it, so the API server would still let us act as it."""
        return None if await self._exists(account) else Refusal(account, asked, account_exists=False)

    async def _exists(self, account: Account) -> bool:
        try:
            await self._kube.get(SERVICE_ACCOUNTS, account.namespace, account.name)
        except NotFound:
            return False
        return True

    async def _refusal(self, account: Account, asked: Right, error: Forbidden) -> Refusal:
        known: dict[str, Any] = {"account_exists": await self._exists(account), "detail": error.detail}
        if error.kind == "serviceaccounts":
            return Refusal(account, asked, impersonated=False, **known)
        return Refusal(account, asked, lacking=await self._kube.review(account, [asked]), **known)


def _right(verb: str, resource: Resource, rollout: Rollout) -> Right:
    return Right(verb, resource.group, resource.plural, rollout.target_ref.name)


def _target_rights(verbs: Sequence[str], resource: Resource, rollout: Rollout) -> list[Right]:
    """These verbs on the target; and to see its pods, if it is to be changed and says less than they do."""
    rights = [_right(verb, resource, rollout) for verb in verbs]
    return [*rights, LIST_PODS] if "patch" in verbs and pods.hides(rollout.target_ref) else rights
