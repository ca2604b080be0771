"""A kubectl of the test cluster, with the CRDs of this checkout installed."""

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster import paths

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
BY_HAND = ("--as=by-hand", "--as-group=system:masters")
"""Options to write runs and statuses, which manifests/base leaves to the operator once it has been applied."""


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    """Runs kubectl with these arguments; `body` goes to its standard input, as JSON or as it is."""

    assert paths.kubeconfig().exists(), "the test cluster is not up: run `make cluster`"

    def run(*arguments: str, body: dict[str, Any] | str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(paths.kubectl()), "--kubeconfig", str(paths.kubeconfig()), *arguments]
        said = json.dumps(body) if isinstance(body, dict) else body
        return subprocess.run(command, input=said, capture_output=True, text=True, timeout=60, check=False)

    applied = run("apply", "--server-side", "--force-conflicts", "-k", str(paths.CHECKOUT / "crds"))
    assert applied.returncode == 0, applied.stderr
    for crd in ("retrainpolicies", "retrainruns"):
        run("wait", "--for=condition=Established", f"crd/{crd}.retrain.dev", "--timeout=30s")
    return run


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for one module of tests."""
    name = f"{request.module.__name__.rpartition('.')[2].replace('_', '-')}-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def quiet(kubectl: Kubectl) -> Iterator[None]:
    """No operator writes over what a test writes: one that runs in the cluster is stopped for as long."""
    operator = ("deployment/retrain-operator", "-n", "retrain-system")
    replicas = kubectl("get", *operator, "-o", "jsonpath={.spec.replicas}").stdout
    if replicas:
        kubectl("scale", *operator, "--replicas=0")
        pods = ("pod", "-n", "retrain-system", "-l", "app.kubernetes.io/name=retrain-operator")
        kubectl("wait", "--for=delete", *pods, "--timeout=60s")
    yield
    if replicas:
        kubectl("scale", *operator, f"--replicas={replicas}")
