"""The page for people who bring their own trainer is true: its example runs, and its schemas are fresh."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retrain_trainer import __main__
from retrain_trainer.contract import Collected, CollectOutcome, Evaluated, ModelRef, Task, Trained, schema
from tests.trainer.world import ANSWER

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", PAGE.read_text(), flags=re.DOTALL))
TASK: dict[str, Any] = json.loads(BLOCKS["task"])


@pytest.mark.parametrize("name", ["task.schema.json", "answer.schema.json"])
def test_the_committed_schemas_are_fresh(name: str) -> None:
    committed = (PAGE.parent / "contract" / name).read_text()
    assert committed == schema.schemas()[name], "run `python -m retrain_trainer schema docs/contract`"


def test_the_command_writes_them(tmp_path: Path) -> None:
    assert __main__.main(["schema", str(tmp_path / "new")]) == 0
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == schema.schemas()


def test_another_word_is_answered_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["deploy"]) == 2
    assert capsys.readouterr().err.startswith("usage: python -m retrain_trainer collect | train | evaluate | serve")


def test_the_task_on_the_page_is_one_and_names_every_field() -> None:
    task = Task.model_validate(TASK)
    assert set(TASK) == set(task.model_dump(by_alias=True))


@pytest.mark.parametrize("name", [name for name in BLOCKS if name.startswith("answer-")])
def test_each_answer_on_the_page_is_one(name: str) -> None:
    ANSWER.validate_json(BLOCKS[name])


def test_the_example_keeps_the_contract(tmp_path: Path) -> None:
    """Run the page's own trainer as the operator would: three calls, one workspace, three answers."""
    script = tmp_path / "trainer.py"
    script.write_text(BLOCKS["example"])
    (tmp_path / "workspace").mkdir()
    data = tmp_path / "batches"
    data.mkdir()
    (data / "1.csv").write_text("x,y\n" + "".join(f"{n},{int(n % 4 == 0)}\n" for n in range(100)))
    task = {**TASK, "model": {**TASK["model"], "store": f"file://{tmp_path}/store"}}
    task["data"] = {**TASK["data"], "source": f"file://{data}/*.csv"}
    answers = [call(script, step, task, tmp_path) for step in ("collect", "train", "evaluate")]
    collected, trained, evaluated = answers
    assert isinstance(collected, Collected)
    assert (collected.outcome, collected.batches, collected.rows) == (CollectOutcome.COLLECTED, 1, 100)
    assert isinstance(trained, Trained)
    assert trained.rows == 80
    assert isinstance(evaluated, Evaluated)
    assert isinstance(evaluated.candidate, ModelRef)
    assert evaluated.scores[0].candidate == 0.75
    assert {answer.nonce for answer in (collected, trained, evaluated)} == {task["nonce"]}
    (data / "1.csv").unlink()
    missing = call(script, "collect", task, tmp_path)
    assert isinstance(missing, Collected)
    assert missing.outcome is CollectOutcome.DATA_SOURCE_NOT_FOUND


def call(script: Path, step: str, task: dict[str, Any], folder: Path) -> Any:
    environment = {
        **os.environ,
        "RETRAIN_TASK": json.dumps(task),
        "RETRAIN_ANSWER": str(folder / "answer"),
        "RETRAIN_WORKSPACE": str(folder / "workspace"),
    }
    subprocess.run([sys.executable, str(script), step], env=environment, check=True)
    return ANSWER.validate_json((folder / "answer").read_bytes())
