"""The workload that serves the model, as the API server writes it, read into facts."""

from typing import Any

import pytest

from retrain_operator.edges.workload import serving
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.target import (
    ContainerAbsent,
    FieldAbsent,
    Marks,
    Serving,
    Target,
    VariableAbsent,
    VariableFromSource,
)
from tests.decide.case import case

Json = dict[str, Any]
ME = "retrain-operator"
BY_ENV = Rollout.model_validate({"targetRef": {"name": "churn-serving"}, "container": "server"})
KSERVE = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "churn"}
BY_PATH = Rollout.model_validate({"targetRef": KSERVE, "path": "spec.predictor.model.storageUri"})
V1 = "file:///models/churn/v1"
MODEL = {"name": "MODEL_URI", "value": V1}
OURS = {"retrain.dev/model-digest": "sha256:1", "retrain.dev/run": "churn-before", "other": "kept"}


def deployment(*env: Json, container: str = "server", annotations: Json | None = None, **meta: Any) -> Json:
    containers = [{"name": "sidecar", "image": "s"}, {"name": container, "image": "i", "env": list(env)}]
    head: Json = {"labels": {"app": "churn"}} | ({"annotations": annotations} if annotations is not None else {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "churn-serving", "uid": "u1", "resourceVersion": "7", "generation": 3, **meta},
        "spec": {"replicas": 1, "template": {"metadata": head, "spec": {"containers": containers}}},
    }


def inference(model: Any, annotations: Json | None = None, **meta: Any) -> Json:
    told = {"annotations": annotations} if annotations is not None else {}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "churn", "uid": "u1", "resourceVersion": "7", "generation": 3, **meta, **told},
        "spec": {"predictor": {"model": model}},
    }


def seen(target: Target) -> Serving:
    assert isinstance(target, Serving), target
    return target


# Where the model is named


def test_by_container_and_variable() -> None:
    found = seen(serving(deployment({"name": "KEPT", "value": "x"}, MODEL, annotations=OURS), BY_ENV, ME))
    assert (found.uid, found.resource_version, found.value, found.there) == ("u1", "7", V1, True)
    assert found.at == "/spec/template/spec/containers/1/env/1/value"
    assert found.marks == Marks("/spec/template/metadata/annotations", digest="sha256:1", run="churn-before")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("as long as they may be", given=("d" * 128, "r" * 63), then=("d" * 128, "r" * 63)),
        case("longer", given=("d" * 129, "r" * 64), then=("", "")),
    ],
)
def test_marks_that_no_run_of_ours_could_have_made_are_as_none(given: tuple[str, str], then: tuple[str, str]) -> None:
    marked = {"retrain.dev/model-digest": given[0], "retrain.dev/run": given[1]}
    marks = seen(serving(deployment(MODEL, annotations=marked), BY_ENV, ME)).marks
    assert (marks.there, marks.digest, marks.run) == (True, *then)


def test_a_variable_without_a_value_gets_one() -> None:
    found = seen(serving(deployment({"name": "MODEL_URI"}), BY_ENV, ME))
    assert (found.value, found.there) == ("", False)
    assert seen(serving(deployment({"name": "MODEL_URI", "value": ""}), BY_ENV, ME)).there


def test_by_path() -> None:
    found = seen(serving(inference({"storageUri": V1}, annotations=OURS), BY_PATH, ME))
    assert (found.value, found.at) == (V1, "/spec/predictor/model/storageUri")
    assert found.marks == Marks("/metadata/annotations", digest="sha256:1", run="churn-before")
    bare = seen(serving(inference({"modelFormat": {"name": "sklearn"}}), BY_PATH, ME))
    assert (bare.value, bare.there) == ("", False)
    assert bare.marks == Marks("/metadata/annotations", there=False)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no annotations", given=deployment(MODEL), then=(False, False)),
        case("empty ones", given=deployment(MODEL, annotations={}), then=(False, False)),
        case("others' alone", given=deployment(MODEL, annotations={"other": "kept"}), then=(True, False)),
        case("a template without metadata, as Knative allows", then=(False, True),
             given={**deployment(), "spec": {"template": {"spec": deployment(MODEL)["spec"]["template"]["spec"]}}}),
    ],
)  # fmt: skip
def test_whose_model_it_is_may_stand_nowhere_yet(given: Json, then: tuple[bool, bool]) -> None:
    marks = seen(serving(given, BY_ENV, ME)).marks
    assert (marks.there, marks.bare, marks.digest, marks.run) == (*then, "", "")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("another container", given=deployment(MODEL, container="web"), then=ContainerAbsent(("sidecar", "web"))),
        case("no template at all", given=inference({}), then=ContainerAbsent(())),
        case("no variable", given=deployment(), then=VariableAbsent(())),
        case("other variables, of which those from elsewhere are no candidates",
             given=deployment({"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"secretKeyRef": {}}}),
             then=VariableAbsent(("A",))),
        case("a variable from elsewhere", given=deployment({"name": "MODEL_URI", "valueFrom": {"fieldRef": {}}}),
             then=VariableFromSource()),
        case("containers without a name, as Knative allows",
             given={**deployment(), "spec": {"template": {"spec": {"containers": [{"image": "i"}]}}}},
             then=ContainerAbsent(("",))),
    ],
)  # fmt: skip
def test_what_has_no_such_variable_says_what_it_has(given: Json, then: Target) -> None:
    assert serving(given, BY_ENV, ME) == then


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(deployment(MODEL), id="an object of another kind"),
        pytest.param(inference("a word"), id="a word where an object should be"),
        pytest.param(inference([{"storageUri": V1}]), id="a list where an object should be"),
        pytest.param(inference({"storageUri": 7}), id="a number"),
        pytest.param(inference({"storageUri": {"uri": V1}}), id="an object"),
    ],
)
def test_a_path_that_leads_to_no_text(given: Json) -> None:
    assert serving(given, BY_PATH, ME) == FieldAbsent()


# Who wrote it


def wrote(manager: str, fields: Json, at: str = "2024-06-01T10:00:00Z", operation: str = "Update") -> Json:
    """An entry of managedFields."""
    return {"manager": manager, "operation": operation, "time": at, "fieldsType": "FieldsV1", "fieldsV1": fields}


def the_variable(inner: Json | None = None) -> Json:
    """The fields of a Deployment down to the value, as granular lists have them."""
    entry = {".": {}, "f:name": {}, "f:value": {}} if inner is None else inner
    env = {'k:{"name":"MODEL_URI"}': entry}
    containers = {'k:{"name":"server"}': {".": {}, "f:env": {".": {}, **env}, "f:image": {}, "f:name": {}}}
    return {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": containers}}}}


STATUS: Json = {"f:status": {"f:replicas": {}}}
WHOLE: Json = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}
LATER = "2024-06-01T11:00:00Z"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nobody knows", given=[], then=""),
        case("whoever applied it", given=[wrote("kubectl-client-side-apply", the_variable())],
             then="kubectl-client-side-apply"),
        case("by server-side apply", given=[wrote("argocd-controller", the_variable(), operation="Apply")],
             then="argocd-controller"),
        case("we did", given=[wrote("helm", the_variable({"f:name": {}})), wrote(ME, the_variable({"f:value": {}}))],
             then=""),
        case("beside those who wrote other things", then="helm",
             given=[wrote("helm", the_variable()), wrote("kube-controller-manager", STATUS, LATER)]),
        case("of two who share it the newer one", then="flux",
             given=[wrote("helm", the_variable()), wrote("flux", the_variable(), LATER)]),
        case("we share it, and were the last", given=[wrote("helm", the_variable()), wrote(ME, the_variable(), LATER)],
             then=""),
        case("a list that is owned as a whole, as custom resources have them", given=[wrote("argocd", WHOLE)],
             then="argocd"),
        case("an entry that owns nothing", given=[wrote("helm", {})], then=""),
        case("an entry without fields", given=[{"manager": "helm", "time": LATER}], then=""),
        case("a name with tricks in it is plain", given=[wrote("ci\u202e\n job", the_variable())], then="ci job"),
    ],
)  # fmt: skip
def test_who_wrote_the_variable(given: list[Json], then: str) -> None:
    assert seen(serving(deployment(MODEL, managedFields=given), BY_ENV, ME)).manager == then


def test_who_wrote_the_field_at_a_path() -> None:
    fields: Json = {"f:spec": {"f:predictor": {"f:model": {"f:storageUri": {}}}}}
    managed = [wrote("argocd-controller", fields), wrote("kserve", {"f:spec": {"f:predictor": {"f:minReplicas": {}}}})]
    found = seen(serving(inference({"storageUri": V1}, managedFields=managed), BY_PATH, ME))
    assert found.manager == "argocd-controller"
