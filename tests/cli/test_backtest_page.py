"""docs/backtest.md is true: every example on it gives what stands below it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM

PAGE = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text()
FILES = dict(re.findall(r"<!-- file (\S+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL))
EXAMPLES = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's files, and a kubectl that knows its plugin and nothing else."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(f'#!/bin/sh\nshift\nexec {PROGRAM} "$@"\n')
    kubectl.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("command", "expected"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_each_example_gives_what_the_page_says(command: str, expected: str, folder: Path) -> None:
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert [line.rstrip() for line in done.stdout.splitlines()] == expected.splitlines()


def test_the_page_shows_what_it_should() -> None:
    assert len(FILES) >= 6
    assert len(EXAMPLES) >= 5
    assert max(map(len, PAGE.splitlines())) <= 170
