"""Sets the stage in the cluster: the operator, a namespace of the demo's own, and everything in it but the policy.

All of it is plain `kubectl apply`; the images that `make images` built are named by an overlay in a temporary folder.
"""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.cluster import paths
from tests.demo.access import NAMESPACE, DemoError, kubectl
from tests.demo.stream import Week

MANIFESTS = paths.CHECKOUT / "manifests"
POLICY = MANIFESTS / "demo" / "policy.yaml"
NAME = "elec2"
FROZEN = "frozen"
RUNNER = "retrain-runner"
IMAGES = {
    "retrain-operator": "OPERATOR_IMAGE",
    "retrain-trainer": "TRAINER_IMAGE",
    "prometheus": "PROMETHEUS_IMAGE",
}
"""Names of images in the manifests, and what `make images` calls them."""


def check() -> None:
    """Raise DemoError when there is no cluster, or no images in it."""
    if not paths.kubeconfig().exists() or set(IMAGES.values()) - set(paths.images()):
        raise DemoError("There is no cluster with images. Run `make demo`, which makes both, or `make images` first.")


def clear() -> None:
    """Remove what an earlier demo left."""
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait", "--timeout=120s")


def install_operator() -> None:
    """The operator as anybody would install it, looking at the demo's Prometheus."""
    _apply(MANIFESTS / "demo" / "operator")
    kubectl("rollout", "status", "deployment/retrain-operator", "--timeout=120s", namespace="retrain-system")


def install_tenant() -> None:
    """Prometheus, the model servers, the claims, and the account that the policy acts as."""
    _apply(MANIFESTS / "demo")
    kubectl("rollout", "status", "deployment/prometheus", "--timeout=120s")
    kubectl("wait", "pod/lake", "--for=condition=Ready", "--timeout=120s")


def policy() -> str:
    """The policy with the trainer's image as it is called here."""
    return POLICY.read_text().replace("image: retrain-trainer", f"image: {paths.images()['TRAINER_IMAGE']}")


def land(weeks: Iterable[Week]) -> None:
    """Put the batches of these weeks into the data claim, each whole or not at all."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for week in weeks:
            content = week.parquet()
            entry = tarfile.TarInfo(week.file_name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    # Unpacked beside the batches and then moved, so that a run never meets half a file.
    script = "set -e; mkdir -p /data/.new; tar -x -f - -C /data/.new; mv /data/.new/* /data/"
    kubectl("exec", "--stdin", "lake", "--", "sh", "-c", script, stdin=archive.getvalue())


def freeze() -> None:
    """Put a twin beside the Deployment that keeps the model of this moment for good, with a Service of its own."""
    twin = json.loads(kubectl("get", f"deployment/{NAME}", "--output=json"))
    labels = {"app": FROZEN}
    twin["metadata"] = {"name": FROZEN}
    twin["spec"] |= {"replicas": 1, "selector": {"matchLabels": labels}}
    twin["spec"]["template"]["metadata"] = {"labels": labels}
    kubectl("create", "--filename=-", stdin=json.dumps(twin).encode())
    kubectl("expose", f"deployment/{FROZEN}", "--port=8080")
    kubectl("rollout", "status", f"deployment/{FROZEN}", "--timeout=120s")


def set_deploy_verbs(*verbs: str) -> str:
    """Change what the runner's Role lets it do with the Deployment. Returns the command that did it."""
    rules = json.loads(kubectl("get", "role", RUNNER, "--output=json"))["rules"]
    rule = next(number for number, rule in enumerate(rules) if "deployments" in rule["resources"])
    patch = json.dumps([{"op": "replace", "path": f"/rules/{rule}/verbs", "value": verbs}])
    kubectl("patch", "role", RUNNER, "--type=json", f"--patch={patch}")
    return f"kubectl patch role {RUNNER} --type=json -p '{patch}'"


def _apply(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            # kustomize takes no absolute path for a base.
            "resources": [os.path.relpath(folder, Path(temporary).resolve())],
            "images": [_image(name, paths.images()[variable]) for name, variable in IMAGES.items()],
        }
        (Path(temporary) / "kustomization.yaml").write_text(json.dumps(overlay))
        kubectl("apply", "--kustomize", temporary, namespace=None)


def _image(name: str, reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"name": name, "newName": repository, "newTag": tag}
