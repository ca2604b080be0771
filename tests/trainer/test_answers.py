"""Every answer fits, whatever has to be said, and every fault is told without saying too much."""

import errno
import json
import os
from pathlib import Path

import pytest

from retrain_trainer import steps
from retrain_trainer.contract import Evaluated, EvaluateOutcome, Fault, HoldoutReport, ModelRef, Reference, Score
from retrain_trainer.intake import plan
from retrain_trainer.telling import answers
from retrain_trainer.telling.faults import StepError, sentence_of
from tests.trainer.world import ANSWER, World

DIGEST = "sha256:" + "0123456789abcdef" * 4


def evaluated(uri: str, message: str = "All is well.") -> Evaluated:
    """Make the longest answer there can be."""
    ref = ModelRef(uri=uri, digest=DIGEST)
    number = -0.123456
    return Evaluated(
        run="r" * 63, nonce="n" * 64, message=message, outcome=EvaluateOutcome.EVALUATED, candidate=ref, champion=ref,
        scores=tuple(
            Score(metric="balanced_accuracy", candidate=number, champion=number, improvement=number, lower_bound=number)
            for _ in range(8)
        ),
        holdout=HoldoutReport(rows=10**9, blocks=10**4, digest=DIGEST),
        reference=Reference(metric="balanced_accuracy", candidate=number, champion=number, holdout=DIGEST),
    )  # fmt: skip


def test_a_long_message_is_cut_at_a_word() -> None:
    assert answers.cut("one two three", 13) == "one two three"
    assert answers.cut("one two, three", 10) == "one two…"
    assert answers.cut("x" * 100, 10) == "…"


def test_an_answer_of_eight_metrics_fits() -> None:
    data = answers.encode(evaluated("file:///models/churn/v000001-abc", "word " * 100))
    assert len(data) <= 2048
    answer = ANSWER.validate_json(data)
    assert isinstance(answer, Evaluated)
    assert len(answer.scores) == 8
    assert answer.message.startswith("word word")
    assert answer.message.endswith("word…")


def test_an_answer_that_cannot_fit_is_a_fault_and_not_half_an_answer() -> None:
    data = answers.encode(evaluated("file:///" + "m" * 500))
    assert len(data) <= 2048
    answer = ANSWER.validate_json(data)
    assert isinstance(answer, Fault)
    assert answer.message == (
        "The answer does not fit into 2048 bytes: shorten model.store, or ask for fewer metrics or slices of columns "
        "with shorter names."
    )


def test_letters_of_several_bytes_are_counted_as_bytes() -> None:
    assert len(answers.encode(evaluated("file:///models/churn/v000001-abc", "überaus " * 64))) <= 2048


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StepError("The store is on fire."), "The store is on fire."),
        (PermissionError(errno.EACCES, "no", "/m"), f"Permission denied: /m. This step runs as user {os.getuid()}."),
        (OSError(errno.ENOSPC, "no", "/m/f"), "No space left on the volume of /m/f."),
        (OSError(errno.EDQUOT, "no"), "No space left on the volume."),
        (OSError(errno.EROFS, "no", "/m"), "The volume of /m is read-only."),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/m"), "No such file or directory: /m."),
        (MemoryError(), "Out of memory: raise the memory limit of this step."),
        (ValueError("a secret"), "ValueError: see the container's log."),
    ],
)
def test_faults_are_told_in_a_sentence(error: Exception, sentence: str) -> None:
    assert sentence_of(error) == sentence


def test_an_unknown_error_goes_to_the_log_and_only_its_class_into_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret of the third row")

    world.add(*range(6))
    world.workspace("first")
    monkeypatch.setattr(plan, "make_plan", broken)
    answer = world.step("collect", "first")
    assert isinstance(answer, Fault)
    assert answer.message == "ZeroDivisionError: see the container's log."
    said = capsys.readouterr()
    assert said.out == "collect: Fault. ZeroDivisionError: see the container's log.\n"
    assert "the secret of the third row" in said.err


def test_a_store_that_cannot_be_written(world: World) -> None:
    world.add(*range(6))
    world.store.write_text("somebody else's")
    run = world.run("first")
    assert isinstance(run.evaluated, Fault)
    assert run.evaluated.message.startswith(f"Not a directory: {world.store}/.draft-churn-first-")


@pytest.mark.parametrize(
    ("task", "run", "message"),
    [
        ("", "", "RETRAIN_TASK is not set: a step gets its task as JSON in this variable."),
        ("{", "", "RETRAIN_TASK is not a task: : Invalid JSON: EOF while parsing an object at line 1 column 1."),
        (
            '{"run": "churn-1", "nonce": "n"}',
            "churn-1",
            "RETRAIN_TASK is not a task: nonce: String should have at least 16 ",
        ),
        ("[]", "", "RETRAIN_TASK is not a task: : Input should be an object."),
    ],
)
def test_a_task_that_is_none(
    task: str, run: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETRAIN_TASK", task)
    monkeypatch.setenv("RETRAIN_ANSWER", str(tmp_path / "answer"))
    assert steps.run("collect") == 1
    answer = ANSWER.validate_json((tmp_path / "answer").read_bytes())
    assert isinstance(answer, Fault)
    assert answer.run == run
    assert answer.message.startswith(message)


def test_fields_that_a_newer_operator_adds_are_ignored(world: World) -> None:
    world.add(*range(6))
    assert world.run("first", data={"tomorrow": True}).evaluate.candidate is not None


def test_each_step_prints_one_line_for_people(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.add(*range(6))
    world.run("first")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(".")[0] for line in lines] == ["collect: Collected", "train: Trained", "evaluate: Evaluated"]


def test_a_version_tells_people_what_it_is(world: World) -> None:
    world.begin(6)
    version = world.store / "v000001-first"
    card = (version / "MODEL_CARD.md").read_text()
    assert card.startswith("# v000001-first\n\nSGDClassifier that predicts `y` from 3 columns, made by run churn-first")
    assert "- Holdout: 672 rows in 14 blocks from 2024-01-29 00:00:00+00:00" in card
    files = set(json.loads((version / "manifest.json").read_text())["files"])
    assert files == {path.name for path in version.iterdir()} - {"manifest.json"}
    assert not any("joblib" in name or "settings" in name for name in files)


def test_a_pickle_for_mlserver_is_written_where_the_policy_asks_for_it(world: World) -> None:
    world.add(*range(6))
    world.promote(world.run("first", model={"joblib": True}))
    version = world.store / "v000001-first"
    settings = json.loads((version / "model-settings.json").read_text())
    assert settings == {
        "name": "store",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": "v000001-first"},
    }
    files = set(json.loads((version / "manifest.json").read_text())["files"])
    assert files == {path.name for path in version.iterdir()} - {"manifest.json"}
