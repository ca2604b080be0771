"""A policy is written, and told to act, by those alone who may create Jobs in its namespace."""

import secrets
from collections.abc import Iterator

import pytest

from tests.admission.conftest import EDITOR, JOBS, READ, Grant, denial, may_at_last, merge
from tests.cluster import paths
from tests.crds.conftest import Kubectl
from tests.crds.samples import policy

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("admission")]

REFUSED = (
    "alice may not {} RetrainPolicy churn without the right to create jobs.batch in namespace {}, because a policy "
    "runs containers there. Ask an administrator of {} for a role with that right: the built-in role edit has it."
)
ACTS = ["requestedAt", "approve", "reject", "undo-to"]


@pytest.fixture(scope="module")
def elsewhere(kubectl: Kubectl) -> Iterator[str]:
    """Another namespace, in which alice may create Jobs."""
    name = f"elsewhere-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def shop(kubectl: Kubectl, namespace: str, elsewhere: str, grant: Grant) -> str:
    """A policy, and three who may do something with it: alice writes policies, bob makes Jobs as well, carol looks."""
    grant("alice", *EDITOR)
    grant("alice", JOBS, where=elsewhere)
    grant("bob", *EDITOR)
    grant("bob", role="edit")
    grant("carol", READ)
    made = policy()
    made["metadata"]["annotations"] = {
        "retrain.dev/requestedAt": "monday",
        "retrain.dev/approved-by": "kubernetes-admin",
    }
    applied = kubectl("create", "-n", namespace, "-f", "-", body=made)
    assert applied.returncode == 0, applied.stderr
    may_at_last(kubectl, "alice", "patch retrainpolicies.retrain.dev", namespace)
    may_at_last(kubectl, "alice", "create jobs.batch", elsewhere)
    may_at_last(kubectl, "bob", "patch retrainpolicies.retrain.dev", namespace)
    may_at_last(kubectl, "bob", "create jobs.batch", namespace)
    may_at_last(kubectl, "carol", "get retrainpolicies.retrain.dev", namespace)
    return namespace


def create(kubectl: Kubectl, namespace: str, user: str, **annotations: str) -> tuple[int, str]:
    body = policy()
    body["metadata"] = {"name": "new", "annotations": prefixed(annotations)}
    done = kubectl("create", "-n", namespace, "--dry-run=server", f"--as={user}", "-f", "-", body=body)
    return done.returncode, done.stderr


def patch(kubectl: Kubectl, namespace: str, user: str, **change: object) -> tuple[int, str]:
    words = ("patch", "retrainpolicy", "churn", "-n", namespace, "--dry-run=server", f"--as={user}")
    done = kubectl(*words, *merge(**change))
    return done.returncode, done.stderr


def annotate(kubectl: Kubectl, namespace: str, user: str, **annotations: str | None) -> tuple[int, str]:
    return patch(kubectl, namespace, user, metadata={"annotations": prefixed(annotations)})


def prefixed(annotations: dict[str, str | None] | dict[str, str]) -> dict[str, str | None]:
    """With - for _, and our group before each."""
    return {f"retrain.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}


def test_no_policy_is_created_without_the_right_to_create_jobs(kubectl: Kubectl, shop: str) -> None:
    code, said = create(kubectl, shop, "alice")
    assert code == 1
    assert denial(said) == REFUSED.format("create", shop, shop).replace("churn", "new")


def test_nor_is_a_spec_changed(kubectl: Kubectl, shop: str) -> None:
    code, said = patch(kubectl, shop, "alice", spec={"suspend": True})
    assert code == 1
    assert denial(said) == REFUSED.format("change the spec of", shop, shop)


def test_nor_a_parameter_that_the_schema_knows_nothing_of(kubectl: Kubectl, shop: str) -> None:
    code, said = patch(kubectl, shop, "alice", spec={"model": {"parameters": {"alpha": 0.2}}})
    assert code == 1
    assert denial(said) == REFUSED.format("change the spec of", shop, shop)


def test_the_page_shows_the_refusal_as_it_is() -> None:
    page = (paths.CHECKOUT / "docs" / "permissions.md").read_text()
    assert REFUSED.format("change retrain.dev/requestedAt of", "shop", "shop") in page.replace("\n", " ")


@pytest.mark.parametrize("act", [*ACTS, "approved-by"])
def test_nor_is_the_operator_told_to_act(kubectl: Kubectl, shop: str, act: str) -> None:
    code, said = annotate(kubectl, shop, "alice", **{act: "alice"})
    assert code == 1
    assert denial(said) == REFUSED.format(f"change retrain.dev/{act} of", shop, shop)


def test_nor_is_a_request_taken_back(kubectl: Kubectl, shop: str) -> None:
    code, said = annotate(kubectl, shop, "alice", requestedAt=None)
    assert code == 1
    assert denial(said) == REFUSED.format("change retrain.dev/requestedAt of", shop, shop)


def test_an_empty_value_is_a_value(kubectl: Kubectl, shop: str) -> None:
    assert annotate(kubectl, shop, "alice", approve="")[0] == 1


def test_labels_and_other_annotations_need_no_such_right(kubectl: Kubectl, shop: str) -> None:
    assert patch(kubectl, shop, "alice", metadata={"labels": {"team": "shop"}}) == (0, "")
    assert annotate(kubectl, shop, "alice", note="Ask alice.") == (0, "")
    assert patch(kubectl, shop, "alice", spec={"suspend": False}) == (0, ""), "which is the default, so it is no change"


def test_with_both_rights_a_policy_is_written(kubectl: Kubectl, shop: str) -> None:
    assert create(kubectl, shop, "bob") == (0, "")
    assert patch(kubectl, shop, "bob", spec={"suspend": True}) == (0, "")


@pytest.mark.parametrize("act", ACTS)
def test_and_the_operator_told_to_act(kubectl: Kubectl, shop: str, act: str) -> None:
    # The name that stands there is another's, which matters to who approves or rejects.
    assert annotate(kubectl, shop, "bob", **{act: "now", "approved_by": None}) == (0, "")


def test_who_may_only_look_is_refused_by_rbac(kubectl: Kubectl, shop: str) -> None:
    for code, said in (create(kubectl, shop, "carol"), annotate(kubectl, shop, "carol", requestedAt="now")):
        assert code == 1
        assert 'User "carol" cannot' in said
        assert "ValidatingAdmissionPolicy" not in said


def test_deletion_is_left_to_rbac(kubectl: Kubectl, shop: str) -> None:
    deleted = kubectl("delete", "retrainpolicy", "churn", "-n", shop, "--dry-run=server", "--as=alice")
    assert (deleted.returncode, deleted.stderr) == (0, "")


OTHERS = "must be who approves or rejects: write bob instead of {}, or remove that annotation."


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_nobody_decides_in_anothers_name(kubectl: Kubectl, shop: str, decision: str) -> None:
    told = "retrain.dev/approved-by of RetrainPolicy churn "
    code, said = annotate(kubectl, shop, "bob", **{decision: "run", "approved_by": "alice"})
    assert (code, denial(said)) == (1, told + OTHERS.format("alice"))
    code, said = annotate(kubectl, shop, "bob", **{decision: "run"})
    assert (code, denial(said)) == (1, told + OTHERS.format("kubernetes-admin")), (
        "who decided before stands there still"
    )
    code, said = annotate(kubectl, shop, "bob", approved_by="alice")
    assert (code, denial(said)) == (1, told + OTHERS.format("alice"))
    assert create(kubectl, shop, "bob", **{decision: "run", "approved_by": "alice"})[0] == 1


def test_a_name_of_two_lines_which_no_message_can_hold_is_refused_without_it(kubectl: Kubectl, shop: str) -> None:
    code, said = annotate(kubectl, shop, "bob", approved_by="bob\nalice")
    told = "The annotation retrain.dev/approved-by must be the name of the user who approves or rejects, or absent."
    assert (code, denial(said)) == (1, told)


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_one_decides_in_ones_own_name_or_in_none(kubectl: Kubectl, shop: str, decision: str) -> None:
    assert annotate(kubectl, shop, "bob", **{decision: "run", "approved_by": "bob"}) == (0, "")
    assert annotate(kubectl, shop, "bob", **{decision: "run", "approved_by": None}) == (0, "")
    assert create(kubectl, shop, "bob", **{decision: "run", "approved_by": "bob"}) == (0, "")


def test_the_name_of_who_decided_does_not_stand_in_the_way_of_others(kubectl: Kubectl, shop: str) -> None:
    assert patch(kubectl, shop, "bob", spec={"suspend": True}) == (0, "")
    assert annotate(kubectl, shop, "bob", requestedAt="tuesday") == (0, "")
