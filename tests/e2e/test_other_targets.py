"""Targets that are no Deployments: KServe's InferenceService and Argo's Rollout, as those who made them define them.

Their controllers are played by the story: it writes what they would into the object's status.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.e2e import definitions
from tests.e2e.stage import FIRST, Json, Tenant, eventually

pytestmark = pytest.mark.cluster
NOW = "2026-11-01T00:00:00Z"


@dataclass(frozen=True)
class Kind:
    """A kind of target, and how its controller speaks."""

    api_version: str
    name: str
    plural: str
    definition: tuple[str, str, str]
    spec: Json
    field: Json
    at: tuple[str | int, ...]
    under_way: Json
    healthy: Json
    broken: Json
    waits: str
    gives_up: str

    @property
    def group(self) -> str:
        return self.api_version.split("/")[0]


def condition(name: str, status: str, message: str) -> Json:
    return {"type": name, "status": status, "reason": "Told", "message": message, "lastTransitionTime": NOW}


READY = condition("Ready", "True", "")
SERVER = {"name": "server", "image": "scripted", "env": [{"name": "MODEL_URI", "value": FIRST}]}
KINDS = {
    "InferenceService": Kind(
        api_version="serving.kserve.io/v1beta1",
        name="InferenceService",
        plural="inferenceservices",
        definition=definitions.INFERENCE_SERVICE,
        spec={"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": FIRST}}},
        field={"path": "spec.predictor.model.storageUri"},
        at=("spec", "predictor", "model", "storageUri"),
        under_way={"conditions": [READY], "modelStatus": {"transitionStatus": "InProgress"}},
        healthy={"conditions": [READY], "modelStatus": {"transitionStatus": "UpToDate"}},
        broken={"conditions": [READY, condition("Stalled", "True", "The model cannot be loaded.")]},
        waits="Its model is being loaded.",
        gives_up="it is Stalled: The model cannot be loaded",
    ),
    "Rollout": Kind(
        api_version="argoproj.io/v1alpha1",
        name="Rollout",
        plural="rollouts",
        definition=definitions.ROLLOUT,
        spec={
            "replicas": 2,
            "selector": {"matchLabels": {"app": "rollout"}},
            "strategy": {"canary": {}},
            "template": {"metadata": {"labels": {"app": "rollout"}}, "spec": {"containers": [SERVER]}},
        },
        field={"container": "server"},
        at=("spec", "template", "spec", "containers", 0, "env", 0, "value"),
        under_way={"phase": "Progressing", "availableReplicas": 1},
        healthy={"phase": "Healthy", "availableReplicas": 2},
        broken={"phase": "Degraded", "message": 'ProgressDeadlineExceeded: ReplicaSet "x" has timed out progressing.'},
        waits="0 of 2 replicas updated, 1 available.",
        gives_up='its phase is Degraded: ProgressDeadlineExceeded: ReplicaSet "x" has timed out progressing',
    ),
}


@dataclass(frozen=True)
class Played:
    """One object of a kind, in a namespace that lets it be changed, with us as its controller."""

    tenant: Tenant
    kind: Kind

    @property
    def resource(self) -> str:
        return f"{self.kind.plural}.{self.kind.group}"

    def make(self) -> None:
        body = {"apiVersion": self.kind.api_version, "kind": self.kind.name, "metadata": {"name": "churn"}}
        rules = [{"apiGroups": [self.kind.group], "resources": [self.kind.plural], "verbs": ["get", "patch"]}]
        role: Json = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "more"}}
        named = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "more"}
        bound = {"roleRef": named, "subjects": [{"kind": "ServiceAccount", "name": "retrain-runner"}]}
        objects = [{**body, "spec": self.kind.spec}, {**role, "rules": rules}, {**role, "kind": "RoleBinding", **bound}]
        self.tenant.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))
        self.says(self.kind.healthy)

    def says(self, status: Json) -> None:
        """Write what the controller would, having seen the newest spec.

        Argo tells the generation as text, and KServe that of a Deployment which it makes.
        """
        seen: Any = self.tenant.get(self.resource, "churn")["metadata"]["generation"]
        seen = str(seen) if self.kind.name == "Rollout" else 1
        patch = json.dumps({"status": {"conditions": None, **status, "observedGeneration": seen}})
        self.tenant.kubectl("patch", self.resource, "churn", "--subresource=status", "--type=merge", "-p", patch)

    def model(self) -> str:
        inner: Any = self.tenant.get(self.resource, "churn")
        for word in self.kind.at:
            inner = inner[word]
        return str(inner)

    def spec(self) -> str:
        return json.dumps(self.tenant.get(self.resource, "churn")["spec"])

    def asks(self, **more: Any) -> None:
        """A run whose rollout is under way."""
        ref = {"apiVersion": self.kind.api_version, "kind": self.kind.name, "name": "churn"}
        self.tenant.apply_policy("promote", rollout={"targetRef": ref, **self.kind.field, **more})
        self.tenant.ask_for_a_run()
        eventually(lambda: self.model() != FIRST)

    def told(self, sentence: str) -> None:
        """The run tells this of its rollout."""

        def look() -> bool:
            status = self.tenant.runs()[-1]["status"]
            assert sentence in status["message"], status["message"]
            return True

        eventually(look)


def play(tenant: Tenant, name: str) -> Played:
    kind = KINDS[name]
    definitions.define(*kind.definition)
    made = Played(tenant, kind)
    made.make()
    return made


@pytest.fixture(params=KINDS)
def played(request: pytest.FixtureRequest, tenant: Tenant) -> Played:
    return play(tenant, request.param)


def test_a_model_is_rolled_out_when_the_object_says_that_it_is_there(played: Played) -> None:
    before = played.spec()
    played.asks()
    waiting = f'Waiting for the rollout of {played.kind.name} "churn": '
    played.told(f"{waiting}Its controller has not seen the change yet.")
    played.says(played.kind.under_way)
    played.told(f"{waiting}{played.kind.waits}")
    played.tenant.describe()
    played.says(played.kind.healthy)
    said = time.monotonic()
    ended = played.tenant.ended()
    print(f"ready to promoted: {time.monotonic() - said:.1f} s")
    assert (ended["outcome"], ended["reason"]) == ("Succeeded", "Promoted")
    assert played.model() == ended["result"]["candidate"]["uri"]
    assert eventually(lambda: played.tenant.policy().get("champion"))["uri"] == played.model()
    assert _without_our_marks(played.spec().replace(played.model(), FIRST)) == json.loads(before)


def _without_our_marks(spec: str) -> Json:
    """A Rollout's are in its template, an InferenceService's beside its spec."""
    found: Json = json.loads(spec)
    if "template" in found:
        assert "retrain.dev/run" in found["template"]["metadata"].pop("annotations")
    return found


def test_a_rollout_that_its_controller_gives_up_is_undone(played: Played) -> None:
    played.asks()
    played.says(played.kind.broken)
    eventually(lambda: played.model() == FIRST)
    played.told("the model before is put back.")
    played.says(played.kind.healthy)
    ended = played.tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "RolloutFailed")
    kept = ended["result"]["candidate"]["uri"]
    assert ended["message"] == (
        f"The rollout failed: {played.kind.gives_up}, so the model before is back. The trained model is kept at {kept}."
    )
    assert played.model() == FIRST
    played.tenant.describe()


def test_an_inference_service_that_is_ready_by_pods_of_before_is_not_believed(tenant: Tenant) -> None:
    """KServe calls it Ready when its Deployment is available, which it is while new pods crash beside the old ones."""
    pods: Json = {"metadata": {"labels": {"serving.kserve.io/inferenceservice": "churn"}}}
    _patch_deployment(tenant, pods)
    tenant.kubectl("rollout", "status", "deployment/churn-serving", "--timeout=60s")
    played = play(tenant, "InferenceService")
    played.asks(progressDeadline="20s")
    marks = tenant.get(played.resource, "churn")["metadata"]["annotations"]
    server = {"name": "server", "env": [{"name": "MODEL_URI", "value": "file:///models/broken/v1"}]}
    _patch_deployment(tenant, {"metadata": {"annotations": marks}, "spec": {"containers": [server]}})
    # What it says after all that it says again: a status that is as it was is not written.
    played.says(played.kind.under_way)
    played.says(played.kind.healthy)
    played.told("Pods of before are still there")
    tenant.describe()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "CrashLoop")
    assert ended["message"].startswith(
        'The rollout was not complete after 20s: container "server" of pod churn-serving-'
    )
    assert played.model() == FIRST


def _patch_deployment(tenant: Tenant, template: Json) -> None:
    tenant.kubectl("patch", "deployment", "churn-serving", "-p", json.dumps({"spec": {"template": template}}))


def test_a_kind_that_nobody_has_defined_is_told_before_anything_is_trained(tenant: Tenant) -> None:
    ref = {"apiVersion": "example.dev/v1", "kind": "Oracle", "name": "churn"}
    tenant.apply_policy("promote", rollout={"targetRef": ref, "path": "spec.model"})
    tenant.ask_for_a_run()
    eventually(lambda: tenant.ready().get("reason") == "TargetKindUnknown")
    assert tenant.ready()["message"] == (
        "The API server serves no namespaced kind Oracle of example.dev/v1. Install what defines it."
    )
    assert (tenant.runs(), tenant.all_of("jobs")) == ([], [])
