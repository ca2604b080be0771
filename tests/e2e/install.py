"""Puts onto a cluster what the stories and the benchmark need: the operator as users install it, and tenants."""

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.cluster import paths
from tests.e2e.stage import HERE, MONITORING, ROOT, Json, Tenant, kubectl

FIRST = "tenant-first"
"""The namespace of the tenant that a source is kept for."""
ANSWERING = f"answering.{MONITORING}.svc:8000"
FIRSTS_OWN = f"answering.{MONITORING}:8000"
"""The same server under another name, which is allowed to that tenant alone."""
SOURCES: Json = {
    "sources": [
        {"name": "spare", "address": f"http://spare.{MONITORING}.svc:9090"},
        {"name": "first", "address": f"http://{ANSWERING}", "namespaces": [FIRST]},
        {
            "name": "shared",
            "address": f"http://{ANSWERING}",
            "tenantHeader": {"name": "X-Scope-OrgID", "value": "{namespace}"},
        },
    ],
    # The last two an administrator should not allow; who does so has not opened the way to them.
    "allowedAddresses": [f"prometheus.{MONITORING}.svc:9090", ANSWERING, "169.254.169.254:80", "localhost:8080"],
    "tenantAddresses": {FIRST: [FIRSTS_OWN]},
}
"""What the operator may be asked to ask beside its default."""


def operator(folder: Path) -> None:
    """The operator from its image, by `kubectl apply -k`, and the real Prometheus that it asks. Returns when ready."""
    images = paths.images()
    address = {"name": "RETRAIN_PROMETHEUS_ADDRESS", "value": f"http://prometheus.{MONITORING}.svc:9090"}
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "retrain-operator"},
        "spec": {"template": {"spec": {"containers": [{"name": "operator", "env": [address]}]}}},
    }
    named = {"name": "retrain-sources", "namespace": "retrain-system", "behavior": "replace"}
    installed: Json = {
        "resources": ["../manifests/base"],
        "configMapGenerator": [{**named, "literals": [f"sources.yaml={yaml.safe_dump(SOURCES)}"]}],
        "images": [_image("retrain-operator", images["OPERATOR_IMAGE"])],
        "patches": [{"target": {"kind": "Deployment"}, "patch": yaml.safe_dump(patch)}],
    }
    watched: Json = {
        "namespace": MONITORING,
        "resources": ["monitoring.yaml"],
        "images": [_image("prometheus", images["PROMETHEUS_IMAGE"]), _image("scripted", images["SCRIPTED_IMAGE"])],
    }
    _copy(folder)
    kubectl("create", "namespace", MONITORING, check=False)
    kubectl("apply", "-k", str(_kustomization(folder / "operator", installed)))
    kubectl("apply", "-k", str(_kustomization(folder / "monitoring", watched)))
    _ready("retrain-system", "retrain-operator")
    _ready(MONITORING, "prometheus")
    _ready(MONITORING, "spare")
    _ready(MONITORING, "exporter")
    _ready(MONITORING, "answering")


def tenant(folder: Path, workloads: str = "tenant.yaml") -> Tenant:
    """A namespace of its own, let in by manifests/tenant, with a Deployment of two replicas.

    Returns when its pods run; a real server is ready only once it has a model.
    """
    images = paths.images()
    namespace = f"tenant-{secrets.token_hex(4)}"
    let_in: Json = {
        "namespace": namespace,
        "resources": ["../manifests/tenant", workloads],
        "images": [_image("scripted", images["SCRIPTED_IMAGE"]), _image("retrain-trainer", images["TRAINER_IMAGE"])],
    }
    _copy(folder)
    kubectl("create", "namespace", namespace)
    kubectl("apply", "-k", str(_kustomization(folder / "tenant", let_in)))
    if workloads == "tenant.yaml":
        _ready(namespace, "churn-serving")
    return Tenant(namespace)


@contextmanager
def alone(shared: Path) -> Iterator[None]:
    """Nobody else installs or stops the operator meanwhile, of all who share this folder."""
    with (shared / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def operator_away(shared: Path) -> Iterator[None]:
    """There is no operator meanwhile. Other stories go on, so it should not last."""
    scale = ("-n", "retrain-system", "scale", "deployment/retrain-operator")
    with alone(shared):
        kubectl(*scale, "--replicas=0")
        try:
            kubectl("-n", "retrain-system", "wait", "--for=delete", "pod", "--all", "--timeout=60s")
            yield
        finally:
            kubectl(*scale, "--replicas=1")
            _ready("retrain-system", "retrain-operator")


def _ready(namespace: str, name: str) -> None:
    kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=120s")


def _copy(folder: Path) -> None:
    """A kustomization may only name files below it and folders beside it, so what it needs is copied there."""
    for name in ("manifests", "crds"):
        shutil.copytree(ROOT / name, folder / name)


def _kustomization(folder: Path, content: Json) -> Path:
    folder.mkdir()
    for name in content["resources"]:
        if name.endswith(".yaml"):
            shutil.copy(HERE / name, folder / name)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"kind": "Kustomization", **content}))
    return folder


def _image(placeholder: str, reference: str) -> Json:
    """The words that put a built image in a placeholder's place."""
    name, _, tag = reference.rpartition(":")
    return {"name": placeholder, "newName": name, "newTag": tag}
