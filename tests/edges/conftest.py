"""The real API server as the operator meets it: with the rights of manifests/base, and a tenant that lets it in."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from kubernetes.aio.client import ApiClient

from retrain_operator.edges.kube import Kube, connect
from tests.cluster import paths
from tests.crds.conftest import Kubectl, kubectl, namespace
from tests.edges.bodies import THINGS

__all__ = ["kubectl", "namespace"]

# What a test machine is busy with besides says nothing about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

MANIFESTS = Path(paths.CHECKOUT) / "manifests"


@pytest.fixture
async def admin() -> AsyncIterator[Kube]:
    """The cluster's administrator, who prepares what the operator meets."""
    kube = Kube(await connect(paths.kubeconfig()))
    yield kube
    await kube.close()


@pytest.fixture(scope="session")
def token(kubectl: Kubectl) -> str:
    """A token of the operator's ServiceAccount, which has the rights that are shipped and no others."""
    for file in ("namespace.yaml", "rbac.yaml"):
        done = kubectl("apply", "--server-side", "-f", str(MANIFESTS / "base" / file))
        assert done.returncode == 0, done.stderr
    done = kubectl("create", "token", "retrain-operator", "--namespace", "retrain-system", "--duration", "1h")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
async def operator(token: str) -> AsyncIterator[Kube]:
    """The operator."""
    configuration = (await connect(paths.kubeconfig())).configuration
    configuration.cert_file = configuration.key_file = None
    configuration.api_key = {"BearerToken": f"Bearer {token}"}
    kube = Kube(ApiClient(configuration))
    yield kube
    await kube.close()


@pytest.fixture(scope="module")
def tenant(kubectl: Kubectl, namespace: str) -> str:
    """A namespace that lets the operator in as `retrain-runner`, in the way that is shipped."""
    for file in ("runner.yaml", "operator.yaml"):
        done = kubectl("apply", "--namespace", namespace, "-f", str(MANIFESTS / "tenant" / file))
        assert done.returncode == 0, done.stderr
    return namespace


@pytest.fixture(scope="module")
def things(kubectl: Kubectl) -> Iterator[None]:
    """The custom resource `things`, with a status of its own."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": free}}
    spec = {
        "group": THINGS.group,
        "scope": "Namespaced",
        "names": {"plural": THINGS.plural, "singular": "thing", "kind": "Thing"},
        "versions": [{**version, "subresources": {"status": {}}}],
    }
    name = f"{THINGS.plural}.{THINGS.group}"
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}}
    kubectl("apply", "-f", "-", body={**head, "spec": spec})
    done = kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    assert done.returncode == 0, done.stderr
    yield
    kubectl("delete", "crd", name, "--timeout=30s")
