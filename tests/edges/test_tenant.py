"""A tenant's namespace seen and changed as the policy's account, by what a scripted API server answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.target import KindUnknown, Mount, Preflight, Serving, Target, TargetAbsent, Unsettled
from retrain_operator.model.training import Job, NoJob
from tests.decide.case import case
from tests.edges.loopback import Act, Loopback, reply
from tests.edges.scripted import RUNNER, kube_and, status
from tests.edges.test_workload import LOOP, MODEL, deployment, pod
from tests.runs import NAME, a_run

Json = dict[str, Any]
BY_ENV = Rollout.model_validate({"targetRef": {"name": "churn-serving"}, "container": "server"})
KSERVE = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "churn"}
BY_PATH = Rollout.model_validate({"targetRef": KSERVE, "path": "spec.predictor.model.storageUri"})
JOBS, PATCH = Right("create", "batch", "jobs"), Right("patch", "apps", "deployments", "churn-serving")
GET = Right("get", "apps", "deployments", "churn-serving")
YES, NO = reply({"status": {"allowed": True}}, 201), reply({"status": {"allowed": False}}, 201)
ACCOUNT, NO_ACCOUNT = reply({"metadata": {"name": "retrain-runner"}}), status(404, "NotFound", kind="serviceaccounts")
TARGET = deployment(MODEL) | {"status": {"observedGeneration": 3, "updatedReplicas": 1}}
THERE, GONE = reply(TARGET), status(404, "NotFound", kind="deployments", name="churn-serving")
FORBIDDEN = status(403, "Forbidden", "cannot get resource", kind="deployments", name="churn-serving")
SHUT_OUT = status(403, "Forbidden", "cannot impersonate", kind="serviceaccounts", name="retrain-runner")
BROKEN = status(422, "Invalid", "denied: not on Fridays")
RUN = a_run().run


async def ask(question: Callable[[Tenant], Awaitable[Any]], *script: Act) -> tuple[Any, Loopback]:
    async with kube_and(*script) as (kube, server):
        return await question(Tenant(kube)), server


# Before a run


async def preflight(
    *script: Act, rollout: Rollout = BY_ENV, mounts: tuple[Mount, ...] = ()
) -> tuple[Preflight, Loopback]:
    verbs = ("get", "patch")
    return await ask(lambda tenant: tenant.preflight(RUNNER, rollout, (JOBS,), verbs, mounts), *script)


async def test_all_is_there() -> None:
    found, server = await preflight(YES, YES, YES, ACCOUNT, THERE)
    assert isinstance(found.target, Serving)
    assert (found.lacking, found.absent) == ((), ())
    acting = [each.headers.get("impersonate-user") for each in server.seen]
    assert acting == [*[RUNNER.user] * 3, None, RUNNER.user], "only whether the account exists is asked in our own name"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no right to Jobs, which says nothing of the target", given=(NO, YES, YES, ACCOUNT, THERE), then=(JOBS,)),
        case("no right to change it", given=(YES, YES, NO, ACCOUNT, THERE), then=(PATCH,)),
    ],
)
async def test_a_right_that_is_missing_is_named_and_the_target_looked_at(
    given: tuple[Act, ...], then: tuple[Right, ...]
) -> None:
    found, _ = await preflight(*given)
    assert found.lacking == then
    assert isinstance(found.target, Serving)


async def test_a_target_that_may_not_be_seen_is_not_looked_at() -> None:
    found, server = await preflight(YES, NO, NO, ACCOUNT)
    assert found.lacking == (GET, PATCH)
    assert found.target == Refusal(RUNNER, PATCH, lacking=(GET, PATCH))
    assert len(server.seen) == 4


async def test_an_account_that_is_not_there_is_told_before_any_right() -> None:
    found, _ = await preflight(NO, NO, NO, NO_ACCOUNT)
    assert found == Preflight(Refusal(RUNNER, JOBS, account_exists=False))


async def test_an_operator_that_is_not_let_in() -> None:
    found, _ = await preflight(SHUT_OUT, ACCOUNT)
    assert isinstance(found.target, Refusal)
    assert (found.target.impersonated, found.target.account_exists) == (False, True)
    assert found.lacking == ()


async def test_mounts_are_known_to_be_absent_only_where_they_may_be_looked_for() -> None:
    mounts = (Mount("Secret", "a"), Mount("ConfigMap", "b"), Mount("PersistentVolumeClaim", "c"))
    absent, hidden = (
        status(404, "NotFound", kind="secrets", name="a"),
        status(403, "Forbidden", "no", kind="configmaps"),
    )
    found, server = await preflight(
        YES, YES, YES, ACCOUNT, absent, hidden, reply({"metadata": {}}), THERE, mounts=mounts
    )
    assert found.absent == (Mount("Secret", "a"),)
    paths = [each.path.rpartition("/namespaces/shop/")[2] for each in server.seen[4:7]]
    assert paths == ["secrets/a", "configmaps/b", "persistentvolumeclaims/c"]
    assert all("PartialObjectMetadata" in each.headers["accept"] for each in server.seen[4:7]), "no Secret's content"


async def test_a_kind_that_is_not_served_lacks_no_rights_of_its_own() -> None:
    found, _ = await preflight(status(404, "NotFound"), YES, ACCOUNT, rollout=BY_PATH)
    assert found == Preflight(KindUnknown())


# The target


async def target(*script: Act, verbs: tuple[str, ...] = (), run: str = "") -> tuple[Target, Loopback]:
    return await ask(lambda tenant: tenant.target(RUNNER, BY_ENV, verbs, run), *script)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("it is gone", given=(GONE,), then=TargetAbsent()),
        case("it may not be seen", given=(FORBIDDEN, ACCOUNT, NO),
             then=Refusal(RUNNER, GET, lacking=(GET,), detail="cannot get resource")),
        case("nobody says why it may not be seen", given=(FORBIDDEN, ACCOUNT, YES),
             then=Refusal(RUNNER, GET, detail="cannot get resource")),
        case("the account is gone", given=(FORBIDDEN, NO_ACCOUNT, NO),
             then=Refusal(RUNNER, GET, account_exists=False, lacking=(GET,), detail="cannot get resource")),
        case("the door is shut", given=(SHUT_OUT, ACCOUNT),
             then=Refusal(RUNNER, GET, impersonated=False, detail="cannot impersonate")),
    ],
)  # fmt: skip
async def test_a_target_that_cannot_be_seen(given: tuple[Act, ...], then: Target) -> None:
    assert (await target(*given))[0] == then


async def test_a_right_that_will_be_needed_is_asked_for_first() -> None:
    found, _ = await target(YES, NO, ACCOUNT, verbs=("get", "patch"))
    assert found == Refusal(RUNNER, PATCH, lacking=(PATCH,))


def selected(body: Json) -> Json:
    return {**body, "spec": {**body["spec"], "selector": {"matchLabels": {"app": "churn"}}}}


async def test_what_the_pods_of_a_rollout_suffer_from_is_seen_as_the_account() -> None:
    body = selected(TARGET)
    found, server = await target(reply(body), reply({"items": [pod(LOOP, run=NAME)]}), run=NAME)
    assert isinstance(found, Serving)
    assert isinstance(found.progress, Unsettled)
    assert found.progress.trouble
    assert found.progress.trouble.reason == "CrashLoop"
    assert "labelSelector=app%3Dchurn" in server.seen[1].path
    assert server.seen[1].headers["impersonate-user"] == RUNNER.user


async def test_pods_that_may_not_be_seen_tell_nothing() -> None:
    found, _ = await target(reply(selected(TARGET)), status(403, "Forbidden", "no", kind="pods"), run=NAME)
    assert isinstance(found, Serving)
    assert isinstance(found.progress, Unsettled)
    assert found.progress.trouble is None


async def test_a_kind_is_looked_up_once_and_one_that_is_not_served_again() -> None:
    kinds = reply({"resources": [{"name": "inferenceservices", "kind": "InferenceService", "namespaced": True}]})
    absent = status(404, "NotFound", kind="inferenceservices", name="churn")

    async def thrice(tenant: Tenant) -> list[Target]:
        return [await tenant.target(RUNNER, BY_PATH) for _ in range(3)]

    found, server = await ask(thrice, status(404, "NotFound"), kinds, absent)
    assert found == [KindUnknown(), TargetAbsent(), TargetAbsent()]
    asked = [each.path.rpartition("/")[2] for each in server.seen]
    assert asked == ["v1beta1", "v1beta1", "churn", "churn"]


PATCHED = [{"op": "replace", "path": "/spec/x", "value": "v2"}]


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("done", given=(THERE,), then=None),
        case("it changed since, so look again", given=(status(409, "Conflict"),), then=None),
        case("it is gone, so look again", given=(GONE,), then=None),
        case("forbidden", given=(FORBIDDEN, ACCOUNT, NO),
             then=Refusal(RUNNER, PATCH, lacking=(PATCH,), detail="cannot get resource")),
        case("denied", given=(BROKEN,), then=Refusal(RUNNER, PATCH, detail="denied: not on Fridays")),
    ],
)  # fmt: skip
async def test_a_change(given: tuple[Act, ...], then: Refusal | None) -> None:
    found, server = await ask(lambda tenant: tenant.patch_target(RUN, PATCHED), *given)
    assert found == then
    assert server.seen[0].headers["content-type"] == "application/json-patch+json"
    assert server.seen[0].headers["impersonate-user"] == RUNNER.user


# The Job and its events

JOB = {"metadata": {"name": NAME, "uid": "j1", "creationTimestamp": "2024-06-01T10:00:00Z",
                    "ownerReferences": [{"controller": True, "uid": "run-uid"}]}}  # fmt: skip


def failed(message: str, at: str | None) -> Json:
    return {"reason": "FailedCreate", "message": message, "lastTimestamp": at}


async def test_a_job_without_pods_says_why_by_its_newest_event() -> None:
    told = [failed("older", "2024-06-01T10:00:00Z"), failed("newer\nline", "2024-06-01T10:00:05Z"), failed("no", None)]
    found, server = await ask(lambda tenant: tenant.job(RUN), reply(JOB), reply({"items": []}), reply({"items": told}))
    assert isinstance(found, Job)
    assert found.refusal == "newer line"
    assert "involvedObject.uid%3Dj1,reason%3DFailedCreate" in server.seen[2].path
    assert [each.headers.get("impersonate-user") for each in server.seen] == [None, None, RUNNER.user]


@pytest.mark.parametrize("events", [reply({"items": []}), status(403, "Forbidden", "no", kind="events")])
async def test_where_no_event_is_seen_nothing_is_told(events: Act) -> None:
    found, _ = await ask(lambda tenant: tenant.job(RUN), reply(JOB), reply({"items": []}), events)
    assert isinstance(found, Job)
    assert found.refusal == ""


async def test_no_job() -> None:
    assert (await ask(lambda tenant: tenant.job(RUN), status(404, "NotFound", kind="jobs", name=NAME)))[0] == NoJob()
