"""The kind cluster itself: makes it, waits until it can be worked with, and deletes it.

From here on it makes no difference where the node image came from.
"""

import json
import shutil
import time
from typing import Any

from tests.cluster import paths
from tests.cluster.command import ClusterError, capture, logged, succeeds
from tests.cluster.engine import Engine
from tests.cluster.progress import Steps
from tests.cluster.tools import go, module_version

READY_TIMEOUT = 120.0
# What pods need besides the API: names, Services, and volumes. One of each is enough.
SYSTEM_PODS = {"coredns": "kube-system", "kube-proxy": "kube-system", "local-path-provisioner": "local-path-storage"}


def create(engine: Engine, image: str) -> None:
    """Make the cluster and wait until it is ready; raises ClusterError when that fails."""
    kind = program()
    folder = paths.state() / "kind"
    shutil.copytree(paths.SOURCE / "kind", folder, dirs_exist_ok=True)
    log = paths.logs() / "create.log"
    log.unlink(missing_ok=True)
    steps = Steps(2)
    with steps.step("Create the cluster", expected=18):
        options = ["--name", paths.CLUSTER, "--image", image, "--config", "cluster.yaml"]
        command = [kind, "create", "cluster", *options, "--kubeconfig", str(paths.kubeconfig())]
        logged(command, log, env=engine.env, cwd=folder)
    with steps.step("Wait for the node, DNS and storage", expected=10):
        copy_kubectl(engine)
        wait_ready(engine)


def delete(engine: Engine) -> None:
    """Remove the node with its volumes and the cluster's kubeconfig."""
    engine.remove(paths.NODE)
    paths.kubeconfig().unlink(missing_ok=True)


def program() -> str:
    """A kind of the version that node/go.mod names: the one on the PATH, or one that is compiled once."""
    version = module_version("sigs.k8s.io/kind")
    installed = shutil.which("kind")
    if installed and capture("kind", "version", "--quiet") == version.removeprefix("v"):
        return installed
    ours = paths.cache() / "bin" / f"kind-{version}"
    if not ours.exists():
        with Steps().step(f"Compile kind {version}", expected=40):
            build = ["-C", str(paths.SOURCE / "node"), "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"]
            command = [*go(), *build, "-o", str(ours), "sigs.k8s.io/kind"]
            logged(command, paths.logs() / "kind.log", env={"CGO_ENABLED": "0"})
    return str(ours)


def copy_kubectl(engine: Engine) -> None:
    """Have the node's own kubectl at `paths.kubectl()`, so that the two always fit."""
    version = engine.docker("exec", paths.NODE, "cat", "/kind/version")
    kept = paths.cache() / "bin" / f"kubectl-{version}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        engine.docker("cp", f"{paths.NODE}:/usr/bin/kubectl", str(part))
        part.rename(kept)
    paths.kubectl().unlink(missing_ok=True)
    paths.kubectl().symlink_to(kept.name)


def answers() -> bool:
    """Whether the API server says that it is ready."""
    return paths.kubeconfig().exists() and succeeds(*_kubectl("get", "--raw", "/readyz", "--request-timeout", "2s"))


def wait_ready(engine: Engine) -> None:
    """Wait until pods can run, find each other and have volumes; raises ClusterError naming what is missing."""
    deadline = time.monotonic() + READY_TIMEOUT
    since = engine.docker("inspect", "--format", "{{.State.StartedAt}}", paths.NODE)
    while lacking := _lacking(since):
        if time.monotonic() > deadline:
            raise ClusterError(
                f"The cluster did not become ready within {READY_TIMEOUT:.0f} s. Lacking: {', '.join(lacking)}.",
                where=f"docker exec {paths.NODE} journalctl -u kubelet, and kubectl --namespace kube-system get pods",
                todo="run `make cluster-down` and then `make cluster`; a very busy machine may need a second try.",
            )
        time.sleep(0.3)


def _lacking(since: str) -> list[str]:
    if not answers():
        return ["an answer of the API server"]
    found = capture(*_kubectl("get", "nodes,pods,serviceaccounts", "--all-namespaces", "--output", "json"))
    return lacking(json.loads(found)["items"], since=since)


def lacking(objects: list[dict[str, Any]], *, since: str) -> list[str]:
    """What a cluster with these objects lacks before it can be worked with; empty when it is ready.

    After a restart the API server shows pods as they were before, so a container counts only if it was started after
    `since`, the RFC 3339 time at which the node was.
    """
    names = {f"{item['kind']}/{item['metadata']['name']}" for item in objects}
    missing = [] if "ServiceAccount/default" in names else ["the ServiceAccount default"]
    if not any(item["kind"] == "Node" and _is_ready(item) for item in objects):
        missing.append("a ready node")
    ready = [item for item in objects if item["kind"] == "Pod" and _is_ready(item) and _runs_since(item, since)]
    for system, namespace in SYSTEM_PODS.items():
        here = [item["metadata"]["name"] for item in ready if item["metadata"]["namespace"] == namespace]
        if not any(name.startswith(f"{system}-") for name in here):
            missing.append(f"a ready pod of {system}")
    return missing


def _is_ready(item: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions", []))


def _runs_since(pod: dict[str, Any], since: str) -> bool:
    started = [c["state"].get("running", {}).get("startedAt", "") for c in pod["status"].get("containerStatuses", [])]
    return bool(started) and min(started) >= since[: len("2024-06-01T10:00:00")]


def _kubectl(*arguments: str) -> list[str]:
    own = ["--kubeconfig", str(paths.kubeconfig()), "--cache-dir", str(paths.kubectl_cache())]
    return [str(paths.kubectl()), *own, *arguments]
