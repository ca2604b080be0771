"""Policies as files, and what lint finds in them: by its function, and by its command."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from retrain_operator.cli import app
from retrain_operator.cli.lint.findings import Finding, lint
from tests.crds.samples import metric, policy

PROGRAM = Path(sys.executable).parent / "kubectl-retrain"
GOOD = yaml.safe_dump(policy())
BAD = yaml.safe_dump(policy(suspend="no", triggers=[metric(**{"for": "10s"})]), sort_keys=False)


def findings(folder: Path, text: str, name: str = "policy.yaml") -> tuple[Finding, ...]:
    """What is wrong with a file of this text."""
    path = folder / name
    path.write_text(text)
    return lint([str(path)]).findings


def told(folder: Path, body: dict[str, Any]) -> list[str]:
    """What is wrong with an object: the field and the message of each finding."""
    return [f"{each.field}: {each.message}" for each in findings(folder, json.dumps(body))]


def called(*arguments: str, stdin: str | bytes = "") -> tuple[int, str]:
    """Exit code and output of the command."""
    done = CliRunner().invoke(app, ["lint", *arguments], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def write(name: str, text: str | bytes) -> str:
    """A file of this text, with the folders it takes."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def line(text: str, part: str) -> int:
    """The last line that has this in it."""
    return max(number for number, each in enumerate(text.splitlines(), 1) if part in each)
