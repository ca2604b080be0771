"""`kubectl retrain status` as a user calls it, against the real API server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrain_operator.decide.grant import grant
from retrain_operator.model.access import Account
from retrain_operator.model.status import Missing
from tests.cli.wire import CLAIM, STARTED, Json, ended, summary
from tests.cluster import paths
from tests.crds import samples
from tests.crds.conftest import BY_HAND, Kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("quiet")]

PROGRAM = Path(sys.executable).parent / "kubectl-retrain"
NO_DATA = "There is nothing at file:///data/batches/*.parquet."
Make = Callable[..., None]


def status(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of `kubectl-retrain status`."""
    return called([str(PROGRAM), "status", *arguments])


def called(command: list[str]) -> tuple[int, str, str]:
    environment = {
        **os.environ,
        "KUBECONFIG": str(paths.kubeconfig()),
        "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def make(kubectl: Kubectl, namespace: str) -> Make:
    """Makes the policy with a status and, when a second status is given, a run of it."""

    def write(body: Json, status: Json) -> Any:
        kind, name, patch = body["kind"], body["metadata"]["name"], json.dumps({"status": status})
        applied = kubectl("apply", "-n", namespace, *BY_HAND, "-f", "-", "-o", "json", body=body)
        assert applied.returncode == 0, applied.stderr
        named = (kind, name, "-n", namespace, "--subresource=status")
        done = kubectl("patch", *named, *BY_HAND, "--type=merge", f"--patch={patch}")
        assert done.returncode == 0, done.stderr
        return json.loads(applied.stdout)["metadata"]["uid"]

    def both(policy: Json, run: Json | None = None) -> None:
        kubectl("delete", "retrainpolicies,retrainruns", "--all", "-n", namespace)
        uid = write(samples.policy(), {"observedGeneration": 1, **policy})
        if run is not None:
            owner = {"apiVersion": samples.API_VERSION, "kind": "RetrainPolicy", "name": "churn", "uid": uid}
            body = samples.run()
            body["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
            write(body, run)

    return both


def test_a_policy_that_is_not_there(kubectl: Kubectl, namespace: str) -> None:
    assert status("nowhere", "-n", namespace) == (1, "", "Error: Policy nowhere does not exist\n")


def test_running(make: Make, namespace: str) -> None:
    make({"state": "Training", "activeRun": CLAIM}, {"state": "Training", "startTime": STARTED, "message": "Going."})
    code, said, wrong = status("churn", "-n", namespace)
    assert (code, wrong) == (0, "")
    assert said.startswith("Status: Running\nLast run: 2024-06-01 10:00:00\nDetail: Going.\n\nRun: churn-abcdefghij\n")
    assert "  Collect   Pending" in said, "the schema gives a new run its four steps"


def test_completed(make: Make, namespace: str) -> None:
    message = "The candidate is in service."
    make({"lastRun": summary("Succeeded", "Promoted", message)}, ended("Succeeded", "Promoted", message))
    code, said, _ = status("churn", "-n", namespace)
    assert (code, said.splitlines()[:2]) == (0, ["Status: Completed", "Last run: 2024-06-01 10:00:00"])


def test_failed_for_want_of_data_when_the_run_is_no_longer_kept(make: Make, namespace: str) -> None:
    make({"lastRun": summary("Failed", "DataSourceNotFound", NO_DATA)})
    code, said, _ = status("churn", "-n", namespace)
    assert code == 0
    assert said.startswith(f"Status: Failed\nError: Data source not found\nDetail: {NO_DATA}\n")


def test_kubectl_finds_it(make: Make, namespace: str) -> None:
    make({"state": "Idle", "message": "All triggers are within their healthy ranges."})
    code, said, _ = called([str(paths.kubectl()), "retrain", "status", "churn", "--namespace", namespace])
    assert (code, said.splitlines()[0]) == (0, "Status: Idle")


def test_a_stranger_under_the_name_of_the_run_is_not_told_of(make: Make, kubectl: Kubectl, namespace: str) -> None:
    make({"state": "Training", "activeRun": CLAIM})
    assert kubectl("create", "-n", namespace, *BY_HAND, "-f", "-", body=samples.run()).returncode == 0
    assert "Run:" not in status("churn", "-n", namespace)[1]


def test_what_it_says_to_apply_gives_the_right(make: Make, kubectl: Kubectl, namespace: str) -> None:
    account = f"system:serviceaccount:{namespace}:retrain-runner"
    may = ("auth", "can-i", "patch", "deployments.apps/churn-serving", "-n", namespace, f"--as={account}")
    lacks = {
        "account": account,
        "verb": "patch",
        "apiGroup": "apps",
        "resource": "deployments",
        "name": "churn-serving",
    }
    missing = {"layer": "RBAC", **lacks}
    granted = grant(
        Account(namespace, "retrain-runner"),
        [Missing.model_validate(missing)],
        Account("retrain-system", "retrain-operator"),
    )
    make({"activeRun": CLAIM, "missing": [missing], "grant": granted}, {"state": "Blocked", "missing": [missing]})
    assert kubectl(*may).stdout == "no\n"
    pasted = status("churn", "-n", namespace)[1].split("kubectl apply -f - <<'END'\n")[1]
    applied = kubectl("apply", "-f", "-", body=pasted.removesuffix("END\n"))
    assert applied.returncode == 0, applied.stderr
    deadline = time.monotonic() + 10
    while kubectl(*may).stdout != "yes\n":
        assert time.monotonic() < deadline, "the right was granted 10 s ago"


def test_somebody_who_may_not_look(kubectl: Kubectl, namespace: str, tmp_path: Path) -> None:
    kubectl("create", "serviceaccount", "nobody", "-n", namespace)
    config = json.loads(kubectl("config", "view", "--raw", "-o", "json").stdout)
    token = kubectl("create", "token", "nobody", "-n", namespace).stdout.strip()
    config["users"][0]["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    code, said, wrong = status("churn", "-n", namespace, "--kubeconfig", str(kubeconfig))
    assert (code, said) == (1, "")
    assert wrong.startswith(f"Error: You may not get retrainpolicies in namespace {namespace}; ask for the ClusterRole")
