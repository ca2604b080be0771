"""Where the cluster keeps its things; tests and demo ask here and nowhere else.

What is expensive to make lies below the XDG cache folder, what exists while the cluster does below the XDG state
folder. Nothing is written into the checkout, and the user's own kubeconfig and contexts are never read or changed.
"""

import os
from pathlib import Path

CLUSTER = "retrain"
NODE = f"{CLUSTER}-control-plane"
AUDIT_LOG = "/var/log/kubernetes/audit.log"  # in the node: `docker exec NODE cat ...`
SOURCE = Path(__file__).parent
CHECKOUT = SOURCE.parents[1]


def cache() -> Path:
    """What survives `down`: compiled programs, wheels, logs of builds and the data of an engine that we started."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state() -> Path:
    """What `down` removes: kubeconfig, markers, sockets."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def _xdg(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / otherwise) / "retrain-operator"


def kubeconfig() -> Path:
    """The cluster's own kubeconfig, for its administrator; readable by the user alone."""
    return state() / "kubeconfig"


def kubectl() -> Path:
    """A kubectl of the cluster's own version."""
    return cache() / "bin" / "kubectl"


def kubectl_cache() -> Path:
    """Where kubectl keeps what it learnt of the API, for KUBECACHEDIR, instead of below the user's own ~/.kube."""
    return state() / "kube-cache"


def logs() -> Path:
    """Where each step of a build writes what its tools said."""
    return cache() / "logs"


def docker_host_file() -> Path:
    """Where `up` notes the engine that it uses, for `docker_host`."""
    return state() / "docker-host"


def docker_host() -> str:
    """The address of the engine that the cluster runs in, for DOCKER_HOST. Raises FileNotFoundError before `up`."""
    return docker_host_file().read_text().strip()


def images_file() -> Path:
    """Where `images` notes what it built, as lines of NAME=reference."""
    return state() / "images.env"


def images() -> dict[str, str]:
    """OPERATOR_IMAGE, TRAINER_IMAGE and PROMETHEUS_IMAGE as loaded into the node; empty before `images`."""
    if not images_file().exists():
        return {}
    return dict(line.split("=", 1) for line in images_file().read_text().splitlines())
