"""Elec2: 45,312 half-hours of the electricity market of New South Wales, May 1996 to December 1998.

The rows are fetched once by pip from the package that carries them, checked by SHA-256 and kept in the user's cache.
The package is only unpacked, never installed, and the rows are never committed.
"""

import hashlib
import os
import subprocess
import tempfile
import venv
import zipfile
from pathlib import Path

import numpy as np

from tests.demo.stream import Stream

PACKAGE = "scikit-multiflow==0.4.1"
# The one kind of wheel that carries the rows, whatever Python runs here.
WHEEL = ("--platform", "manylinux1_x86_64", "--python-version", "3.7", "--implementation", "cp", "--abi", "cp37m")
MEMBER = "skmultiflow/data/datasets/elec.csv"
SHA256 = "ebdfe5480ae25a43a7d054286135e3a9484697a2850d5158a333b1578c28bb97"
ABOUT = "Elec2: 45,312 half-hours of the New South Wales electricity market, 7 May 1996 to 5 December 1998 (real data)"
CAVEAT = (
    "Elec2's labels are autocorrelated: predicting the last label again scores 0.853 here, better than the models of "
    "this demo (Zliobaite, arXiv 1301.3524). This shows the loop, not a forecasting record."
)


class UnavailableError(Exception):
    """The rows cannot be had here; the message says why."""


def cached() -> Path:
    """Where the rows are kept between demos."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "retrain-operator" / "demo" / "elec2.csv"


def load() -> Stream:
    """The stream, from the cache or else from the package index. Raises UnavailableError where neither has it."""
    path = cached()
    if not path.exists() or _digest(path.read_bytes()) != SHA256:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fresh = Path(folder) / path.name
            fresh.write_bytes(rows_of(_download(Path(folder))))
            fresh.replace(path)
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return Stream("Elec2", ABOUT, CAVEAT, table[:, :-1], table[:, -1].astype(np.int64))


def rows_of(package: Path) -> bytes:
    """The rows in a downloaded package, as CSV. Raises UnavailableError when they are not those this demo knows."""
    with zipfile.ZipFile(package) as wheel:
        if MEMBER not in wheel.namelist():
            raise UnavailableError(f"{package.name} holds no {MEMBER}.")
        rows = wheel.read(MEMBER)
    if _digest(rows) != SHA256:
        raise UnavailableError(f"{MEMBER} in {package.name} has SHA-256 {_digest(rows)}, not {SHA256}.")
    return rows


def _download(folder: Path) -> Path:
    venv.create(folder / "pip", with_pip=True)
    pip = [str(folder / "pip" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    asked = [*pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", *WHEEL, "--dest", str(folder), PACKAGE]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        last = (done.stderr.strip() or "it gave no reason").splitlines()[-1]
        raise UnavailableError(f"pip could not download {PACKAGE} ({last.removeprefix('ERROR: ')}).")
    return wheels[0]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
