"""The image of the cluster's node: pulled where a registry answers, else built from Go modules and Debian packages.

What is built is kept in the engine under a tag made of all that went into it; an interrupted build goes on where it
stopped, because each step finds what it has made before (Go's cache, Debian image, layers).
"""

import json
import shutil
from pathlib import Path

from tests.cluster import apt, paths
from tests.cluster.command import ClusterError, capture, logged
from tests.cluster.engine import Engine
from tests.cluster.progress import Step, Steps, say
from tests.cluster.tools import fingerprint, go, module_version

OFFICIAL = "kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"
SOURCE = paths.SOURCE / "node"
GIB = 1 << 30
DISK_NEEDED = 15 * GIB
PACKAGES = [
    *("systemd-sysv", "containerd", "runc", "containernetworking-plugins"),
    *("iproute2", "iptables", "kmod", "mount", "nftables", "procps"),
    *("busybox-static", "ca-certificates"),
]
KUBERNETES = [
    "kubeadm",
    "kubectl",
    "kubelet",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
]
PROVISIONER = "github.com/rancher/local-path-provisioner"
PROGRAMS = [
    [*(f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES), "go.etcd.io/etcd/server/v3", "./coredns", "./pause"],
    [PROVISIONER],  # by itself: it imports logrus under a spelling that must not meet the other one in one build
]


def image(engine: Engine) -> str:
    """The reference of a node image that is in the engine; raises ClusterError when there is no way to one."""
    built = f"localhost/retrain-node:{_digest()}"
    for reference in (built, OFFICIAL):
        if engine.has_image(reference):
            return reference
    if engine.pull(OFFICIAL):
        return OFFICIAL
    say(f"No registry gave {OFFICIAL.partition('@')[0]}; the node image is built here, once, in about nine minutes.")
    _build(engine, built)
    return built


def _digest() -> str:
    """A name for all that the image is made of."""
    return fingerprint(SOURCE, apt.reference("node-debian", PACKAGES), repr(PROGRAMS))


def _build(engine: Engine, reference: str) -> None:
    paths.cache().mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(paths.cache()).free) < DISK_NEEDED:
        raise ClusterError(
            f"Building the node image needs {DISK_NEEDED // GIB} GB of disk, and {free / GIB:.1f} GB are free.",
            where=str(paths.cache()),
            todo="free some space, or set XDG_CACHE_HOME to a folder on a larger disk.",
        )
    log = paths.logs() / "node.log"
    log.unlink(missing_ok=True)
    context = paths.cache() / "node"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(SOURCE, context)
    steps = Steps(5)
    with steps.step("Fetch Kubernetes as Go modules", expected=60) as step:
        packages = _fetch_modules(log, step)
    with steps.step("Compile Kubernetes", expected=430) as step:
        _compile(context / "bin", packages, log, step)
    with steps.step("Make the node's file system from Debian packages", expected=60):
        debian = apt.image(engine, "node-debian", PACKAGES)
    with steps.step("Build the node and the images of its pods", expected=30) as step:
        parts = _build_parts(engine, context, debian, log, step)
    with steps.step("Put the pods' images into the node", expected=20):
        _preload(engine, reference, parts, log)
    shutil.rmtree(context)


def _go(*arguments: str) -> list[str]:
    return [*go(), *arguments]


def _fetch_modules(log: Path, step: Step) -> int:
    """Have Go fetch what the programs need; the number of packages that there are to compile."""
    packages = set()

    def count(line: str) -> None:
        if not line.startswith("go: "):
            packages.add(line)
        step.detail = f"{len(packages)} packages" if packages else line.removeprefix("go: ")

    for programs in PROGRAMS:
        logged(_go("-C", str(SOURCE), "list", "-deps", *programs), log, env={"CGO_ENABLED": "0"}, on_line=count)
    return len(packages)


def _compile(into: Path, packages: int, log: Path, step: Step) -> None:
    version = module_version("k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    stamped = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    flags = ["-s", "-w"]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        flags += [f"-X {package}.{name}={value}" for name, value in stamped.items()]
    compiled = 0

    def count(_line: str) -> None:
        nonlocal compiled
        compiled += 1
        step.share = min(compiled / packages, 0.99)
        step.detail = f"{compiled} of at most {packages} packages"

    build = ["build", "-v", "-trimpath", "-buildvcs=false", "-tags=grpcnotrace", f"-ldflags={' '.join(flags)}"]
    for programs in PROGRAMS:
        command = _go("-C", str(SOURCE), *build, "-o", f"{into}/", *programs)
        logged(command, log, env={"CGO_ENABLED": "0"}, on_line=count)


def _build_parts(engine: Engine, context: Path, debian: str, log: Path, step: Step) -> dict[str, str]:
    """Build the node without its pods' images, and those; each part's name here, and the name that its pod asks for."""
    shutil.copytree(_module("sigs.k8s.io/kind") / "images/base/files", context / "kind")
    shutil.copy(_module(PROVISIONER) / "deploy/local-path-storage.yaml", context / "storage")
    version = module_version("k8s.io/kubernetes")
    names = {
        "node": "",
        "pause": "localhost/pause:node",
        "busybox": "docker.io/library/busybox:latest",
        "local-path-provisioner": f"docker.io/rancher/local-path-provisioner:{module_version(PROVISIONER)}",
    }
    asked = capture(f"{context}/bin/kubeadm", "config", "images", "list", "--kubernetes-version", version)
    for name in asked.splitlines():
        names.setdefault(name.rsplit("/", 1)[-1].split(":")[0], name)
    for number, target in enumerate(names):
        step.share, step.detail = number / len(names), target
        engine.build(context, _part(target), log, target=target, DEBIAN=debian, KUBERNETES=version)
    return names


def _module(name: str) -> Path:
    """The folder of a module's source. Of some we use files alone, so that nothing before has fetched them."""
    return Path(json.loads(capture(*_go("-C", str(SOURCE), "mod", "download", "-json", name), timeout=600))["Dir"])


def _part(target: str) -> str:
    return f"localhost/retrain-node-part/{target}:{_digest()}"


def _preload(engine: Engine, reference: str, names: dict[str, str], log: Path) -> None:
    container = "retrain-node-build"
    archive = paths.cache() / "node-parts.tar"
    pods = [target for target in names if target != "node"]
    options = ["--interactive", "--privileged", "--name", container, "--entrypoint", "/bin/bash"]
    script = (SOURCE / "preload").read_text()
    renames = [f"{_part(target)}={names[target]}" for target in pods]
    try:
        engine.remove(container)
        engine.docker("save", "--output", str(archive), *(_part(target) for target in pods), timeout=600)
        run = ["docker", "run", *options, _part("node"), "-c", script, "preload", *renames]
        logged(run, log, env=engine.env, stdin=archive)
        entrypoint = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
        engine.docker("commit", "--change", entrypoint, "--change", "CMD []", container, reference, timeout=600)
    finally:
        archive.unlink(missing_ok=True)
        engine.remove(container)
    engine.docker("rmi", *(_part(target) for target in names))
