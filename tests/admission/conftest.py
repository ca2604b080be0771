"""The admission policies of manifests/base, in force on the test cluster, and people whom RBAC gives this or that."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.cluster import paths
from tests.crds.conftest import Kubectl, kubectl, namespace, quiet
from tests.crds.samples import policy
from tests.e2e.stage import eventually

__all__ = ["kubectl", "namespace", "quiet"]

MANIFESTS = paths.CHECKOUT / "manifests"
OPERATOR = "system:serviceaccount:retrain-system:retrain-operator"
JOBS = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]}
READ = {"apiGroups": ["retrain.dev"], "resources": ["retrainpolicies", "retrainruns"], "verbs": ["get", "list"]}
Grant = Callable[..., None]
Json = dict[str, Any]


def shipped(file: str, name: str) -> list[Json]:
    """The rules of a ClusterRole as it is shipped."""
    objects = yaml.safe_load_all((MANIFESTS / "base" / file).read_text())
    rules: list[Json] = next(
        each["rules"] for each in objects if (each["kind"], each["metadata"]["name"]) == ("ClusterRole", name)
    )
    return rules


EDITOR = shipped("roles-for-people.yaml", "retrain-policy-editor")
PERMITTED = shipped("rbac.yaml", "retrain-operator")
"""The operator's rights, which it may not have here otherwise: it need not be installed."""


@pytest.fixture(scope="session")
def admission(kubectl: Kubectl) -> None:
    """The policies are applied as they are shipped, and left. Returns when the API server heeds them."""
    for file in ("policy-authors.yaml", "operator-alone.yaml"):
        applied = kubectl("apply", "-f", str(MANIFESTS / "base" / file))
        assert applied.returncode == 0, applied.stderr
    in_force(kubectl)


def in_force(kubectl: Kubectl) -> None:
    """Returns when the API server heeds what was applied before.

    It takes admission policies up a moment later, all at once, also changed ones, of which no refusal tells that they
    have changed. So another one is applied after them, which refuses nothing but the name that is tried here.
    """
    name = f"retrain-canary-{secrets.token_hex(3)}"
    rule = {"apiGroups": ["retrain.dev"], "apiVersions": ["v1alpha1"], "operations": ["CREATE"]}
    refuse: Json = {
        "matchConstraints": {"resourceRules": [{**rule, "resources": ["retrainpolicies"]}]},
        "validations": [{"expression": f"object.metadata.name != '{name}'", "message": "It sings."}],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    canary = {**head, "kind": "ValidatingAdmissionPolicy", "spec": refuse}
    bind = {"policyName": name, "validationActions": ["Deny"]}
    binding = {**head, "kind": "ValidatingAdmissionPolicyBinding", "spec": bind}
    items: Json = {"apiVersion": "v1", "kind": "List", "items": [canary, binding]}
    tried = {**policy(), "metadata": {"name": name}}
    try:
        assert kubectl("apply", "-f", "-", body=items).returncode == 0
        attempt = ("create", "-n", "default", "--dry-run=server", "-f", "-")
        eventually(lambda: "It sings." in kubectl(*attempt, body=tried).stderr, 30)
    finally:
        kubectl("delete", "--ignore-not-found", "-f", "-", body=items)


@pytest.fixture(scope="module")
def grant(kubectl: Kubectl, namespace: str) -> Grant:
    """Gives a user rules in the module's namespace, or in another one, or the built-in role of that name."""

    def give(user: str, *rules: Json, role: str = "", where: str = namespace) -> None:
        head = {"apiVersion": "rbac.authorization.k8s.io/v1"}
        name = f"{user}:{role or 'own'}"
        kind = "ClusterRole" if role else "Role"
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role or name}
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
        binding = {**head, "kind": "RoleBinding", "metadata": {"name": name}, "roleRef": reference}
        made = [{**head, "kind": "Role", "metadata": {"name": name}, "rules": rules}] if rules else []
        items = {"apiVersion": "v1", "kind": "List", "items": [*made, {**binding, "subjects": [subject]}]}
        applied = kubectl("apply", "-n", where, "-f", "-", body=items)
        assert applied.returncode == 0, applied.stderr

    return give


def may_at_last(kubectl: Kubectl, user: str, right: str, namespace: str) -> None:
    """A role comes into force a moment after it is bound."""
    asked = ("auth", "can-i", *right.split(), "-n", namespace, f"--as={user}")
    eventually(lambda: kubectl(*asked).stdout.strip() == "yes", 30)


def denial(stderr: str) -> str:
    """What an admission policy said, of kubectl's words."""
    before, _, said = stderr.strip().partition(" denied request: ")
    assert "ValidatingAdmissionPolicy" in before, stderr
    return said


def merge(**change: Any) -> tuple[str, str]:
    """The options of kubectl patch for a change."""
    return ("--type=merge", f"--patch={json.dumps(change)}")
