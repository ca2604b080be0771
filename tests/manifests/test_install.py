"""What users apply is accepted by a real API server, under the strictest Pod Security Standard, and grants no more."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster import paths
from tests.crds.conftest import Kubectl

pytestmark = pytest.mark.cluster

MANIFESTS = paths.CHECKOUT / "manifests"
OPERATOR = "system:serviceaccount:retrain-system:retrain-operator"


def test_the_operators_pod_satisfies_restricted(kubectl: Kubectl, namespace: str) -> None:
    rendered = kubectl("kustomize", str(MANIFESTS / "base"))
    assert rendered.returncode == 0, rendered.stderr
    objects = {each["kind"]: each for each in yaml.safe_load_all(rendered.stdout)}
    template = objects["Deployment"]["spec"]["template"]
    kubectl("create", "serviceaccount", "retrain-operator", "-n", namespace)
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator"}, "spec": template["spec"]}
    made = kubectl("create", "--dry-run=server", "-n", namespace, "-f", "-", body=body)
    assert (made.returncode, made.stderr) == (0, "")


def test_the_base_names_an_image_with_a_tag(kubectl: Kubectl) -> None:
    rendered = kubectl("kustomize", str(MANIFESTS / "base")).stdout
    deployment = next(each for each in yaml.safe_load_all(rendered) if each["kind"] == "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "retrain-operator:0.1.0"


@pytest.mark.parametrize("sample", ["smallest.yaml", "fullest.yaml"])
def test_a_sample_can_be_applied(kubectl: Kubectl, namespace: str, sample: str) -> None:
    applied = kubectl("apply", "--dry-run=server", "-n", namespace, "-f", str(MANIFESTS / "samples" / sample))
    assert (applied.returncode, applied.stderr) == (0, "")


CHECKS = {
    "the operator may act as the runner": (OPERATOR, "impersonate serviceaccounts/retrain-runner", "yes"),
    "and as no other account": (OPERATOR, "impersonate serviceaccounts/default", "no"),
    "the operator itself may not make Jobs": (OPERATOR, "create jobs.batch", "no"),
    "nor change Deployments": (OPERATOR, "patch deployments.apps/churn-serving", "no"),
    "nor read Secrets": (OPERATOR, "get secrets", "no"),
    "the runner may make Jobs": ("retrain-runner", "create jobs.batch", "yes"),
    "and roll out the Deployment that is named": ("retrain-runner", "patch deployments.apps/churn-serving", "yes"),
    "but no other": ("retrain-runner", "patch deployments.apps/shop", "no"),
    "nor read a Secret": ("retrain-runner", "get secrets", "no"),
    "nor make Pods": ("retrain-runner", "create pods", "no"),
}


@pytest.fixture(scope="module")
def tenant(kubectl: Kubectl, namespace: str) -> str:
    applied = kubectl("apply", "-n", namespace, "-k", str(MANIFESTS / "tenant"))
    assert applied.returncode == 0, applied.stderr
    return namespace


@pytest.mark.parametrize(("who", "right", "answer"), CHECKS.values(), ids=CHECKS.keys())
def test_a_tenant_grants_this_much(kubectl: Kubectl, tenant: str, who: str, right: str, answer: str) -> None:
    user = who if ":" in who else f"system:serviceaccount:{tenant}:{who}"
    asked = kubectl("auth", "can-i", *right.split(), "-n", tenant, f"--as={user}")
    assert asked.stdout.strip() == answer


def test_a_kustomization_of_ones_own_may_name_the_namespace(kubectl: Kubectl, tmp_path: Path) -> None:
    overlay = {"namespace": "shop", "resources": ["../tenant"]}
    (tmp_path / "tenant").mkdir()
    for file in (MANIFESTS / "tenant").iterdir():
        (tmp_path / "tenant" / file.name).write_text(file.read_text())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(json.dumps(overlay))
    rendered = kubectl("kustomize", str(tmp_path / "mine"))
    assert rendered.returncode == 0, rendered.stderr
    objects = list(yaml.safe_load_all(rendered.stdout))
    subjects = {each["subjects"][0]["name"]: each["subjects"][0] for each in objects if each["kind"] == "RoleBinding"}
    assert {each["metadata"]["namespace"] for each in objects} == {"shop"}
    assert subjects["retrain-runner"]["namespace"] == "shop"
    assert subjects["retrain-operator"]["namespace"] == "retrain-system"
