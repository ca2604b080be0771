"""KServe's InferenceService says less of a rollout than a Deployment does; what it says, and its pods, are read so."""

from typing import Any

import pytest

from retrain_operator.edges import pods, workload
from retrain_operator.model.rollout import Rollout, TargetRef
from retrain_operator.model.target import InService, Progress, Serving, Unsettled
from tests.decide.case import case

Json = dict[str, Any]
ROLLOUT = Rollout(
    target_ref=TargetRef(api_version="serving.kserve.io/v1beta1", kind="InferenceService", name="churn"),
    path="spec.predictor.model.storageUri",
)
OURS: Json = {"f:spec": {"f:predictor": {"f:model": {"f:storageUri": {}}}}}
WRITTEN = "2026-11-01T10:00:00Z"
READY: Json = {"conditions": [{"type": "Ready", "status": "True"}], "modelStatus": {"transitionStatus": "UpToDate"}}


def service(status: Json, told: str = "2026-11-01T10:00:05Z", generation: int = 3) -> Json:
    """One whose model we wrote at WRITTEN, and whose controller told its status at `told`."""
    fields = [
        {"manager": "retrain-operator", "operation": "Update", "time": WRITTEN, "fieldsV1": OURS},
        {"manager": "kserve", "operation": "Update", "subresource": "status", "time": told, "fieldsV1": {}},
    ]
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "churn",
            "uid": "1",
            "resourceVersion": "7",
            "generation": generation,
            "managedFields": fields,
        },
        "spec": {"predictor": {"model": {"storageUri": "file:///models/churn/v2"}}},
        "status": status,
    }


def pod(template: str, *, deployment: str = "churn-predictor", waiting: str = "") -> Json:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    owner = {"kind": "ReplicaSet", "name": f"{deployment}-{template}"}
    run = {"retrain.dev/run": "churn-x"} if template == "new" else {}
    meta = {"name": f"{deployment}-{template}-1", "labels": {"pod-template-hash": template}, "annotations": run}
    last = {"terminated": {"exitCode": 1}}
    status = {"containerStatuses": [{"name": "kserve-container", "state": state, "lastState": last}]}
    return {"metadata": {**meta, "ownerReferences": [owner]}, "status": status}


def ended(pod: Json, phase: str = "Failed") -> Json:
    """The pod, after it was evicted, or its node shut down."""
    return {**pod, "status": {**pod["status"], "phase": phase}}


def seen(body: Json) -> Serving:
    found = workload.serving(body, ROLLOUT, "retrain-operator")
    assert isinstance(found, Serving)
    return found


@pytest.mark.parametrize("generation", [1, 3, 9])
def test_the_generation_it_tells_is_of_something_else_and_not_believed(generation: int) -> None:
    assert seen(service({**READY, "observedGeneration": generation})).progress == InService()


def test_what_it_said_before_the_model_was_named_does_not_count() -> None:
    before = service({**READY, "observedGeneration": 9}, told="2026-11-01T09:59:59Z")
    assert seen(before).progress == Unsettled("Its controller has not seen the change yet.")


@pytest.mark.parametrize(
    ("status", "then"),
    [
        ({}, "Its controller has not seen the change yet."),
        ({**READY, "modelStatus": {"transitionStatus": "InProgress"}}, "Its model is being loaded."),
        ({"conditions": [{"type": "Ready", "status": "False", "message": "No."}]}, "It is not Ready: No."),
    ],
)
def test_until_it_is_ready_and_up_to_date_it_is_waited_for(status: Json, then: str) -> None:
    assert seen(service(status)).progress == Unsettled(then)


def test_a_model_that_is_not_loaded_is_told_but_may_be_the_one_before() -> None:
    failed = {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": {"message": "No such file."}}
    progress = seen(service({**READY, "modelStatus": failed})).progress
    assert isinstance(progress, Unsettled)
    assert progress.trouble
    assert progress.trouble.reason == "RolloutFailed"
    assert progress.trouble.message == "its model is not loaded (BlockedByFailedLoad): No such file"


def with_pods(*seen_pods: Json) -> Progress:
    body = service(READY)
    assert pods.selector(body) == "serving.kserve.io/inferenceservice=churn"
    assert pods.wants_pods(body, seen(body))
    return pods.with_pods(seen(body), list(seen_pods), "churn-x").progress


def of(component: str, pod: Json) -> Json:
    """The pod, of that part of the service."""
    pod["metadata"]["labels"]["component"] = component
    return pod


def test_while_pods_of_before_are_there_it_is_ready_for_their_sake() -> None:
    progress = with_pods(pod("old"), pod("new", waiting="CrashLoopBackOff"))
    assert isinstance(progress, Unsettled)
    assert progress.message == "Pods of before are still there."
    assert progress.trouble
    assert progress.trouble.reason == "CrashLoop"


NONE_YET = Unsettled("None of its pods is of this rollout yet.")
MIXED = Unsettled("Pods of before are still there.")
TRANSFORMER = "churn-transformer"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all pods are new", given=(pod("new"), pod("new")), then=InService()),
        case("so are those of its other Deployment, whose template has another hash", then=InService(),
             given=(pod("new"), pod("x", deployment=TRANSFORMER))),
        case("it has none now", given=(), then=InService()),
        case("all pods are old: the new one is not made yet, or refused", given=(pod("old"), pod("old")),
             then=NONE_YET),
        case("only a part that serves no model has new ones", then=NONE_YET,
             given=(of("predictor", pod("old")), of("transformer", pod("new", deployment=TRANSFORMER)))),
        case("the part that serves it has new ones", then=InService(),
             given=(of("predictor", pod("new")), of("transformer", pod("old", deployment=TRANSFORMER)))),
        case("the part that serves it has none now", then=InService(),
             given=(of("transformer", pod("old", deployment=TRANSFORMER)),)),
        case("an old one that was evicted long ago", given=(ended(pod("old")), pod("new")), then=InService()),
        case("an old one that is complete", given=(ended(pod("old"), "Succeeded"), pod("new")), then=InService()),
        case("new ones that were evicted alone, which run no more", then=NONE_YET,
             given=(pod("old"), ended(pod("new")))),
        case("a new one that crashed before it was evicted", then=MIXED,
             given=(pod("old"), pod("new"), ended(pod("new", waiting="CrashLoopBackOff")))),
        case("old ones beside new ones", given=(pod("old"), pod("new")), then=MIXED),
    ],
)  # fmt: skip
def test_it_is_believed_where_its_pods_bear_it_out(given: tuple[Json, ...], then: Progress) -> None:
    assert with_pods(*given) == then
