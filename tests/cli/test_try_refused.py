"""What `kubectl retrain try` cannot begin, what it says of trainers that break, and how it is interrupted."""

import json
import os
import pty
import shlex
import signal
import subprocess
import time
from importlib import metadata
from pathlib import Path

import pytest

from retrain_operator.cli.call import ANSWER_VARIABLE, WORKSPACE_VARIABLE
from retrain_trainer.files.workspace import FOLDER_VARIABLE
from retrain_trainer.telling.answers import PATH_VARIABLE
from tests.cli.program import PROGRAM, called, policy_file
from tests.cli.shop import Shop
from tests.trainer.world import World

CHECK = " To have every breach of the contract named: kubectl retrain contract check TRAINER."
DONE = """
answer(*{"collect": ("DataInvalid", "Batch 1.csv: " + os.environ.get("REGION", "nowhere") + "."),
         "train": ("Skipped", "Nothing to train."), "evaluate": ("Skipped", "Nothing to evaluate.")}[step])
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(World(tmp_path, monkeypatch))


def refused(shop: Shop, *arguments: str) -> str:
    """What it says when it cannot even begin: one line, and nothing for programs to misread."""
    done = called("try", "-f", "policy.json", *arguments, folder=shop.folder)
    assert (done.code, done.out) == (2, "")
    return done.err.removeprefix("Error: ").rstrip("\n")


def test_the_variables_are_those_that_the_trainer_reads() -> None:
    assert (WORKSPACE_VARIABLE, ANSWER_VARIABLE) == (FOLDER_VARIABLE, PATH_VARIABLE)


def test_a_policy_that_is_none(shop: Shop) -> None:
    policy_file(shop.folder, interval="much")
    linted = called("lint", "-f", "policy.json", folder=shop.folder).out.splitlines()[0]
    assert refused(shop) == linted
    assert linted.startswith("policy.json:1: spec.interval: 'much' is not a duration such as 90s, 5m or 1h30m")
    (shop.folder / "policy.json").unlink()
    assert refused(shop) == "policy.json does not exist."


def test_one_of_several_policies(shop: Shop) -> None:
    path = shop.folder / "policy.json"
    one = json.loads(path.read_text())
    other = {**one, "metadata": {"name": "fraud"}}
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [one, other]}))
    assert refused(shop) == "policy.json: There are several policies in it; choose one with --policy: churn, fraud."
    done = shop.attempt("--policy", "fraud", "--trainer", shop.script(DONE))
    assert done.out.startswith("Policy fraud in namespace default, tried on this machine\n")


def test_the_policy_may_come_by_standard_input(shop: Shop) -> None:
    text = (shop.folder / "policy.json").read_text()
    words = [str(PROGRAM), "try", "-f", "-", "--trainer", shop.script(DONE)]
    done = subprocess.run(words, cwd=shop.folder, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "\nDataInvalid: Batch 1.csv: nowhere." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "a b/*"), "--data must be a path, file:// or s3:// URI without spaces, ?, #, % and \\; it is "),
        (
            ("--data", "a b/*"),
            "--data must be a path, file:// or s3:// URI without spaces, ?, #, % and \\; it is "
            "'file://{folder}/a b/*'. A link without them will do: ln -s 'a b' data",
        ),
        (("--store", "http://x/y"), "--store must be a path, file:// or s3:// URI without spaces, ?, #, % and \\; it "),
        (("--champion", "v1"), "--champion {folder}/v1 is no version: it has no manifest.json that can be read."),
        (
            ("--champion", "s3://b/v1"),
            "--champion s3://b/v1 can only be compared in its own store: name that by --store.",
        ),
        (("--trainer", "python3 'x"), "--trainer is no command: no closing quotation."),
        (("--trainer", "no-such-trainer x"), "--trainer: there is no program no-such-trainer on this machine."),
    ],
)
def test_places_that_are_none(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    assert refused(shop, *arguments).startswith(said.format(folder=shop.folder))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "--data x/* --champion st/v1 st/v2",
            "--champion: name one version and no pattern: the shell makes many words",
        ),
        ("--data a b", "--data: put a pattern in quotes"),
        ("--data=a b b", "--data: put a pattern in quotes"),
        ("--data x/* --store a b", "--store: name one folder and no pattern"),
        ("--trainer python3 my.py", "--trainer: put the command in quotes"),
        ("-f other.json", "--filename: give it once; it is given as policy.json and other.json"),
        ("--data a --data b", "--data: give it once"),
        *((f"{option} ''", f"{option}: it is empty") for option in ("--trainer", "--data", "--store", "--champion")),
    ],
)
def test_an_option_that_is_not_one_thing_is_refused_by_its_name(shop: Shop, arguments: str, said: str) -> None:
    assert f"Invalid value for {said}" in refused(shop, *shlex.split(arguments)), "the option that took it is blamed"


def test_a_store_that_cannot_be_written_is_refused_before_a_step(shop: Shop) -> None:
    (shop.folder / "full").write_text("")
    said = "--store {0}/full/models cannot be a folder: {0}/full is a file."
    assert refused(shop, "--store", "full/models", "--trainer", shop.script("1/0")) == said.format(shop.folder)
    said = "--store /proc/models cannot be written: "
    assert refused(shop, "--store", "/proc/models", "--trainer", shop.script("1/0")).startswith(said)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_store_without_permission(shop: Shop) -> None:
    (shop.folder / "ours").mkdir(mode=0o500)
    said = "--store {0}/ours/models cannot be written: there is no permission to write in {0}/ours."
    assert refused(shop, "--store", "ours/models") == said.format(shop.folder)


def test_a_store_that_is_named_as_the_champion(shop: Shop) -> None:
    for number in range(1, 6):
        version = shop.folder / "models" / f"v00000{number}-a"
        version.mkdir(parents=True)
        (version / "manifest.json").write_text("{}")
    said = refused(shop, "--champion", "models")
    newest = "v000005-a, v000004-a, v000003-a and 2 older ones"
    there = f"--champion {shop.folder}/models is no version: it has no manifest.json that can be read"
    assert said == f"{there}; versions in it: {newest}."


def test_a_trainer_that_is_a_file_and_no_program(shop: Shop) -> None:
    shop.script(DONE)
    said = "--trainer: trainer.py is a file that is not executable: call 'python3 ./trainer.py'."
    assert refused(shop, "--trainer", "trainer.py") == said
    (shop.folder / "trainer.py").chmod(0o755)
    said = "--trainer: trainer.py is no program on the PATH, but a file: call ./trainer.py."
    assert refused(shop, "--trainer", "trainer.py") == said


def test_a_fault_that_the_log_ends_with_is_not_told_again(shop: Shop) -> None:
    script = """
said = {"run": task["run"], "nonce": task["nonce"], "step": "fault", "message": "The disk is full."}
Path(os.environ["RETRAIN_ANSWER"]).write_text(json.dumps(said))
print(LOG)
sys.exit(1)
"""
    quiet = shop.attempt("--trainer", shop.script(script.replace("LOG", "'collect: Fault. The disk is full.'")))
    assert (quiet.code, quiet.err, quiet.out.count("The disk is full.")) == (2, "", 2)
    loud = shop.attempt("--trainer", shop.script(script.replace("LOG", "'/dev/sda1: 100%'")))
    assert loud.err == "\nThe end of the log:\n/dev/sda1: 100%\n"


def test_a_trainer_that_is_not_installed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["pydantic>=2", "typer>=0.20; extra == 'cli'", "no-such-learn<2,>=1.8; extra == 'trainer'"]
    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    install = "pip install '.[cli,trainer]' in a checkout."
    assert refused(shop) == f"The trainer needs no-such-learn, not installed here: {install}"


def test_variables_are_the_policys_unless_this_machine_has_them(shop: Shop) -> None:
    shop.policy(trainer={"image": "own:1", "env": [{"name": "REGION", "value": "eu"}]})
    mine = ("--trainer", shop.script(DONE), "-o", "json")
    assert json.loads(shop.attempt(*mine).out)["message"] == "Batch 1.csv: eu."
    assert json.loads(shop.attempt(*mine, REGION="here").out)["message"] == "Batch 1.csv: here."


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("sys.exit('no such column')", "StepFailed", "Collect ended with exit code 1 and left no word of its own."),
        ("os.kill(0, signal.SIGKILL)", "StepFailed", "Collect was ended by signal 9 and left no word of its own."),
        ("pass", "AnswerMissing", f"collect ended without an answer in the file that RETRAIN_ANSWER names.{CHECK}"),
        (
            "answer('Perhaps', 'x')",
            "AnswerInvalid",
            "The answer of collect does not follow the contract retrain.dev/v1: outcome: input should be 'Collected', "
            f"'NoNewData', 'DataInvalid' or 'DataSourceNotFound'.{CHECK}",
        ),
        (
            "answer('Collected', 'x' * 3000)",
            "AnswerInvalid",
            "The answer of collect is longer than 2048 bytes, so it m",
        ),
    ],
)
def test_a_trainer_that_breaks(shop: Shop, text: str, reason: str, message: str) -> None:
    done = shop.attempt("--trainer", shop.script(text), "-o", "json")
    told = json.loads(done.out)
    assert (done.code, told["outcome"], told["reason"]) == (2, "Failed", reason)
    assert told["message"].startswith(message)
    assert ("no such column" in done.err) == ("no such column" in text)
    assert [step["state"] for step in told["steps"]] == ["Failed", "Skipped", "Skipped"], "nothing else was called"


def test_a_step_is_ended_when_its_time_is_over(shop: Shop) -> None:
    shop.policy(trainer={"image": "own:1", "timeout": "10s"})
    # Ten seconds are the least that a policy may give, and this step takes them all.
    told = shop.told("--trainer", shop.script("import time; time.sleep(60)"), code=2)
    assert (told["reason"], told["message"]) == (
        "TimedOut",
        "The run took longer than 10s, its trainer.timeout, and was ended.",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_step_is_ended_and_leaves_nothing(shop: Shop, number: signal.Signals) -> None:
    sleep = "Path('began').write_text(str(os.getpid())); import time; time.sleep(60)"
    process = shop.start("--trainer", shop.script(sleep))
    began = shop.folder / "began"
    while not (began.exists() and began.read_text()):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, "", "Interrupted: the step under way was ended.\n")
    assert list(shop.temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_a_terminal_is_shown_the_step_under_way(shop: Shop) -> None:
    """The page itself stays free of it, and so does a pipe."""
    ours, theirs = pty.openpty()
    process = shop.start(
        "--trainer", shop.script(f"import time; time.sleep(0.5)\n{DONE}"), err=theirs, variables={"TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert all(word in shown for word in (b"1/3 Collect", b"2/3 Train", b"3/3 Evaluate", b"0:00:00"))
    assert "\x1b" not in out
    assert out.startswith("Policy churn in namespace default")
