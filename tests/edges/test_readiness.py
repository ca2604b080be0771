"""How far a rollout is, read from objects as their controllers write them."""

from typing import Any

import pytest

from retrain_operator.edges.readiness import progress
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import Broken, InService, OnHold, Progress, Unsettled
from tests.decide.case import case

Json = dict[str, Any]
UNSEEN = Unsettled("Its controller has not seen the change yet.")
PAUSED = OnHold(Reason.ROLLOUT_PAUSED, "it is paused")
ZERO = OnHold(Reason.SCALED_TO_ZERO, "it is scaled to 0 replicas")


def body(api_version: str, kind: str, status: Json | None, **spec: Any) -> Json:
    """An object at its third generation."""
    told = {} if status is None else {"status": {"observedGeneration": 3} | status}
    meta = {"name": "churn", "uid": "u", "resourceVersion": "7", "generation": 3}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": spec, **told}


def deployment(status: Json | None, **spec: Any) -> Json:
    return body("apps/v1", "Deployment", status, **({"replicas": 2} | spec))


def counts(replicas: int = 2, updated: int = 2, available: int = 2) -> Json:
    return {"replicas": replicas, "updatedReplicas": updated, "availableReplicas": available}


def condition(kind: str, status: str, reason: str = "", message: str = "") -> Json:
    return {"conditions": [{"type": kind, "status": status, "reason": reason, "message": message}]}


LATE = condition("Progressing", "False", "ProgressDeadlineExceeded", 'ReplicaSet "x" has timed out progressing.')
GAVE_UP = Broken(Reason.PROGRESS_DEADLINE_EXCEEDED, "its own progressDeadlineSeconds have passed")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all of it", given=deployment(counts()), then=InService()),
        case("one replica, which need not be said", then=InService(),
             given={**deployment(counts(1, 1, 1)), "spec": {}}),
        case("just made", given=deployment(None), then=UNSEEN),
        case("all of it, but of the spec before", given=deployment(counts() | {"observedGeneration": 2}), then=UNSEEN),
        case("an old replica is left", given=deployment(counts(replicas=3)),
             then=Unsettled("2 of 2 replicas updated, 2 available, 1 old left.")),
        case("the new ones are not available", given=deployment(counts(available=1)),
             then=Unsettled("2 of 2 replicas updated, 1 available.")),
        case("no counts, which are left out when they are 0", given=deployment({}),
             then=Unsettled("0 of 2 replicas updated, 0 available.")),
        case("scaled down, and some are yet to go", given=deployment(counts(5, 5, 5)),
             then=Unsettled("5 of 2 replicas updated, 5 available.")),
        case("its controller has given it up", given=deployment(counts(3, 1, 2) | LATE), then=GAVE_UP),
        case("what it had given up before is of the spec before",
             given=deployment(counts() | LATE | {"observedGeneration": 2}), then=UNSEEN),
        case("it makes progress", given=deployment(counts() | condition("Progressing", "True", "ReplicaSetUpdated")),
             then=InService()),
        case("a quota stops it, which may end", then=Unsettled("0 of 2 replicas updated, 0 available."),
             given=deployment(condition("ReplicaFailure", "True", "FailedCreate"))),
        case("paused", given=deployment(counts(), paused=True), then=PAUSED),
        case("paused, whatever else", given=deployment(counts() | LATE, paused=True), then=PAUSED),
        case("not paused", given=deployment(counts(), paused=False), then=InService()),
        case("scaled to 0", given=deployment({}, replicas=0), then=ZERO),
    ],
)  # fmt: skip
def test_a_deployment(given: Json, then: Progress) -> None:
    assert progress(given) == then


def stateful_set(status: Json | None, **spec: Any) -> Json:
    return body("apps/v1", "StatefulSet", status, **({"replicas": 2} | spec))


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all of it", given=stateful_set(counts()), then=InService()),
        case("just made", given=stateful_set(None), then=UNSEEN),
        case("of the spec before", given=stateful_set(counts() | {"observedGeneration": 2}), then=UNSEEN),
        case("one after the other", given=stateful_set(counts(updated=1)),
             then=Unsettled("1 of 2 replicas updated, 2 available.")),
        case("ready, but not for long enough", given=stateful_set(counts(available=0) | {"readyReplicas": 2}),
             then=Unsettled("2 of 2 replicas updated, 0 available.")),
        case("an API server that tells only who is ready",
             given=stateful_set({"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}), then=InService()),
        case("scaled to 0", given=stateful_set({}, replicas=0), then=ZERO),
    ],
)  # fmt: skip
def test_a_stateful_set(given: Json, then: Progress) -> None:
    assert progress(given) == then


def daemon_set(status: Json | None) -> Json:
    return body("apps/v1", "DaemonSet", status)


def nodes(wanted: int = 3, updated: int = 3, available: int = 3) -> Json:
    return {"desiredNumberScheduled": wanted, "updatedNumberScheduled": updated, "numberAvailable": available}


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("on all nodes", given=daemon_set(nodes()), then=InService()),
        case("just made", given=daemon_set(None), then=UNSEEN),
        case("of the spec before", given=daemon_set(nodes() | {"observedGeneration": 2}), then=UNSEEN),
        case("node by node", given=daemon_set(nodes(updated=1)),
             then=Unsettled("1 of 3 replicas updated, 3 available.")),
        case("on no node", given=daemon_set({"desiredNumberScheduled": 0}),
             then=OnHold(Reason.SCALED_TO_ZERO, "it runs on no node")),
    ],
)  # fmt: skip
def test_a_daemon_set(given: Json, then: Progress) -> None:
    assert progress(given) == then


def rollout(status: Json | None, **spec: Any) -> Json:
    told = None if status is None else {"observedGeneration": "3"} | status
    return body("argoproj.io/v1alpha1", "Rollout", told, **({"replicas": 2} | spec))


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all of it", given=rollout({"phase": "Healthy"}), then=InService()),
        case("just made", given=rollout(None), then=UNSEEN),
        case("of the spec before", given=rollout({"phase": "Healthy", "observedGeneration": "2"}), then=UNSEEN),
        case("a canary grows", then=Unsettled("1 of 2 replicas updated, 2 available: more replicas are needed."),
             given=rollout({"phase": "Progressing", "message": "more replicas are needed"} | counts(3, 1))),
        case("a canary waits for a person", given=rollout({"phase": "Paused", "message": "CanaryPauseStep"}),
             then=OnHold(Reason.ROLLOUT_PAUSED, "its phase is Paused: CanaryPauseStep")),
        case("a canary is worse", given=rollout({"phase": "Degraded", "message": "RolloutAborted: metric failed."}),
             then=Broken(Reason.ROLLOUT_FAILED, "its phase is Degraded: RolloutAborted: metric failed")),
        case("paused", given=rollout({"phase": "Healthy"}, paused=True), then=PAUSED),
        case("scaled to 0", given=rollout({"phase": "Healthy"}, replicas=0), then=ZERO),
        case("it says nothing", given=rollout({}), then=Unsettled("0 of 2 replicas updated, 0 available.")),
    ],
)  # fmt: skip
def test_an_argo_rollout(given: Json, then: Progress) -> None:
    assert progress(given) == then


def service(status: Any) -> Json:
    told = body("models.example.com/v1", "Server", {})
    return {**told, "status": status}


NOT_READY = Unsettled("It is not Ready.")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("Ready", given=service({"observedGeneration": 3} | condition("Ready", "True")), then=InService()),
        case("no status yet", given=body("models.example.com/v1", "Server", None), then=NOT_READY),
        case("of the spec before", given=service({"observedGeneration": 2} | condition("Ready", "True")), then=UNSEEN),
        case("Ready, of a controller that tells no generation", given=service(condition("Ready", "True")),
             then=InService()),
        case("not Ready", given=service(condition("Ready", "False", "PredictorNotReady", "The predictor starts.")),
             then=Unsettled("It is not Ready: The predictor starts.")),
        case("nobody knows", given=service(condition("Ready", "Unknown")), then=NOT_READY),
        case("reconciling", given=service(condition("Reconciling", "True")), then=Unsettled("It is reconciling.")),
        case("stalled", given=service(condition("Stalled", "True", "NoImage", "There is no image.")),
             then=Broken(Reason.ROLLOUT_FAILED, "it is Stalled: There is no image")),
        case("no conditions at all, as kstatus has it", given=service({}), then=InService()),
        case("a generation that is none", given=service({"observedGeneration": "abc"}), then=UNSEEN),
        case("conditions in a shape of their own", given=service({"conditions": {"Ready": "True"}}), then=InService()),
        case("conditions without a type", given=service({"conditions": [{"status": "True"}, "Ready"]}),
             then=InService()),
        case("a status that is a word", given=service("ready"), then=InService()),
    ],
)  # fmt: skip
def test_any_other_kind_by_the_rules_of_kstatus(given: Json, then: Progress) -> None:
    assert progress(given) == then


def test_what_a_controller_says_is_bounded_and_on_one_line() -> None:
    found = progress(service(condition("Ready", "False", "", "so\nlong " * 200)))
    assert isinstance(found, Unsettled)
    assert "\n" not in found.message
    assert len(found.message) < 400
