"""Runs and statuses are written by the operator alone, whatever RBAC gives others in their namespace."""

import json

import pytest

from tests.admission.conftest import OPERATOR, PERMITTED, Grant, denial, may_at_last, merge
from tests.crds.conftest import BY_HAND, Kubectl
from tests.crds.samples import policy, run

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("admission", "quiet")]

RUN = "churn-abcdefghij"
ALONE = f"only the operator does, as {OPERATOR}."
ASK = "To ask for a run, set retrain.dev/requestedAt on the policy."
CHANGE = "Change the spec of the policy instead; a run that should not go on can be deleted."
EVERYTHING = {"apiGroups": ["retrain.dev"], "resources": ["*"], "verbs": ["*"]}
# kubectl reads a status before it patches it; the operator does not.
KUBECTLS = {
    "apiGroups": ["retrain.dev"],
    "resources": ["retrainruns/status", "retrainpolicies/status"],
    "verbs": ["get"],
}
ELSEWHERE = "system:serviceaccount:ml:retrain-operator"
COLLECTORS = ["system:serviceaccount:kube-system:generic-garbage-collector", "system:kube-controller-manager"]
STATUS = {"status": {"message": "Collect is running."}}
OWNER = {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "name": "other", "uid": "0"}
OWNED = {"metadata": {"ownerReferences": [OWNER]}}


@pytest.fixture(scope="module")
def shop(kubectl: Kubectl, namespace: str, grant: Grant) -> str:
    """A policy and its run, made by the operator; dora administers the namespace, with all rights on our kinds."""
    grant("dora", role="admin")
    for user in ("dora", ELSEWHERE, *COLLECTORS):
        grant(user, EVERYTHING)
    grant(OPERATOR, *PERMITTED, KUBECTLS)
    assert kubectl("create", "-n", namespace, "-f", "-", body=policy()).returncode == 0
    may_at_last(kubectl, OPERATOR, "create retrainruns.retrain.dev", namespace)
    may_at_last(kubectl, OPERATOR, "get retrainruns.retrain.dev --subresource=status", namespace)
    created = kubectl("create", "-n", namespace, f"--as={OPERATOR}", "-f", "-", body=run())
    assert (created.returncode, created.stderr) == (0, "")
    for user in ("dora", ELSEWHERE, *COLLECTORS):
        may_at_last(kubectl, user, "patch retrainruns.retrain.dev --subresource=status", namespace)
    return namespace


def patch(kubectl: Kubectl, namespace: str, user: str, kind: str, change: object, *more: str) -> tuple[int, str]:
    name = RUN if kind == "retrainrun" else "churn"
    words = ("patch", kind, name, "-n", namespace, "--dry-run=server", f"--as={user}", "--type=merge")
    done = kubectl(*words, f"--patch={json.dumps(change)}", *more)
    return done.returncode, done.stderr


def create(kubectl: Kubectl, namespace: str, user: str) -> tuple[int, str]:
    body = {**run(), "metadata": {"name": "churn-bcdefghijk"}}
    done = kubectl("create", "-n", namespace, "--dry-run=server", f"--as={user}", "-f", "-", body=body)
    return done.returncode, done.stderr


def test_the_operator_writes_runs_and_statuses(kubectl: Kubectl, shop: str) -> None:
    assert create(kubectl, shop, OPERATOR) == (0, "")
    assert patch(kubectl, shop, OPERATOR, "retrainrun", STATUS, "--subresource=status") == (0, "")
    assert patch(kubectl, shop, OPERATOR, "retrainpolicy", STATUS, "--subresource=status") == (0, "")


def test_who_administers_the_namespace_creates_no_run(kubectl: Kubectl, shop: str) -> None:
    code, said = create(kubectl, shop, "dora")
    assert code == 1
    assert denial(said) == f"dora may not create RetrainRun churn-bcdefghijk in namespace {shop}: {ALONE} {ASK}"


CHANGES = {
    "the labels": ({"metadata": {"labels": {"retrain.dev/policy": "other"}}}, "labels"),
    "the owner": (OWNED, "owner references"),
    "both": ({"metadata": {**OWNED["metadata"], "labels": {"a": "b"}}}, "labels and the owner references"),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES.keys())
def test_nor_changes_one(kubectl: Kubectl, shop: str, change: object, told: str) -> None:
    code, said = patch(kubectl, shop, "dora", "retrainrun", change)
    assert code == 1
    assert denial(said) == f"dora may not change the {told} of RetrainRun {RUN} in namespace {shop}: {ALONE} {CHANGE}"


def test_nor_its_spec_which_nobody_can(kubectl: Kubectl, shop: str) -> None:
    for user in ("dora", OPERATOR):
        code, _ = patch(kubectl, shop, user, "retrainrun", {"spec": {"nonce": "fedcba9876543210"}})
        assert code == 1


@pytest.mark.parametrize(
    ("kind", "called"), [("retrainrun", f"RetrainRun {RUN}"), ("retrainpolicy", "RetrainPolicy churn")]
)
def test_nor_a_status(kubectl: Kubectl, shop: str, kind: str, called: str) -> None:
    code, said = patch(kubectl, shop, "dora", kind, STATUS, "--subresource=status")
    assert code == 1
    assert denial(said) == f"dora may not change the status of {called} in namespace {shop}: {ALONE} {CHANGE}"


def test_but_may_write_a_note_on_a_run_and_delete_it(kubectl: Kubectl, shop: str) -> None:
    assert patch(kubectl, shop, "dora", "retrainrun", {"metadata": {"annotations": {"note": "Look here."}}}) == (0, "")
    deleted = kubectl("delete", "retrainrun", RUN, "-n", shop, "--dry-run=server", "--as=dora")
    assert (deleted.returncode, deleted.stderr) == (0, "")


def test_an_operator_of_another_namespace_is_told_how_to_be_let_in(kubectl: Kubectl, shop: str) -> None:
    code, said = create(kubectl, shop, ELSEWHERE)
    remedy = (
        "If this is the operator, installed in another namespace, name it in ValidatingAdmissionPolicy "
        "retrain-operator-alone as docs/permissions.md shows."
    )
    told = f"{ELSEWHERE} may not create RetrainRun churn-bcdefghijk in namespace {shop}: {ALONE} {remedy}"
    assert (code, denial(said)) == (1, told)


@pytest.mark.parametrize("collector", COLLECTORS)
def test_the_garbage_collector_changes_owners_and_nothing_else(kubectl: Kubectl, shop: str, collector: str) -> None:
    assert patch(kubectl, shop, collector, "retrainrun", OWNED) == (0, "")
    assert patch(kubectl, shop, collector, "retrainrun", {"metadata": {"labels": {"a": "b"}}})[0] == 1
    assert patch(kubectl, shop, collector, "retrainrun", STATUS, "--subresource=status")[0] == 1
    assert create(kubectl, shop, collector)[0] == 1


def test_a_cluster_administrator_breaks_the_glass_on_purpose_alone(kubectl: Kubectl, shop: str) -> None:
    words = ("patch", "retrainrun", RUN, "-n", shop, "--subresource=status", *merge(**STATUS))
    refused = kubectl(*words)
    assert refused.returncode == 1
    assert denial(refused.stderr).startswith("kubernetes-admin may not change the status of RetrainRun")
    mended = kubectl(*words, *BY_HAND)
    assert (mended.returncode, mended.stderr) == (0, "")
