"""The pods of a workload, as the API server writes them: how they are found, and what they suffer from."""

from dataclasses import replace
from typing import Any

import pytest

from retrain_operator.edges.pods import selector, trouble
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import Trouble
from tests.decide.case import case
from tests.edges.test_workload import inference

Json = dict[str, Any]
RUN = "churn-abcdefghij"


def pod(
    state: Json, *, run: str = RUN, init: bool = False, last: Json | None = None, name: str = "server", fell: int = 0
) -> Json:
    told = {"name": name, "image": "reg/server:1", "state": state, "lastState": last or {}, "restartCount": fell}
    status = {"initContainerStatuses" if init else "containerStatuses": [told]}
    return {"metadata": {"name": "churn-serving-x", "annotations": {"retrain.dev/run": run}}, "status": status}


PULL = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
LOOP = {"waiting": {"reason": "CrashLoopBackOff"}}
NO_IMAGE = Trouble(
    Reason.IMAGE_PULL_FAILED,
    'container "server" of pod churn-serving-x cannot pull image reg/server:1 (ImagePullBackOff)',
)
CRASHES = 'container "server" of pod churn-serving-x ends {}; see kubectl logs churn-serving-x --previous'


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no pods", given=[], then=None),
        case("a pod that nothing is known of", given=[{"metadata": {"name": "x"}}], then=None),
        case("a pod that runs", given=[pod({"running": {}})], then=None),
        case("one that starts", given=[pod({"waiting": {"reason": "ContainerCreating"}})], then=None),
        case("no image", given=[pod({"running": {}}), pod(PULL)], then=NO_IMAGE),
        case("no image to begin with", given=[pod(PULL, init=True)], then=NO_IMAGE),
        case("a crash loop", given=[pod(LOOP, last={"terminated": {"exitCode": 1}})],
             then=Trouble(Reason.CRASH_LOOP, CRASHES.format("with exit code 1"))),
        case("a crash loop of which little is known", given=[pod(LOOP)],
             then=Trouble(Reason.CRASH_LOOP, CRASHES.format("again and again"))),
        case("the pods of another rollout are not this one's", given=[pod(PULL, run="churn-before")], then=None),
    ],
)  # fmt: skip
def test_trouble(given: list[Json], then: Trouble | None) -> None:
    assert trouble(given, RUN) == then


UP: Json = {"running": {}}
EXIT: Json = {"terminated": {"exitCode": 255}}
FELL = Trouble(Reason.CRASH_LOOP, CRASHES.format("with exit code 255"), 4)
SIDECAR = Trouble(Reason.CRASH_LOOP, FELL.message.replace('"server"', '"sidecar"'))


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("the server, with how often", given=([pod(UP, last=EXIT, fell=4)], "server"), then=FELL),
        case("a sidecar, which is told and counts for nothing", then=SIDECAR,
             given=([pod(UP, last=EXIT, fell=9, name="sidecar")], "server")),
        case("the server before a sidecar", then=FELL,
             given=([pod(UP, last=EXIT, fell=9, name="sidecar"), pod(UP, last=EXIT, fell=4)], "server")),
        case("any container, where none is named", then=replace(SIDECAR, restarts=9),
             given=([pod(UP, last=EXIT, fell=9, name="sidecar"), pod(UP, last=EXIT, fell=4)], None)),
        case("one that ended well and was started again", then=None,
             given=([pod(UP, last={"terminated": {"exitCode": 0}}, fell=4)], "server")),
    ],
)  # fmt: skip
def test_whose_crash_loop_it_is(given: tuple[list[Json], str | None], then: Trouble | None) -> None:
    assert trouble(given[0], RUN, given[1]) == then


def test_how_its_pods_are_found() -> None:
    assert selector({"spec": {"selector": {"matchLabels": {"app": "churn", "tier": "a"}}}}) == "app=churn,tier=a"
    assert selector({"spec": {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}}) == ""
    assert selector(inference({})) == "serving.kserve.io/inferenceservice=churn"
    assert selector({"spec": {}}) == ""
