"""A tenant's namespace seen and changed as the policy's account, by what a scripted API server answers."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.target import (
    KindUnknown,
    Serving,
    Target,
    TargetAbsent,
    Trouble,
    Unsettled,
)
from retrain_operator.model.training import Job, NoJob
from tests.decide.case import case
from tests.edges.loopback import Act, Loopback, Seen, reply
from tests.edges.scripted import RUNNER, kube_and, status
from tests.edges.test_pods import LOOP, pod
from tests.edges.test_workload import MODEL, deployment, inference
from tests.runs import NAME, a_run

Json = dict[str, Any]
BY_ENV = Rollout.model_validate({"targetRef": {"name": "churn-serving"}, "container": "server"})
KSERVE = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "churn"}
BY_PATH = Rollout.model_validate({"targetRef": KSERVE, "path": "spec.predictor.model.storageUri"})
PATCH = Right("patch", "apps", "deployments", "churn-serving")
GET = Right("get", "apps", "deployments", "churn-serving")
LIST_PODS = Right("list", "", "pods")
KINDS = reply({"resources": [{"name": "inferenceservices", "kind": "InferenceService", "namespaced": True}]})
INFERENCE = inference({"storageUri": "file:///models/churn/v1"}) | {
    "status": {"conditions": [{"type": "Ready", "status": "True"}]}
}
ACCOUNT, NO_ACCOUNT = reply({"metadata": {"name": "retrain-runner"}}), status(404, "NotFound", kind="serviceaccounts")
TARGET = deployment(MODEL) | {"status": {"observedGeneration": 3, "updatedReplicas": 1}}
THERE, GONE = reply(TARGET), status(404, "NotFound", kind="deployments", name="churn-serving")
FORBIDDEN = status(403, "Forbidden", "cannot get resource", kind="deployments", name="churn-serving")
SHUT_OUT = status(403, "Forbidden", "cannot impersonate", kind="serviceaccounts", name="retrain-runner")
BROKEN = status(422, "Invalid", "denied: not on Fridays")
RUN = a_run().run


async def ask(
    question: Callable[[Tenant], Awaitable[Any]], *script: Act, lacking: tuple[Right, ...] = ()
) -> tuple[Any, Loopback]:
    """What is found, while the account lacks these rights and all else is answered by the script."""

    def reviewed(seen: Seen) -> Act | None:
        if not seen.path.partition("?")[0].endswith("/selfsubjectaccessreviews") or script[0] is SHUT_OUT:
            return None
        return reply({"status": {"allowed": about(seen) not in {str(right) for right in lacking}}}, 201)

    async with kube_and(*script) as (kube, server):
        server.known = reviewed
        return await question(Tenant(kube)), server


def about(review: Seen) -> str:
    """The right that an access review is about."""
    of = json.loads(review.body)["spec"]["resourceAttributes"]
    return str(Right(of["verb"], of["group"], of["resource"], of["name"]))


# The target


async def target(
    *script: Act,
    verbs: tuple[str, ...] = (),
    run: str = "",
    rollout: Rollout = BY_ENV,
    lacking: tuple[Right, ...] = (),
) -> tuple[Target, Loopback]:
    return await ask(lambda tenant: tenant.target(RUNNER, rollout, verbs, run), *script, lacking=lacking)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("it is gone", given=((), GONE), then=TargetAbsent()),
        case("it may not be seen", given=((GET,), FORBIDDEN, ACCOUNT),
             then=Refusal(RUNNER, GET, lacking=(GET,), detail="cannot get resource")),
        case("nobody says why it may not be seen", given=((), FORBIDDEN, ACCOUNT),
             then=Refusal(RUNNER, GET, detail="cannot get resource")),
        case("the account is gone", given=((GET,), FORBIDDEN, NO_ACCOUNT),
             then=Refusal(RUNNER, GET, account_exists=False, lacking=(GET,), detail="cannot get resource")),
        case("the door is shut", given=((), SHUT_OUT, ACCOUNT),
             then=Refusal(RUNNER, GET, impersonated=False, detail="cannot impersonate")),
    ],
)  # fmt: skip
async def test_a_target_that_cannot_be_seen(given: Any, then: Target) -> None:
    lacking, *script = given
    assert (await target(*script, lacking=lacking))[0] == then


async def test_a_right_that_will_be_needed_is_asked_for_first() -> None:
    found, _ = await target(ACCOUNT, verbs=("get", "patch"), lacking=(PATCH,))
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


async def test_before_an_inference_service_is_changed_its_pods_must_be_seen_too() -> None:
    found, _ = await target(KINDS, ACCOUNT, verbs=("get", "patch"), rollout=BY_PATH, lacking=(LIST_PODS,))
    assert found == Refusal(RUNNER, LIST_PODS, lacking=(LIST_PODS,))


async def test_an_inference_service_whose_pods_may_no_longer_be_seen_is_not_believed() -> None:
    found, _ = await target(
        KINDS, reply(INFERENCE), status(403, "Forbidden", "no", kind="pods"), run=NAME, rollout=BY_PATH
    )
    assert isinstance(found, Serving)
    assert found.progress == Unsettled(
        "It is Ready, maybe by pods of before.",
        Trouble(
            Reason.MISSING_PERMISSION,
            "whether its pods run the model is not known, since ServiceAccount shop/retrain-runner may not list pods; "
            "grant it by a Role in namespace shop",
        ),
    )


async def test_a_kind_is_looked_up_once_and_one_that_is_not_served_again() -> None:
    absent = status(404, "NotFound", kind="inferenceservices", name="churn")

    async def thrice(tenant: Tenant) -> list[Target]:
        return [await tenant.target(RUNNER, BY_PATH) for _ in range(3)]

    found, server = await ask(thrice, status(404, "NotFound"), KINDS, absent)
    assert found == [KindUnknown(), TargetAbsent(), TargetAbsent()]
    asked = [each.path.rpartition("/")[2] for each in server.seen]
    assert asked == ["v1beta1", "v1beta1", "churn", "churn"]


PATCHED = [{"op": "replace", "path": "/spec/x", "value": "v2"}]


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("done", given=(THERE,), then=True),
        case("it changed since, so look again", given=(status(409, "Conflict"),), then=False),
        case("it is gone, so look again", given=(GONE,), then=False),
        case("forbidden", given=(FORBIDDEN, ACCOUNT),
             then=Refusal(RUNNER, PATCH, lacking=(PATCH,), detail="cannot get resource")),
        case("denied", given=(BROKEN,), then=Refusal(RUNNER, PATCH, detail="denied: not on Fridays")),
    ],
)  # fmt: skip
async def test_a_change(given: tuple[Act, ...], then: Refusal | bool) -> None:
    found, server = await ask(lambda tenant: tenant.patch_target(RUN, PATCHED), ACCOUNT, *given, lacking=(PATCH,))
    assert found == then
    change = server.seen[1]
    assert change.headers["content-type"] == "application/json-patch+json"
    assert change.headers["impersonate-user"] == RUNNER.user


async def test_as_an_account_that_is_gone_nothing_is_changed() -> None:
    found, server = await ask(lambda tenant: tenant.patch_target(RUN, PATCHED), NO_ACCOUNT)
    assert found == Refusal(RUNNER, PATCH, account_exists=False)
    assert len(server.seen) == 1


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
