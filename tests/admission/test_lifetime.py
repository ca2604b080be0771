"""Nothing hangs: what belongs together goes together, in every way of deletion that Kubernetes has."""

import secrets

import pytest

from tests.admission.conftest import OPERATOR, PERMITTED, Grant, Json, may_at_last
from tests.crds.conftest import Kubectl
from tests.crds.samples import API_VERSION, policy, run
from tests.e2e.stage import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("admission", "quiet")]


def make(kubectl: Kubectl, namespace: str) -> None:
    """A policy and its run, which is the operator's."""
    may_at_last(kubectl, OPERATOR, "create retrainruns.retrain.dev", namespace)
    created = kubectl("create", "-n", namespace, "-f", "-", "-o", "jsonpath={.metadata.uid}", body=policy())
    assert created.returncode == 0, created.stderr
    owner = {"apiVersion": API_VERSION, "kind": "RetrainPolicy", "name": "churn", "uid": created.stdout}
    owned: Json = run()
    owned["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    made = kubectl("create", "-n", namespace, f"--as={OPERATOR}", "-f", "-", body=owned)
    assert made.returncode == 0, made.stderr


def left(kubectl: Kubectl, namespace: str) -> list[str]:
    """Names of the policies and runs that are there."""
    return kubectl("get", "retrainpolicies,retrainruns", "-n", namespace, "-o", "name").stdout.split()


@pytest.fixture(scope="module")
def shop(kubectl: Kubectl, namespace: str, grant: Grant) -> str:
    grant(OPERATOR, *PERMITTED)
    return namespace


@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_with_a_policy_go_its_runs(kubectl: Kubectl, shop: str, cascade: str) -> None:
    make(kubectl, shop)
    deleted = kubectl("delete", "retrainpolicy", "churn", "-n", shop, f"--cascade={cascade}", "--timeout=50s")
    assert (deleted.returncode, deleted.stderr) == (0, "")
    eventually(lambda: left(kubectl, shop) == [])


def test_runs_may_be_kept_when_their_policy_goes(kubectl: Kubectl, shop: str) -> None:
    make(kubectl, shop)
    deleted = kubectl("delete", "retrainpolicy", "churn", "-n", shop, "--cascade=orphan", "--timeout=50s")
    assert (deleted.returncode, deleted.stderr) == (0, "")
    assert left(kubectl, shop) == ["retrainrun.retrain.dev/churn-abcdefghij"]
    owners = kubectl("get", "retrainruns", "-n", shop, "-o", "jsonpath={.items[*].metadata.ownerReferences}").stdout
    assert owners == ""
    kubectl("delete", "retrainruns", "--all", "-n", shop, "--cascade=foreground", "--timeout=50s")
    assert left(kubectl, shop) == []


def test_a_namespace_goes_with_all_that_is_in_it(kubectl: Kubectl, grant: Grant) -> None:
    name = f"lifetime-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    grant(OPERATOR, *PERMITTED, where=name)
    make(kubectl, name)
    kubectl("delete", "namespace", name, "--wait=false")
    eventually(lambda: "NotFound" in kubectl("get", "namespace", name).stderr)
