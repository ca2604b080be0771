"""What kustomize builds of the admission policies, and that the API server finds their expressions sound."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.admission.conftest import MANIFESTS, Json
from tests.cluster import paths
from tests.crds.conftest import Kubectl
from tests.e2e.stage import eventually

pytestmark = pytest.mark.cluster

KINDS = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
SHIPPED = ["retrain-operator-alone", "retrain-policy-authors"]


def built(kubectl: Kubectl, folder: Path) -> list[Json]:
    """The admission policies and bindings of a kustomization."""
    rendered = kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder))
    assert rendered.returncode == 0, rendered.stderr
    return [each for each in yaml.safe_load_all(rendered.stdout) if each["kind"] in KINDS]


@pytest.mark.parametrize(
    ("folder", "names"), [("base", SHIPPED), ("demo/operator", SHIPPED), ("pinned-images", ["retrain-pinned-images"])]
)
def test_what_is_installed(kubectl: Kubectl, folder: str, names: list[str]) -> None:
    objects = built(kubectl, MANIFESTS / folder)
    assert sorted((each["kind"], each["metadata"]["name"]) for each in objects) == [
        (kind, name) for kind in KINDS for name in names
    ]


def overlay(tmp_path: Path, base: str, block: int) -> Path:
    """A kustomization with the patch that docs/permissions.md shows, the first one or the second."""
    page = (paths.CHECKOUT / "docs" / "permissions.md").read_text()
    patches = yaml.safe_load(re.findall(r"```yaml\n(patches:.*?)```", page, re.DOTALL)[block])
    content = {"resources": [f"../{base}"], **patches}
    (tmp_path / base).symlink_to(MANIFESTS / base)
    (tmp_path / "crds").symlink_to(paths.CHECKOUT / "crds")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(json.dumps(content))
    return tmp_path / "mine"


def test_another_namespace_is_named_as_the_page_shows(kubectl: Kubectl, tmp_path: Path) -> None:
    objects = built(kubectl, overlay(tmp_path, "base", 0))
    alone = next(each for each in objects if each["metadata"]["name"] == "retrain-operator-alone")
    assert alone["spec"]["variables"][0] == {
        "name": "operator",
        "expression": "'system:serviceaccount:ml:retrain-operator'",
    }


def test_images_are_pinned_everywhere_as_the_page_shows(kubectl: Kubectl, tmp_path: Path) -> None:
    binding = next(each for each in built(kubectl, overlay(tmp_path, "pinned-images", 1)) if each["kind"] == KINDS[1])
    assert binding["spec"] == {"policyName": "retrain-pinned-images", "validationActions": ["Deny"]}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_expressions_fit_the_definitions(kubectl: Kubectl, admission: None, name: str) -> None:
    def checked() -> Json | None:
        policy = json.loads(kubectl("get", KINDS[0], name, "-o", "json").stdout)
        status: Json = policy.get("status", {})
        return status if status.get("observedGeneration") == policy["metadata"]["generation"] else None

    assert eventually(checked, 60).get("typeChecking", {}).get("expressionWarnings", []) == []
