"""`kubectl retrain lint` as people, CI and pre-commit call it: what is printed, and the exit code."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from retrain_operator.cli import app
from retrain_operator.cli.lint.findings import lint
from retrain_operator.cli.lint.tell import tell
from tests.cli.linted import BAD, GOOD, PROGRAM, called, line, write
from tests.crds.samples import policy

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the program is called in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_findings_name_file_line_and_field() -> None:
    text = Path(write("bad.yaml", f"# Two policies\n{GOOD}---\n{BAD}")).read_text()
    suspend, lasting = line(text, "suspend: 'no'"), line(text, "for: 10s")
    assert called("-f", "bad.yaml") == (
        1,
        f"bad.yaml:{suspend}: spec.suspend: must be true or false; it is 'no'\n2 policies, 1 finding\n",
    )
    write("bad.yaml", text.replace("suspend: 'no'", "suspend: no"))
    code, said = called("-f", "bad.yaml")
    assert (code, said.split(": ")[:2]) == (1, [f"bad.yaml:{lasting}", "spec.triggers[0].prometheus.for"])


def test_no_findings() -> None:
    many = [write(f"{name}.yaml", GOOD) for name in "abc"]
    assert called(*many) == (0, "3 policies, no findings\n")
    assert called("-f", "a.yaml", "-f", "a.yaml", "a.yaml") == (0, "1 policy, no findings\n"), "each file once"


def test_lists_and_other_kinds() -> None:
    items = [policy(), {"apiVersion": "v1", "kind": "ConfigMap"}, policy(cooldwon=1)]
    write("list.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))
    code, said = called("list.yaml")
    assert (code, said.splitlines()[-1]) == (1, "2 policies, 1 finding")
    assert "spec.cooldwon: is no field of the API; did you mean cooldown?" in said


MEANT = {
    "a kind with a slip": ("apiVersion: retrain.dev/v1alpha1\nkind: RetrainPolcy\n", 2, "kind: must be RetrainPolicy"),
    "no kind": ("apiVersion: retrain.dev/v1alpha1\n", 1, "kind: is required"),
    "a kind in lower case": ("kind: retrainpolicy\n", 1, "kind: must be RetrainPolicy; it is 'retrainpolicy'"),
    "another version": (
        "apiVersion: retrain.dev/v2\nkind: RetrainPolicy",
        1,
        "apiVersion: must be retrain.dev/v1alpha1",
    ),
    "another group": (
        "apiVersion: retrian.dev/v1alpha1\nkind: RetrainPolicy",
        1,
        "apiVersion: must be retrain.dev/v1a",
    ),
    "no spec": ("kind: RetrainPolicy\n", 1, "spec: is required"),
    "a spec that is text": ("kind: RetrainPolicy\nspec: all\n", 2, "spec: must be a mapping of fields; it is 'all'"),
    "no name": ("kind: RetrainPolicy\nmetadata:\n", 2, "metadata.name: is required"),
    "a number for a note": (
        "kind: RetrainPolicy\nmetadata:\n  name: a\n  annotations:\n    b: 1\n",
        5,
        'metadata.annotations.b: must be text: write it in quotes, "1"',
    ),
    "a slip in its metadata": ("kind: RetrainPolicy\nmetadata: {nam: a}\n", 2, "metadata.nam: is no field of the API"),
    "a field beside the spec": (
        "kind: RetrainPolicy\nspecs: {}\n",
        2,
        "specs: is no field of the API; did you mean spec?",
    ),
    "no YAML": ("kind: RetrainPolicy\nspec: [\n", 3, "this is no YAML: expected the node content"),
    "a template": (
        "kind: RetrainPolicy\nspec: {{ .Values.spec }} x\n",
        2,
        "this is no YAML: expected <block end>, but found '<scalar>'; render the template first",
    ),
}


@pytest.mark.parametrize(("text", "line", "message"), MEANT.values(), ids=MEANT.keys())
def test_what_was_meant_as_a_policy(text: str, line: int, message: str) -> None:
    write("a.yaml", text)
    code, said = called("a.yaml")
    assert code == 1
    assert f"a.yaml:{line}: {message}" in said


def test_json() -> None:
    write("a.yaml", BAD.replace("name: churn\n", "name: churn\n  namespace: shop\n", 1))
    code, said = called("-f", "a.yaml", "-o", "json")
    (finding,) = json.loads(said)
    assert (code, finding) == (
        1,
        {
            "file": "a.yaml",
            "line": line(BAD, "suspend") + 1,
            "field": "spec.suspend",
            "message": "must be true or false; it is 'no'",
            "policy": "shop/churn",
        },
    )
    assert called("-f", "-", "-o", "json", stdin=GOOD) == (0, "[]\n")
    assert called("-f", "absent", "-o", "json")[0] == 1


def test_nothing_is_named() -> None:
    done = CliRunner().invoke(app, ["lint"])
    assert done.exit_code == 2
    assert "name a file or a folder, or - for standard input" in done.stderr


def test_no_character_of_a_file_moves_the_cursor() -> None:
    text = GOOD.replace("  model:", '  "\\e[31mred\\n": 1\n  model:')
    write("a\x1b[2J.yaml", text)
    code, said = called("-f", ".")
    assert code == 1
    assert "\x1b" not in said
    assert said.startswith(f"a[2J.yaml:{line(text, '31mred')}: spec.[31mred: is no field of the API\n")


class Terminal(io.StringIO):
    """A terminal, as far as anybody asks."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": "80", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = yaml.safe_dump(policy(model={"store": "file:///m", "estimator": "sklearn.svm.SVC"}))
    write("a.yaml", text)
    out = Terminal()
    tell(lint(["a.yaml"]), out)
    where = f"a.yaml:{line(text, 'sklearn')}"
    assert out.getvalue().startswith(f"\x1b[1m{where}\x1b[0m: \x1b[36mspec.model.estimator\x1b[0m: must be the name")
    told = re.sub("\x1b[^m]*m", "", out.getvalue()).splitlines()
    assert len(told) == 3, "the finding takes two lines, the summary one"
    assert max(map(len, told)) <= 80


def test_the_hook_is_the_program_with_names_appended() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *arguments = hook["entry"].split()
    assert (program, hook["language"], hook["additional_dependencies"]) == (PROGRAM.name, "python", [".[cli]"])
    write("good.yaml", GOOD)
    write("other.yaml", "kind: ConfigMap\n")
    done = subprocess.run(
        [str(PROGRAM), *arguments, "good.yaml", "other.yaml"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 policy, no findings\n", "")


def test_what_lint_needs_is_not_loaded_for_other_commands() -> None:
    code = "import sys, retrain_operator.cli as c; sys.exit('promql_parser' in sys.modules or 'yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
