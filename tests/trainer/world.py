"""A small world to train in: real files in a temporary folder, and the three steps as a pod would run them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from retrain_trainer import steps
from retrain_trainer.contract import (
    AnyAnswer,
    Collected,
    CollectOutcome,
    Evaluated,
    EvaluateOutcome,
    Fault,
    Trained,
    TrainOutcome,
)

WEEK = 336
START = np.datetime64("2024-01-01T00:00:00", "us")
ANSWER: TypeAdapter[AnyAnswer] = TypeAdapter(AnyAnswer)
Edit = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """What the three steps of one run answered."""

    collected: Collected | Fault
    trained: Trained | Fault
    evaluated: Evaluated | Fault

    @property
    def collect(self) -> Collected:
        assert isinstance(self.collected, Collected), self.collected
        return self.collected

    @property
    def train(self) -> Trained:
        assert isinstance(self.trained, Trained), self.trained
        return self.trained

    @property
    def evaluate(self) -> Evaluated:
        assert isinstance(self.evaluated, Evaluated), self.evaluated
        return self.evaluated


def merge(task: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over a task, level by level."""
    return {
        **task,
        **{
            name: merge(task[name], value)
            if isinstance(value, dict) and name in task and name != "parameters"
            else value
            for name, value in changes.items()
        },
    }


@dataclass
class World:
    """Weekly batches of half-hourly rows whose label follows a rule that may change from week to week."""

    root: Path
    patch: pytest.MonkeyPatch
    champion: dict[str, Any] | None = None
    task: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        (self.root / "data").mkdir()
        self.task = {
            "nonce": "0123456789abcdef",
            "data": {
                "source": f"file://{self.root}/data/*",
                "label": "y",
                "timeColumn": "time",
                "holdout": {"minRows": 2 * WEEK},
            },
            "model": {
                "store": self.store_uri,
                "estimator": "SGDClassifier",
                "parameters": {"loss": "log_loss", "alpha": 0.01},
            },
            "evaluation": {"gates": [{"metric": "accuracy"}]},
        }

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def store_uri(self) -> str:
        return f"file://{self.store}"

    def columns(self, week: int, rule: tuple[float, ...] = (2, 1, -1), rows: int = WEEK) -> dict[str, Any]:
        """Make one week of rows. The same week always holds the same features."""
        random = np.random.default_rng(week)
        features = random.normal(size=(rows, 3))
        score = features @ np.array(rule) + random.normal(scale=0.5, size=rows)
        time = START + (week * WEEK + np.arange(rows)) * np.timedelta64(30, "m")
        return {"time": time, **dict(zip("abc", features.T, strict=True)), "y": (score > 0).astype(np.int64)}

    def add(self, *weeks: int, edit: Edit | None = None, name: str = "week-{:03d}.parquet", **how: Any) -> None:
        """Write a batch for each week, after an edit of its columns."""
        for week in weeks:
            columns = self.columns(week, **how)
            self.write(name.format(week), pa.table(edit(columns) if edit else columns))

    def write(self, name: str, table: pa.Table) -> Path:
        path = self.root / "data" / name
        (pacsv.write_csv if name.endswith(".csv") else pq.write_table)(table, path)
        return path

    def run(self, name: str, **changes: Any) -> Run:
        """Run all steps in a fresh workspace."""
        self.workspace(name)
        return Run(*(self.step(step, name, **changes) for step in ("collect", "train", "evaluate")))

    def workspace(self, name: str) -> Path:
        """Give a run a workspace of its own, as a new pod has it."""
        folder = self.root / f"workspace-{name}"
        folder.mkdir(exist_ok=True)
        self.patch.setenv("RETRAIN_WORKSPACE", str(folder))
        return folder

    def environment(self, name: str, **changes: Any) -> dict[str, str]:
        task = merge(self.task, {"run": f"churn-{name}", **changes})
        if self.champion is not None:
            task["champion"] = self.champion
        return {"RETRAIN_TASK": json.dumps(task), "RETRAIN_ANSWER": str(self.root / "answer.json")}

    def step(self, step: str, name: str, **changes: Any) -> Any:
        """Run one step, and return its answer once it keeps what the contract says of every answer."""
        for variable, value in self.environment(name, **changes).items():
            self.patch.setenv(variable, value)
        code = steps.run(step)
        data = (self.root / "answer.json").read_bytes()
        answer = ANSWER.validate_json(data)
        assert len(data) <= 2048
        assert (code != 0) == isinstance(answer, Fault)
        assert answer.nonce == self.task["nonce"]
        return answer

    def promote(self, run: Run) -> Run:
        """Make the candidate of a run the champion."""
        assert run.evaluate.candidate is not None, run
        self.champion = run.evaluate.candidate.model_dump()
        return run

    def begin(self, weeks: int = 6, **changes: Any) -> Run:
        """Write some weeks and promote a first version of them."""
        self.add(*range(weeks))
        return self.promote(self.run("first", **changes))


def flipped(columns: dict[str, Any]) -> dict[str, Any]:
    """Poison: every label is the wrong one."""
    return {**columns, "y": 1 - columns["y"]}


def ended(run: Run, outcome: CollectOutcome) -> str:
    """Check that nothing was trained, and return what collect said."""
    assert run.collect.outcome is outcome
    assert run.train.outcome is TrainOutcome.SKIPPED
    assert run.train.message == f"Nothing to train. Collect ended the run as {outcome}."
    assert run.evaluate.outcome is EvaluateOutcome.SKIPPED
    assert run.evaluate.message == f"Nothing to evaluate. Collect ended the run as {outcome}."
    return run.collect.message
