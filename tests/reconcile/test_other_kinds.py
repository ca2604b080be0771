"""Targets that are no Deployments: found by their kind, changed at one field, waited for by what they tell."""

from typing import Any

import pytest

from retrain_operator.edges.request import RUNS, Resource
from retrain_operator.model.run import RunStatus
from tests.decide.case import case
from tests.reconcile.story import Story
from tests.runs import NEW, OLD

Json = dict[str, Any]
KSERVE = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "churn"}
ARGO = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "churn"}
SET = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "churn"}
PATH = "spec.predictor.model.storageUri"


def template(model: str) -> Json:
    container = {"name": "server", "image": "i", "env": [{"name": "MODEL_URI", "value": model}]}
    return {"replicas": 1, "template": {"metadata": {"labels": {"app": "churn"}}, "spec": {"containers": [container]}}}


class OfAKind:
    """A story whose target is of another kind, and what its controller does."""

    def __init__(self, ref: Json, plural: str, spec: Json, well: Json, ill: Json, field: Json) -> None:
        group, _, version = ref["apiVersion"].partition("/")
        self.story = Story(rollout={"targetRef": ref, **field})
        self.story.api.kinds[ref["apiVersion"], ref["kind"]] = plural
        self.body = self.story.api.put(
            Resource(group, version, plural), "churn", {**{k: v for k, v in ref.items() if k != "name"}, "spec": spec}
        )
        self.well, self.ill, self.plural, self.text = well, ill, plural, ref["kind"] == "Rollout"

    def says(self, status: Json) -> None:
        seen = self.body["metadata"]["generation"]
        self.body["status"] = {**status, "observedGeneration": str(seen) if self.text else seen}
        self.story.api.changed(self.body)

    @property
    def run(self) -> RunStatus:
        (run,) = self.story.api.find(RUNS)
        return RunStatus.model_validate(run["status"])


def ready(status: str) -> Json:
    return {"conditions": [{"type": "Ready", "status": status}]}


def counts(number: int) -> Json:
    return {"replicas": 1, "updatedReplicas": number, "availableReplicas": number}


def inference_service() -> OfAKind:
    spec = {"predictor": {"model": {"storageUri": OLD.uri}}}
    return OfAKind(KSERVE, "inferenceservices", spec, ready("True"), ready("False"), {"path": PATH})


def rollout() -> OfAKind:
    well, ill = {"phase": "Healthy"}, {"phase": "Progressing"}
    return OfAKind(ARGO, "rollouts", template(OLD.uri), well, ill, {"container": "server"})


def stateful_set() -> OfAKind:
    return OfAKind(SET, "statefulsets", template(OLD.uri), counts(1), counts(0), {"container": "server"})


NONE_YET = "0 of 1 replicas updated, 0 available."
KINDS = [
    case("by a path", given=inference_service, then='InferenceService "churn": It is not Ready.'),
    case("Argo's Rollout", given=rollout, then=f'Rollout "churn": {NONE_YET}'),
    case("a StatefulSet", given=stateful_set, then=f'StatefulSet "churn": {NONE_YET}'),
]


@pytest.mark.parametrize(("given", "then"), KINDS)
async def test_a_model_comes_into_service(given: Any, then: str) -> None:
    target = given()
    await target.story.seeing(0.12).until_deployed()
    assert NEW.uri in str(target.body["spec"])
    target.says(target.ill)
    await target.story.until_quiet()
    assert (target.run.state, target.run.message) == ("Deploying", f"Waiting for the rollout of {then}")
    target.says(target.well)
    await target.story.until_quiet()
    assert (target.run.outcome, target.run.reason) == ("Succeeded", "Promoted")
    assert target.story.count(f"patch {target.plural}") == 1


@pytest.mark.parametrize(("given", "then"), KINDS)
async def test_a_model_that_does_not_come_up_is_taken_back(given: Any, then: str) -> None:
    target = given()
    before = str(target.body["spec"])
    await target.story.seeing(0.12).until_deployed()
    target.says(target.ill)
    await target.story.until_quiet()
    assert target.run.message == f"Waiting for the rollout of {then}"
    await target.story.later("5m").until_quiet()
    target.says(target.well)
    await target.story.until_quiet()
    assert (target.run.outcome, target.run.reason) == ("RolledBack", "ProgressDeadlineExceeded")
    assert OLD.uri in before
    assert NEW.uri not in str(target.body["spec"])
    assert "retrain.dev/run" not in str(target.body), "its annotations are as they were"


async def test_a_kind_that_nobody_serves_is_told_until_somebody_does() -> None:
    story = Story(rollout={"targetRef": KSERVE, "path": PATH})
    await story.seeing(0.12).until_quiet()
    assert (story.runs, story.ready) == ([], ("False", "TargetKindUnknown"))
    assert story.policy.message == (
        "The API server serves no namespaced kind InferenceService of serving.kserve.io/v1beta1. Install what defines "
        "it."
    )
    story.api.kinds[KSERVE["apiVersion"], KSERVE["kind"]] = "inferenceservices"
    await story.later("10s").until_quiet()
    assert story.ready == ("False", "TargetNotFound")


async def test_of_an_inference_service_no_run_starts_while_its_pods_may_not_be_seen() -> None:
    target = inference_service()
    target.story.api.lacking.add(("list", "pods"))
    await target.story.seeing(0.12).until_quiet()
    assert (target.story.runs, target.story.ready) == ([], ("False", "MissingPermission"))
    assert target.story.policy.message == (
        "ServiceAccount shop/retrain-runner may not list pods. Grant it by a Role in namespace shop."
    )


async def test_an_inference_service_whose_pods_can_no_longer_be_seen_is_not_believed() -> None:
    target = inference_service()
    await target.story.seeing(0.12).until_deployed()
    target.story.api.lacking.add(("list", "pods"))
    target.says(target.well)
    await target.story.until_quiet()
    unknown = (
        "whether its pods run the model is not known, since ServiceAccount shop/retrain-runner may not list pods; "
        "grant it by a Role in namespace shop"
    )
    assert (target.run.state, target.run.reason) == ("Deploying", "MissingPermission")
    assert target.run.message == (
        f'Waiting for the rollout of InferenceService "churn": It is Ready, maybe by pods of before: {unknown}.'
    )
    await target.story.later("5m").until_quiet()
    await target.story.later("5m").until_quiet()  # nor is it known whether the model before comes up
    assert (target.run.outcome, target.run.reason) == ("RolledBack", "MissingPermission")
    assert target.run.message.startswith(f"The rollout was not complete after 5m: {unknown}, so the model before is")
