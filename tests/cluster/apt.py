"""Installs Debian packages on this machine, and makes container images out of them where no registry answers."""

import os
import shutil

from tests.cluster import paths
from tests.cluster.command import ClusterError, logged
from tests.cluster.engine import Engine
from tests.cluster.tools import fingerprint

SUITE = "bookworm"
LEAN = [
    *("--aptopt=Apt::Install-Recommends false", "--variant=minbase"),
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man")),
]


def install(*packages: str, purpose: str) -> None:
    """Install packages by apt; raises ClusterError where this machine or this user cannot."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise ClusterError(
            f"{' and '.join(packages)} is needed {purpose} and is not installed.",
            where="this machine has no apt-get" if os.geteuid() == 0 else "you are not root, so nothing was installed",
            todo=f"install {' and '.join(packages)}, or use a machine where a container registry can be reached.",
        )
    log = paths.logs() / "apt.log"
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    logged(["apt-get", "update"], log, env=quiet)
    logged(["apt-get", "install", "--yes", "--no-install-recommends", *packages], log, env=quiet)


def reference(name: str, packages: list[str]) -> str:
    """What an image with these Debian packages is called."""
    return f"localhost/retrain-{name}:{fingerprint(SUITE, *LEAN, *packages)}"


def image(engine: Engine, name: str, packages: list[str]) -> str:
    """The reference of an image with these Debian packages, made at the first call and kept in the engine."""
    made = reference(name, packages)
    if engine.has_image(made):
        return made
    if not shutil.which("mmdebstrap"):
        install("mmdebstrap", "debian-archive-keyring", purpose="to make images from Debian's packages")
    log = paths.logs() / f"{name}.log"
    archive = paths.cache() / f"{name}.tar"
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        logged(["mmdebstrap", *LEAN, f"--include={','.join(packages)}", SUITE, str(archive)], log)
        logged(["docker", "import", str(archive), made], log, env=engine.env)
    finally:
        archive.unlink(missing_ok=True)
    return made
