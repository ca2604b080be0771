"""Which files lint reads, which it leaves alone, and what it says of those that it cannot read."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.linted import BAD, GOOD, PROGRAM, called, line, write
from tests.crds.samples import policy


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the program is called in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_walked_in_the_order_of_names() -> None:
    for name in ("apps/b/policy.yml", "apps/a.json", "apps/c/d/e.YAML", "apps/.hidden/x.yaml", "apps/notes.txt"):
        write(name, BAD if not name.endswith("json") else json.dumps(policy(suspend=1)))
    os.mkfifo("apps/pipe.yaml")
    Path("apps/loop").symlink_to("..", target_is_directory=True)
    code, said = called("-f", "apps")
    assert code == 1
    here = line(BAD, "suspend")
    assert [each.split(": ")[0] for each in said.splitlines()[:-1]] == [
        "apps/a.json:1",
        f"apps/b/policy.yml:{here}",
        f"apps/c/d/e.YAML:{here}",
    ]


def test_standard_input() -> None:
    assert called("-f", "-", stdin=GOOD) == (0, "1 policy, no findings\n")
    code, said = called("-f", "-", stdin=GOOD.replace("churn", "Churn", 1))
    assert (code, said.splitlines()[0][:27]) == (1, "<stdin>:4: metadata.name: m")


NONE = {
    "a folder": (["-f", "apps"], 0),
    "names that pre-commit appends": (["apps/other.yaml"], 0),
    "a file that -f names": (["-f", "apps/other.yaml"], 1),
    "standard input": (["-f", "-"], 1),
}


@pytest.mark.parametrize(("arguments", "code"), NONE.values(), ids=NONE.keys())
def test_no_policy_at_all_is_said(arguments: list[str], code: int) -> None:
    write("apps/other.yaml", "kind: ConfigMap\n")
    assert called(*arguments) == (code, "No RetrainPolicy in 1 file.\n")


def test_what_nobody_calls_a_policy_is_left_alone() -> None:
    write("apps/template.yaml", "{{- range .Values.apps }}\n- {{ . }}\n")
    write("apps/run.yaml", "apiVersion: retrain.dev/v1alpha1\nkind: RetrainRun\n")
    write("apps/retrain.yaml", "apiVersion: example.com/v1\nkind: Retrainer\n")
    assert called("-f", "apps") == (0, "No RetrainPolicy in 3 files.\n")


UNREADABLE = {
    "no file": (None, "does not exist"),
    "not UTF-8": (b"kind: RetrainPolicy\nname: caf\xe9\n", "is not UTF-8: line 2 has the byte 0xe9"),
    "larger than 1 MiB": (b"#" * (2**20 + 1), "is larger than 1 MiB, more than a policy can be"),
}


@pytest.mark.parametrize(("raw", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable(raw: bytes | None, message: str) -> None:
    if raw is not None:
        write("a.yaml", raw)
    assert called("-f", "a.yaml") == (1, f"a.yaml: {message}\nno policies, 1 finding\n")


def test_a_link_to_nowhere_in_a_folder() -> None:
    write("apps/a.yaml", GOOD)
    Path("apps/b.yaml").symlink_to("nowhere")
    assert called("-f", "apps") == (1, "apps/b.yaml: does not exist\n1 policy, 1 finding\n")


def test_a_folder_without_rights() -> None:
    write("apps/open/a.yaml", GOOD)
    write("apps/closed/b.yaml", BAD)
    Path("apps/closed").chmod(0)
    command = [str(PROGRAM), "lint", "-f", "apps"]
    if os.geteuid() == 0:  # who may do all sees all, unless it is given up
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "apps/closed: cannot be read: Permission denied\n1 policy, 1 finding\n",
        "",
    )


def test_a_part_that_a_kustomization_names_as_a_patch_lacks_nothing() -> None:
    part = {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "metadata": {"name": "churn"}}
    for folder in ("alone", "prod"):
        write(f"{folder}/patch.yaml", yaml.safe_dump({**part, "spec": {"interval": "1m"}}))
        write(f"{folder}/patches/bad.yaml", yaml.safe_dump({**part, "spec": {"interval": "1x", "$patch": "merge"}}))
    patches = ["apiVersion: v1\n", {"path": "patch.yaml"}, {"path": "patches/bad.yaml"}, {"patch": "- op: add\n"}]
    write("prod/kustomization.yaml", yaml.safe_dump({"kind": "Kustomization", "patches": patches}))
    assert called("-f", "alone")[1].splitlines()[-1] == "2 policies, 16 findings", "each lacks seven parts of a spec"
    assert called("-f", "prod") == (
        1,
        "prod/patches/bad.yaml:7: spec.interval: '1x' is not a duration such as 90s, 5m or 1h30m\n"
        "2 policies, 1 finding\n",
    )
