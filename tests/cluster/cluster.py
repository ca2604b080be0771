"""Brings the cluster up and takes it down again, each as often as one likes and one caller at a time.

A marker in the state folder says which node is ours; a cluster of the same name that somebody else made is left alone.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster import dockerd, kind, node_image, paths
from tests.cluster.command import ClusterError, succeeds
from tests.cluster.engine import Engine, find
from tests.cluster.progress import say
from tests.cluster.tools import fingerprint

NETWORK = "kind"


@dataclass(frozen=True)
class Marker:
    """What we made: the node's id (empty while it is being made), from which files, and whether the network is ours."""

    node: str
    files: str
    network: bool

    @staticmethod
    def file() -> Path:
        return paths.state() / "cluster.json"

    @classmethod
    def read(cls) -> "Marker | None":
        return cls(**json.loads(cls.file().read_text())) if cls.file().exists() else None

    def write(self) -> None:
        self.file().write_text(json.dumps(asdict(self)))


def up() -> Engine:
    """Have the cluster running and ready; the engine that it runs in. Raises ClusterError with what to do."""
    with lock():
        engine = find() or dockerd.start()
        paths.docker_host_file().write_text(engine.host + "\n")
        node, marker = our_node(engine), Marker.read()
        if not (node and marker and marker.node == node.identity and marker.files == _files()):
            if node:
                say(f"The cluster {paths.CLUSTER} was made from other files, or not to the end; it is made anew.")
            _create(engine)
            say(f"The cluster {paths.CLUSTER} is ready.")
        elif node.runs and kind.answers():
            say(f"The cluster {paths.CLUSTER} is up.")
        else:
            _revive(engine, node)
        say(f"  kubeconfig: {paths.kubeconfig()}")
        return engine


def down() -> None:
    """Remove everything that `up` made, except what is in the cache. Never touches a cluster that `up` did not make."""
    with lock():
        engine = find()
        if engine is None and (dockerd.data() / "containers").is_dir() and Marker.read():
            engine = dockerd.start()  # a node that was left by a killed engine is removed by an engine
        if engine and our_node(engine):
            kind.delete(engine)
        marker = Marker.read()
        if engine and marker and marker.network:
            # Refused, and rightly, while another kind cluster is on it.
            succeeds("docker", "--host", engine.host, "network", "rm", NETWORK)
        if engine is None or engine.ours:
            dockerd.stop()
        for left in (Marker.file(), paths.docker_host_file(), paths.images_file(), paths.kubeconfig()):
            left.unlink(missing_ok=True)
        for folder in (paths.state() / "kind", paths.kubectl_cache()):
            shutil.rmtree(folder, ignore_errors=True)
    say(f"The cluster {paths.CLUSTER} is removed.")
    if paths.cache().exists():
        say(f"  Kept, so that the next start is quick: {paths.cache()} (remove it with `rm -r` if you like)")
    if engine and not engine.ours:
        say('  Kept in your Docker engine: images, see `docker images "localhost/retrain-*"`')


@contextmanager
def lock() -> Iterator[None]:
    """Let one caller at a time in, on the whole machine; the others wait."""
    paths.state().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (paths.state() / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command works on the cluster; waiting for it to end.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Node:
    """Our node's container."""

    identity: str
    runs: bool


def our_node(engine: Engine) -> Node | None:
    """Our node in this engine, None where there is none; raises ClusterError where there is one that is not ours."""
    found = engine.container(paths.NODE)
    if found is None:
        return None
    identity, runs = found
    marker = Marker.read()
    if engine.ours or (marker and marker.node in ("", identity)):
        return Node(identity, runs)
    raise ClusterError(
        f"There is a kind cluster named {paths.CLUSTER} that was not made here, and it is left alone.",
        where=f"container {paths.NODE} of the Docker engine at {engine.host}",
        todo=f"if nobody needs it, remove it with `kind delete cluster --name {paths.CLUSTER}` and try again.",
    )


def _revive(engine: Engine, node: Node) -> None:
    """Bring back, with its state, a cluster that was stopped; make it anew where it does not come back."""
    say(f"The cluster {paths.CLUSTER} was stopped; starting it again.")
    try:
        if not node.runs:
            engine.docker("start", paths.NODE)
        kind.wait_ready(engine)
    except ClusterError as failed:
        say(f"It did not come back, so it is made anew. {failed}")
        _create(engine)
    say(f"The cluster {paths.CLUSTER} runs again.")


def _create(engine: Engine) -> None:
    image = node_image.image(engine)
    kind.delete(engine)
    paths.images_file().unlink(missing_ok=True)  # they were in the node
    before, networks = Marker.read(), engine.docker("network", "ls", "--format", "{{.Name}}").split()
    network = before.network if before else NETWORK not in networks
    Marker(node="", files=_files(), network=network).write()
    kind.create(engine, image)
    node = our_node(engine)
    assert node is not None
    Marker(node=node.identity, files=_files(), network=network).write()


def _files() -> str:
    """A name for everything that the cluster is made from."""
    return fingerprint(paths.SOURCE / "node", paths.SOURCE / "kind")
