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
    kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(twin).encode())
    kubectl("expose", f"deployment/{FROZEN}", "--port=8080")
    kubectl("rollout", "status", f"deployment/{FROZEN}", "--timeout=120s")


class DeployRight:
    """The rule of the runner's Role that lets it patch the Deployment. It can be taken away and given back."""

    def __init__(self) -> None:
        self._role = json.loads(kubectl("get", "role", RUNNER, "--output=json"))
        rules = self._role["rules"]
        self._index = next((i for i, rule in enumerate(rules) if "deployments" in rule["resources"]), None)
        if self._index is None:
            raise DemoError(f"Role {RUNNER} in manifests/tenant has no rule for deployments.")

    def take(self) -> str:
        """Take the rule out of the Role. Returns the command that did it."""
        patch = json.dumps([{"op": "remove", "path": f"/rules/{self._index}"}])
        return _shown("patch", "role", RUNNER, "--type=json", f"--patch={patch}")

    def give_back(self) -> str:
        """Put the rule back. Returns the command that did it."""
        rule = self._role["rules"][self._index]
        patch = json.dumps([{"op": "add", "path": f"/rules/{self._index}", "value": rule}])
        return _shown("patch", "role", RUNNER, "--type=json", f"--patch={patch}")


def _shown(*words: str) -> str:
    kubectl(*words)
    return f"kubectl {' '.join(words)}"


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
        kubectl("apply", "--server-side", "--force-conflicts", "--kustomize", temporary)


def _image(name: str, reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"name": name, "newName": repository, "newTag": tag}
