"""Fetches what the committed lock names as wheels for an image, so that the image is built without a network."""

import hashlib
import platform
import shutil
from pathlib import Path

from tests.cluster import paths
from tests.cluster.command import capture, logged
from tests.cluster.tools import uv

PIP = "pip==26.3"
GLIBC_MINORS = range(28, 16, -1)


def requirements(extra: str) -> str:
    """The lock's requirements for one extra of the project, each pinned and with the hashes of its files."""
    only = ["--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate", "--quiet"]
    return capture(uv(), "--project", str(paths.CHECKOUT), "export", "--frozen", "--extra", extra, *only) + "\n"


def fetch(required: str, *, python: str, into: Path, log: Path) -> None:
    """Have in the folder `into` exactly the wheels that these requirements name for a version of Python, such as 3.13.

    The lock may pin one package differently for each Python; pip chooses by the Python that runs it, so uv has to.
    Whether the files are the locked ones is checked where they are installed, against the lock's own hashes.
    """
    stamp = into / "complete"
    key = hashlib.sha256(f"{python}\n{platform.machine()}\n{required}".encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == key:
        return
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    asked, chosen = into.parent / "asked.txt", into.parent / "chosen.txt"
    asked.write_text(required)
    machine = platform.machine()
    target = ["--python-version", python, "--python-platform", f"{machine}-manylinux_2_28"]
    logged([uv(), "pip", "compile", "--no-deps", "--quiet", *target, "-o", str(chosen), str(asked)], log)
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS] + [f"manylinux2014_{machine}"]
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", python, "--dest", str(into)]
    for name in platforms:
        options += ["--platform", name]
    logged([uv(), "tool", "run", "--quiet", PIP, "download", *options, "--requirement", str(chosen)], log)
    stamp.write_text(key)


def build_project(into: Path, log: Path) -> None:
    """Have in the folder `into` the project's own wheel, and nothing else."""
    shutil.rmtree(into, ignore_errors=True)
    logged([uv(), "build", "--wheel", "--out-dir", str(into), str(paths.CHECKOUT)], log)
