"""The rights that are shipped, word by word: another verb is a decision, so it must be made here as well."""

from pathlib import Path
from typing import Any

import yaml

MANIFESTS = Path(__file__).parents[2] / "manifests"

OPERATOR = {
    "get retrainpolicies.retrain.dev",
    "list retrainpolicies.retrain.dev",
    "watch retrainpolicies.retrain.dev",
    "patch retrainpolicies/status.retrain.dev",
    "get retrainruns.retrain.dev",
    "list retrainruns.retrain.dev",
    "watch retrainruns.retrain.dev",
    "create retrainruns.retrain.dev",
    "delete retrainruns.retrain.dev",
    "patch retrainruns/status.retrain.dev",
    "get jobs.batch",
    "list jobs.batch",
    "watch jobs.batch",
    "get pods",
    "list pods",
    "watch pods",
    "get serviceaccounts",
    "create events",
}
RUNNER = {
    "create jobs.batch",
    "delete jobs.batch",
    "get deployments.apps churn-serving",
    "patch deployments.apps churn-serving",
    "get persistentvolumeclaims",
    "list pods",
    "list events",
}
DOOR = {"impersonate serviceaccounts retrain-runner"}


def rights(file: str, kind: str, name: str) -> set[str]:
    """What a Role or ClusterRole grants, one sentence for each verb on each resource."""
    roles = {(each["kind"], each["metadata"]["name"]): each for each in objects(file)}
    return {
        " ".join([verb, f"{resource}.{group}".rstrip("."), *([name] if name else [])])
        for rule in roles[kind, name]["rules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for group in rule["apiGroups"]
        for name in rule.get("resourceNames", [""])
    }


def objects(file: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((MANIFESTS / file).read_text()))


def test_what_the_operator_may_do_by_itself() -> None:
    assert rights("base/rbac.yaml", "ClusterRole", "retrain-operator") == OPERATOR


def test_what_it_may_do_as_a_tenants_account() -> None:
    assert rights("tenant/runner.yaml", "Role", "retrain-runner") == RUNNER
    assert rights("tenant/operator.yaml", "Role", "retrain-operator") == DOOR


def test_the_operators_role_is_bound_to_nobody_else() -> None:
    bindings = [each for each in objects("base/rbac.yaml") if each["kind"].endswith("Binding")]
    assert [(each["roleRef"]["name"], each["subjects"]) for each in bindings] == [
        (
            "retrain-operator",
            [{"kind": "ServiceAccount", "name": "retrain-operator", "namespace": "retrain-system"}],
        )
    ]


def test_no_built_in_role_may_write_a_policy() -> None:
    aggregated = [
        each for each in objects("base/roles-for-people.yaml") if each["metadata"]["name"] == "retrain-viewer"
    ]
    assert [each["rules"][0]["verbs"] for each in aggregated] == [["get", "list", "watch"]]
    editor = next(
        each for each in objects("base/roles-for-people.yaml") if each["metadata"]["name"] == "retrain-policy-editor"
    )
    assert not any("aggregate" in label for label in editor["metadata"]["labels"])
