"""A run's spec never changes once it is made; its status does, and only through the status subresource."""

import json
from typing import Any

import pytest

from tests.crds.conftest import BY_HAND, Kubectl
from tests.crds.samples import run

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("quiet")]

REFUSAL = "the spec of a run cannot be changed"
CHANGES: dict[str, tuple[Any, str]] = {
    "the nonce": ({"nonce": "fedcba9876543210"}, REFUSAL),
    "a field of the snapshot": ({"policy": {"spec": {"suspend": True}}}, REFUSAL),
    "a parameter, which the schema knows nothing of": (
        {"policy": {"spec": {"model": {"parameters": {"alpha": 0.2}}}}},
        REFUSAL,
    ),
    "a field that was absent": ({"champion": {"uri": "file:///data/models/1"}}, REFUSAL),
    "all of it": (None, "spec: Required value"),
}


@pytest.fixture(scope="module")
def made(kubectl: Kubectl, namespace: str) -> str:
    applied = kubectl("apply", "-n", namespace, *BY_HAND, "-f", "-", body=run())
    assert applied.returncode == 0, applied.stderr
    return namespace


def patch(kubectl: Kubectl, namespace: str, body: Any, *flags: str) -> tuple[int, str]:
    named = ("retrainrun", "churn-abcdefghij", "-n", namespace)
    done = kubectl("patch", *named, *BY_HAND, "--type=merge", "-p", json.dumps(body), *flags)
    return done.returncode, done.stderr


@pytest.mark.parametrize(("spec", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_the_spec_cannot_be_changed(kubectl: Kubectl, made: str, spec: Any, message: str) -> None:
    code, said = patch(kubectl, made, {"spec": spec})
    assert code == 1
    assert message in said


def test_labels_and_status_can(kubectl: Kubectl, made: str) -> None:
    assert patch(kubectl, made, {"metadata": {"labels": {"team": "shop"}}}) == (0, "")
    assert patch(kubectl, made, {"status": {"message": "Collect is running."}}, "--subresource=status") == (0, "")


def test_a_run_without_a_spec_is_refused(kubectl: Kubectl, made: str) -> None:
    body = {key: value for key, value in run().items() if key != "spec"}
    applied = kubectl("create", "-n", made, *BY_HAND, "--dry-run=server", "-f", "-", body=body)
    assert applied.returncode == 1
    assert "spec: Required value" in applied.stderr
