"""The change of a target: one field and two annotations, on the very object that was looked at."""

from typing import Any

import pytest
import yaml

from retrain_operator.decide.gitops import advice
from retrain_operator.decide.patch import patch_type, recommendation, rollout_patch
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.run import RolloutRecord
from retrain_operator.model.target import Marks, NotLooked, Serving, Target
from tests.builders import spec
from tests.decide.case import case
from tests.runs import AT, MARKS, NAME, NEW, OLD, a_run

RUN = a_run().accepted().run
LOOKED_AT = [
    {"op": "replace", "path": "/metadata/uid", "value": "target-uid"},
    {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
]
DIGEST = "/spec/template/metadata/annotations/retrain.dev~1model-digest"
MAKER = "/spec/template/metadata/annotations/retrain.dev~1run"
ARGO = {
    "targetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "churn-serving"},
    "container": "server",
}
KSERVE = {
    "targetRef": {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "churn"},
    "path": "spec.predictor.model.storageUri",
}


def record(*, undo: bool = False, **parts: str) -> RolloutRecord:
    made = a_run().rolling(undo=undo).status.rollout
    assert made
    return made.model_copy(update=parts)


def serving(value: str, marks: Marks = MARKS, *, there: bool = True) -> Serving:
    return Serving("target-uid", "7", value, AT, there, marks)


def test_it_changes_one_value_and_says_whose_work_it_is() -> None:
    assert rollout_patch(RUN, record(), serving(OLD.uri), NEW.uri) == [
        *LOOKED_AT,
        {"op": "replace", "path": AT, "value": NEW.uri},
        {"op": "add", "path": DIGEST, "value": NEW.digest},
        {"op": "add", "path": MAKER, "value": NAME},
    ]


def test_back_again_the_annotations_are_as_they_were_too() -> None:
    now = Marks(MARKS.at, digest=NEW.digest, run=NAME)
    assert rollout_patch(RUN, record(undo=True, from_run="churn-before"), serving(NEW.uri, now), OLD.uri)[2:] == [
        {"op": "replace", "path": AT, "value": OLD.uri},
        {"op": "add", "path": DIGEST, "value": OLD.digest},
        {"op": "add", "path": MAKER, "value": "churn-before"},
    ]
    assert rollout_patch(RUN, record(undo=True, from_digest=""), serving(NEW.uri, now), OLD.uri)[3:] == [
        {"op": "remove", "path": DIGEST},
        {"op": "remove", "path": MAKER},
    ]


def test_a_target_without_annotations_or_without_the_field_gets_them() -> None:
    bare = Marks("/metadata/annotations", there=False)
    assert rollout_patch(RUN, record(), serving("", bare, there=False), NEW.uri)[2:] == [
        {"op": "add", "path": AT, "value": NEW.uri},
        {
            "op": "add",
            "path": "/metadata/annotations",
            "value": {"retrain.dev/model-digest": NEW.digest, "retrain.dev/run": NAME},
        },
    ]
    assert len(rollout_patch(RUN, record(undo=True, from_digest=""), serving(NEW.uri, bare), OLD.uri)) == 3


def test_a_template_without_metadata_gets_it() -> None:
    none = Marks(MARKS.at, there=False, bare=True)
    assert rollout_patch(RUN, record(), serving(OLD.uri, none), NEW.uri)[3:] == [
        {
            "op": "add",
            "path": "/spec/template/metadata",
            "value": {"annotations": {"retrain.dev/model-digest": NEW.digest, "retrain.dev/run": NAME}},
        }
    ]


def recommended(rollout: dict[str, Any] | None = None, target: Target | None = None) -> Any:
    """The patch to commit, as it is read back."""
    of = (spec(rollout=rollout) if rollout else spec()).rollout
    made = recommendation(RUN, of, NEW.uri, target or NotLooked())
    return made and yaml.safe_load(made)


def test_a_recommendation_for_a_custom_resource_leaves_its_other_containers_alone() -> None:
    named = [
        {"op": "test", "path": "/spec/template/spec/containers/1/name", "value": "server"},
        {"op": "test", "path": "/spec/template/spec/containers/1/env/1/name", "value": "MODEL_URI"},
    ]
    seen = serving(OLD.uri, Marks(MARKS.at, digest=OLD.digest))
    assert recommended(ARGO, seen) == [
        *named,
        {"op": "replace", "path": AT, "value": NEW.uri},
        {"op": "add", "path": DIGEST, "value": NEW.digest},
        {"op": "add", "path": MAKER, "value": NAME},
    ]
    bare = serving("", Marks(MARKS.at, there=False), there=False)
    assert recommended(ARGO, bare) == [
        *named,
        {"op": "add", "path": AT, "value": NEW.uri},
        {"op": "add", "path": MARKS.at, "value": {"retrain.dev/model-digest": NEW.digest, "retrain.dev/run": NAME}},
    ]
    assert recommended(ARGO) is None, "nobody guesses where a container stands"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a Deployment", given=spec().rollout, then="strategic"),
        case("a path", given=spec(rollout=KSERVE).rollout, then="merge"),
        case("a custom resource with a pod template", given=spec(rollout=ARGO).rollout, then="json"),
    ],
)
def test_how_a_recommendation_is_used(given: Rollout, then: str) -> None:
    assert patch_type(given) == then


def test_a_recommendation_is_the_same_change_to_commit() -> None:
    assert recommended() == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "churn-serving"},
        "spec": {
            "template": {
                "metadata": {"annotations": {"retrain.dev/model-digest": NEW.digest, "retrain.dev/run": NAME}},
                "spec": {"containers": [{"name": "server", "env": [{"name": "MODEL_URI", "value": NEW.uri}]}]},
            }
        },
    }
    assert recommended(KSERVE) == {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "churn",
            "annotations": {"retrain.dev/model-digest": NEW.digest, "retrain.dev/run": NAME},
        },
        "spec": {"predictor": {"model": {"storageUri": NEW.uri}}},
    }


def test_each_tool_is_told_in_its_own_words() -> None:
    rollout, kserve = spec().rollout, spec(rollout=KSERVE).rollout
    assert "ignoreDifferences" in advice("argocd-application-controller", rollout)
    assert "name .spec.predictor.model.storageUri of this InferenceService" in advice("argocd-controller", kserve)
    assert advice("kustomize-controller", rollout) == (
        "Let Flux leave it alone: take the value of MODEL_URI out of Git and annotate the Deployment there with "
        "kustomize.toolkit.fluxcd.io/ssa: Merge."
    )
    assert advice("helm-controller", rollout) == (
        "Take the value of MODEL_URI out of the chart, or let Helm's drift detection ignore it."
    )
    assert advice("kubectl-edit", rollout) == (
        "Whoever did so goes back better by the annotation retrain.dev/undo-to: then the version that is left is not "
        "rolled out again."
    )
    assert advice("a-pipeline", rollout) == (
        "Let it leave MODEL_URI alone, or set spec.rollout.mode to RecommendOnly and commit each change."
    )
