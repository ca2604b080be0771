"""The admission policies that are shipped name what the rest of the product names, and are bound."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from retrain_operator.model.names import REQUEST_ANNOTATION

MANIFESTS = Path(__file__).parents[2] / "manifests"
FILES = {
    "base/policy-authors.yaml": "retrain-policy-authors",
    "base/operator-alone.yaml": "retrain-operator-alone",
    "pinned-images/pinned-images.yaml": "retrain-pinned-images",
}


def objects(file: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((MANIFESTS / file).read_text()))


def variables(file: str) -> dict[str, str]:
    """The named expressions of the policy in a file."""
    return {each["name"]: each["expression"] for each in objects(file)[0]["spec"]["variables"]}


def resources(folder: str) -> list[str]:
    listed: list[str] = yaml.safe_load((MANIFESTS / folder / "kustomization.yaml").read_text())["resources"]
    return listed


def test_the_operator_that_writes_alone_is_the_one_that_is_installed() -> None:
    account = next(each["metadata"] for each in objects("base/rbac.yaml") if each["kind"] == "ServiceAccount")
    user = f"system:serviceaccount:{account['namespace']}:{account['name']}"
    assert variables("base/operator-alone.yaml")["operator"] == f"'{user}'"
    assert objects("base/operator-alone.yaml")[0]["spec"]["variables"][0]["name"] == "operator", (
        "its place is documented"
    )


def test_the_request_is_among_what_makes_the_operator_act() -> None:
    assert f"'{REQUEST_ANNOTATION}'" in variables("base/policy-authors.yaml")["acts"]


def test_two_are_installed_with_the_operator_and_one_on_demand() -> None:
    assert {"policy-authors.yaml", "operator-alone.yaml"} < set(resources("base"))
    assert not any("pinned" in each for each in resources("base"))
    assert resources("pinned-images") == ["pinned-images.yaml"]


@pytest.mark.parametrize(("file", "name"), FILES.items(), ids=FILES.values())
def test_each_is_bound_and_refuses_when_in_doubt(file: str, name: str) -> None:
    policy, binding = objects(file)
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert policy["metadata"]["name"] == binding["metadata"]["name"] == binding["spec"]["policyName"] == name
    assert binding["spec"]["validationActions"] == ["Deny"]


@pytest.mark.parametrize("file", FILES, ids=FILES.values())
def test_none_asks_about_deletion(file: str) -> None:
    rules = objects(file)[0]["spec"]["matchConstraints"]["resourceRules"]
    assert [rule["operations"] for rule in rules] == [["CREATE", "UPDATE"]]
