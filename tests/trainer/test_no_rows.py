"""A Parquet file without rows: its columns may be of any type, so that it settles nothing and breaks nothing."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome
from tests.trainer.world import Edit, World, ended

CATEGORIES = {"data": {"categories": [{"column": "region"}]}}


def worded(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "region": np.where(np.arange(len(columns["y"])) % 2, "north", "south")}


def answered(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "y": np.where(columns["y"] == 1, "yes", "no")}


@pytest.mark.parametrize(
    ("edit", "changes", "kinds"),
    [
        (worded, CATEGORIES, {"region": pa.string()}),
        (answered, {}, {"time": pa.timestamp("us")}),
        (worded, CATEGORIES, {}),
    ],
    ids=["words", "a label of no type", "no types at all"],
)
def test_it_may_come_first_and_later(
    world: World, edit: Edit, changes: dict[str, Any], kinds: dict[str, pa.DataType]
) -> None:
    world.add(*range(6), edit=edit)
    names = edit(world.columns(0))
    empty = pa.table({name: pa.nulls(0, kinds.get(name, pa.null())) for name in names})
    world.write("a.parquet", empty)
    world.promote(world.run("first", **changes))
    layout = json.loads((world.store / "v000001-first" / "profile.json").read_bytes())["layout"]
    assert layout["features"] == [*"abc", *(["region=north", "region=south"] if edit is worded else [])], layout
    world.add(6, 7, edit=edit)
    world.write("z.parquet", empty.append_column("other", pa.nulls(0)))
    run = world.run("second", **changes)
    assert run.collect.outcome is CollectOutcome.COLLECTED, run.collect.message
    assert run.evaluate.candidate is not None


def test_alone_it_is_nothing_new(world: World) -> None:
    world.write("a.parquet", pa.table({name: pa.nulls(0) for name in ("time", "a", "y")}))
    assert ended(world.run("first"), CollectOutcome.NO_NEW_DATA).startswith("Only 0 new rows; ")


@pytest.mark.parametrize("name", ["a", "y"])
def test_it_may_lack_a_column(world: World, name: str) -> None:
    names = [each for each in world.columns(0) if each != name]
    world.add(*range(6))
    world.write("a.parquet", pa.table({each: pa.nulls(0) for each in names}))
    world.promote(world.run("first"))
    world.add(6, 7)
    assert world.run("second").evaluate.candidate is not None


def test_it_takes_no_place_in_the_window_of_a_refit(world: World) -> None:
    refit = {"estimator": "LogisticRegression", "parameters": {}, "mode": "Refit", "window": 1}
    world.add(*range(6))
    world.write("week-004.parquet", pa.table({name: pa.nulls(0) for name in world.columns(0)}))
    assert world.run("first", model=refit).train.rows > 0
