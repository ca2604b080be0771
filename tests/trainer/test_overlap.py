"""Held-out rows that were trained on: refused where no time keeps them apart, and not where rows repeat by nature."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome
from tests.trainer.world import WEEK, Edit, World, ended

NEIGHBOURS: dict[str, Any] = {
    "estimator": "KNeighborsClassifier",
    "parameters": {"n_neighbors": 1},
    "mode": "Refit",
}


@pytest.fixture
def world(world: World) -> World:
    world.task["data"] |= {"timeColumn": None, "exclude": ["time"], "holdout": {"minRows": 300, "fraction": 0.1}}
    world.task["model"] |= NEIGHBOURS
    return world


def named(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "y": np.where(columns["y"] == 1, "yes", "no")}


def deliver_twice(world: World, week: int, edit: Edit = dict) -> None:
    """Write a batch again under another name, with one row more, so that it is another file."""
    columns = {name: np.append(values, values[:1]) for name, values in edit(world.columns(week)).items()}
    world.write(f"week-{week + 1:03d}.parquet", pa.table(columns))


@pytest.mark.parametrize("edit", [dict, named])
def test_a_batch_delivered_twice_is_refused(world: World, edit: Edit) -> None:
    world.add(*range(8), edit=edit)
    deliver_twice(world, 7, edit)
    message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
    assert message == (
        "All new batches, check leakage: expected at most 17% of the held-out rows among those trained on (2% repeat "
        "there), seen 100%, most in week-007.parquet (is it delivered twice?) (leave this check out: "
        "data.validation.skipChecks: [Leakage])."
    )


def test_and_passes_where_the_policy_says_so(world: World) -> None:
    world.add(*range(8))
    deliver_twice(world, 7)
    run = world.run("first", data={"validation": {"skipChecks": ["Leakage"]}})
    assert run.evaluate.scores[0].candidate == 1


def test_rows_with_another_label_are_not_the_same(world: World) -> None:
    world.add(*range(8))
    deliver_twice(world, 7, lambda c: {**c, "y": 1 - c["y"]})
    assert world.run("first").collect.outcome is CollectOutcome.COLLECTED


@pytest.mark.parametrize("digits", [0, 1])
def test_rows_that_repeat_by_nature_pass(world: World, digits: int) -> None:
    """Of values with one digit some rows repeat, of whole numbers nearly all do."""
    world.add(*range(12), edit=lambda c: {**c, **{name: c[name].round(digits) for name in "abc"}})
    run = world.run("first", data={"validation": {"skipChecks": ["Duplicates"]}})
    assert run.collect.outcome is CollectOutcome.COLLECTED


def test_rows_kept_apart_by_their_times_may_be_alike(world: World) -> None:
    world.add(*range(8))
    again = {**world.columns(7), "time": world.columns(8)["time"]}
    world.write("week-008.parquet", pa.table(again))
    timed = {"timeColumn": "time", "exclude": [], "holdout": {"minRows": WEEK}}
    assert world.run("first", data=timed).collect.outcome is CollectOutcome.COLLECTED
