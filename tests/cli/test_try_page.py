"""docs/try.md is true: its examples, run one after the other, give what stands below them."""

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.program import PROGRAM

PAGE = (Path(__file__).parents[2] / "docs" / "try.md").read_text()
FILES = dict(re.findall(r"<!-- file (\S+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL))
EXAMPLES = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)
OWN_EACH_TIME = {
    r"(file://)?/[\w/.-]+/models": "MODELS",
    r"(v00000\d)-[0-9a-f]{10}": r"\1-RUN",
    r"\d+\.\d s ": "SECONDS ",
    r"[-+]?\d\.\d{2,}": "NUMBER",  # the last digits are those of the processor
}


def shape(text: str) -> list[str]:
    """The words of a page, but for what is another one each time."""
    for pattern, name in OWN_EACH_TIME.items():
        text = re.sub(pattern, name, text)
    return text.split()


def test_its_examples_give_what_it_says(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("kubectl", f'shift\nexec {PROGRAM} "$@"'), ("python3", f'exec {sys.executable} "$@"')):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
    assert len(EXAMPLES) == 4
    for command, expected in EXAMPLES:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stderr == ""
        assert shape(done.stdout) == shape(expected)
