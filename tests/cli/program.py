"""The program kubectl-retrain, called as a user calls it, and policies for it."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from retrain_operator.cli import app
from tests.builders import SPEC

PROGRAM = Path(sys.executable).parent / "kubectl-retrain"


@dataclass(frozen=True)
class Called:
    """What came of it."""

    code: int
    out: str
    err: str


def called(*arguments: str, folder: Path) -> Called:
    """Run it in a folder, without a terminal. In this process, since a start takes longer than what most tests do."""
    with _inside(folder):
        done = CliRunner().invoke(app, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Called(done.exit_code, done.stdout, done.stderr)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def policy_file(folder: Path, **parts: Any) -> str:
    """The smallest policy with parts of its spec replaced or added, as a file `policy.json` in the folder."""
    head = {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "metadata": {"name": "churn"}}
    (folder / "policy.json").write_text(json.dumps({**head, "spec": SPEC | parts}))
    return "policy.json"
