"""`kubectl retrain contract check` as people call it: the list, the exit code, and what cannot be checked at all."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retrain_operator.cli.call import Call, call
from retrain_operator.cli.contract import sample
from retrain_operator.cli.contract.site import Image, Site
from retrain_operator.decide.manifest import job_manifest
from tests.cli.broken import EXAMPLE
from tests.cli.program import PROGRAM, Called, called
from tests.runs import a_run

DOCS = Path(__file__).parents[2] / "docs" / "contract.md"
HONEST = f"{sys.executable} -S {EXAMPLE / 'trainer.py'}"
OURS = f"{sys.executable} -m retrain_trainer"


def check(folder: Path, *arguments: str) -> Called:
    done = called("contract", "check", *arguments, folder=folder)
    assert done.code != 2 or done.out == ""
    return done


def refused(folder: Path, *arguments: str) -> str:
    done = check(folder, *arguments)
    assert done.code == 2
    return done.err.removeprefix("Error: ").rstrip("\n")


def test_the_example_keeps_the_contract(tmp_path: Path) -> None:
    done = check(tmp_path, HONEST)
    lines = done.out.splitlines()
    assert [line for line in lines if line.endswith(" ")] == [], "tables are not filled up on a pipe"
    assert (done.code, done.err) == (0, ""), done.out
    assert [line[:4] for line in lines].count("ok  ") == 15
    assert lines[-1] == "No breach of the contract in 15 checks."
    assert max(map(len, lines)) <= 80
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", ["parquet"])
def test_the_projects_own_trainer_keeps_it_too(tmp_path: Path, written: str) -> None:
    done = check(tmp_path, OURS, "--format", written, "-o", "json")
    told = json.loads(done.out)
    assert (done.code, told["kept"]) == (0, True), told
    assert all(not each["breaches"] and not each["skipped"] for each in told["checks"])


def test_the_page_shows_what_a_breach_looks_like(tmp_path: Path) -> None:
    page = DOCS.read_text()
    command, expected = re.findall(r"```console\n\$ kubectl retrain (.*?)\n(.*?)```", page, flags=re.DOTALL)[0]
    script = re.findall(r"<!-- example -->\n```python\n(.*?)```", page, flags=re.DOTALL)[0]
    (tmp_path / "majority.py").write_text(script)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200"}
    done = subprocess.run(
        ["/bin/sh", "-c", f"{PROGRAM} {command}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert shape(done.stdout) == shape(expected)


def shape(text: str) -> list[str]:
    """What is told, whatever the folder is called and wherever lines are broken."""
    return re.sub(r"retrain-check-\w+", "retrain-check", text).split()


def test_a_breach_is_told_to_programs(tmp_path: Path) -> None:
    broken = Path(__file__).with_name("broken.py")
    done = check(tmp_path, "-o", "json", "--", sys.executable, "-S", str(broken), "another digest")
    told = json.loads(done.out)
    assert (done.code, told["kept"]) == (1, False)
    first, again = told["checks"][:2]
    assert first["title"] == "A first run, without a champion"
    assert first["breaches"][0]["step"] == "evaluate"
    assert first["breaches"][0]["came"] == f"sha256:{'2' * 64}"
    assert first["breaches"][0]["see"] == "docs/contract.md#the-store"
    assert again["title"] == "The same run again, in a new pod"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_what_is_neither_a_command_nor_an_image(tmp_path: Path, programs: Path) -> None:
    neither = "There is no program my/trainer:1 on this machine, and if it is an image: "
    assert (
        refused(tmp_path, "my-trainer", "fast")
        == "Cannot call the trainer: there is no program my-trainer on this machine."
    )
    missing = "to run an image takes docker or podman, and there is neither."
    assert refused(tmp_path, "my/trainer:1") == neither + missing
    podman = programs / "podman"
    podman.write_text("#!/bin/sh\nexit 1\n")
    podman.chmod(0o755)
    assert refused(tmp_path, "my/trainer:1") == f"{neither}no engine answers podman."
    podman.write_text('#!/bin/sh\n[ "$1" = version ]\n')
    assert refused(tmp_path, "my/trainer:1") == f"{neither}podman does not have it; pull or build it first."
    assert refused(tmp_path, "--image", "podman") == "podman does not have it; pull or build it first."


def test_what_is_no_command_at_all(tmp_path: Path) -> None:
    assert refused(tmp_path, "python3 'trainer.py") == "python3 'trainer.py is no command: no closing quotation."
    assert refused(tmp_path, " ") == "Name a command or an image."


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "my.py").touch()
    assert (
        refused(tmp_path, "my.py")
        == "Cannot call the trainer: my.py is a file that is not executable: call 'python3 ./my.py'."
    )


def test_a_program_that_cannot_be_started(tmp_path: Path, programs: Path) -> None:
    program = programs / "trainer"
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    assert refused(tmp_path, "trainer") == "The trainer cannot be started: Exec format error."


def test_parquet_without_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "find_spec", lambda _: None)
    install = "pip install '.[cli,trainer]' in a checkout."
    said = f"Batches of Parquet take pyarrow: {install}"
    assert refused(tmp_path, HONEST, "--format", "parquet") == said


def test_an_image_is_held_as_a_pod_would_be(tmp_path: Path) -> None:
    """Each restriction of the Job's containers has its option."""
    site = Site(tmp_path)
    words = Image("my/trainer:1", "docker", {}).call(site, "train", "{}", tmp_path / "workspace-a").argv
    pod = job_manifest(a_run().world.run)["spec"]["template"]["spec"]
    container = pod["initContainers"][1]
    assert pod["securityContext"]["runAsNonRoot"]
    assert words[words.index("--user") + 1].split(":")[0] not in ("0", "")
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"--read-only", "no-new-privileges", "ALL", "none"} <= set(words)
    assert words[-2:] == ("my/trainer:1", *container["args"])
    mounts = {word.partition("target=")[2] for word in words if word.startswith("type=bind")}
    assert mounts == {"/data,readonly", "/models/sample", "/workspace", "/dev/termination-log"}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} <= {*mounts, "/tmp"}


def test_what_a_killed_call_leaves_behind_is_cleared_away(tmp_path: Path) -> None:
    """The engine's own program may be killed and leave its container; then that is removed by its name."""
    cleanup = ("/bin/sh", "-c", f"touch {tmp_path}/removed")
    variables = dict(os.environ)
    quick = Call(("/bin/sh", "-c", "echo done"), variables, tmp_path / "answer", cleanup)
    assert (call(quick, 10).code, (tmp_path / "removed").exists()) == (0, False)
    slow = Call(
        ("/bin/sh", "-c", f"sleep 60 & echo $! >{tmp_path}/child; wait"), variables, tmp_path / "answer", cleanup
    )
    assert (call(slow, 0.5).code, (tmp_path / "removed").exists()) == (None, True)
    child = Path("/proc", (tmp_path / "child").read_text().strip())
    deadline = time.monotonic() + 10
    while child.exists() and "Z (zombie)" not in (child / "status").read_text():
        assert time.monotonic() < deadline, "it outlives the call"
        time.sleep(0.05)


def test_an_interrupted_check_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import pathlib, time; pathlib.Path('began').touch(); time.sleep(60)")
    words = [str(PROGRAM), "contract", "check", f"{sys.executable} slow.py"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        words, cwd=tmp_path, env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "began").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == "Interrupted: the step under way was ended.\n"
    assert (process.returncode, list(temporary.iterdir())) == (130, [])
