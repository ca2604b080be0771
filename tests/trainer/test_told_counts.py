"""What collect says of how many rows and batches there are, which of them are held out, and why none can be."""

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome, EvaluateOutcome
from tests.trainer.world import WEEK, World, ended


def test_one_batch_is_one(world: World) -> None:
    world.add(0, rows=3 * WEEK)
    run = world.promote(world.run("first"))
    assert run.collect.message == "1 batch with 1,008 new rows; the newest 672 are held out."
    assert run.train.message == "SGDClassifier learned from 336 rows in 1 batch."


def test_one_more_batch_failed(world: World) -> None:
    world.add(*range(6))
    for name in ("x.txt", "y.txt"):
        (world.root / "data" / name).write_text(name)
    assert ended(world.run("first"), CollectOutcome.DATA_INVALID).endswith(" 1 more batch failed a check.")


def test_without_a_time_column_none_is_called_the_newest(world: World) -> None:
    world.add(*range(6), edit=lambda c: {name: values for name, values in c.items() if name != "time"})
    run = world.run("first", data={"timeColumn": None})
    assert run.collect.message == (
        "6 batches with 2,016 new rows; the last 672 by file name and row (no data.timeColumn) are held out."
    )


def test_no_row_is_newer_than_what_the_champion_learned_from(world: World) -> None:
    world.begin(6)
    for held_out in (4, 5):
        (world.root / "data" / f"week-00{held_out}.parquet").unlink()
    late = {**world.columns(50), "time": world.columns(0)["time"]}
    world.write("week-008.parquet", pa.table(late))
    run = world.run("second")
    assert run.evaluate.outcome is EvaluateOutcome.INCONCLUSIVE
    assert run.evaluate.message == (
        "No new row is later than 2024-01-28 23:30, the newest the champion learned from (data.timeColumn time): none "
        "can be held out."
    )


@pytest.mark.parametrize(("time", "told"), [(np.datetime64("2024-01-01T00:00", "us"), "2024-01-01 00:00"), (7, "7")])
def test_all_rows_of_one_time(world: World, time: object, told: str) -> None:
    world.add(*range(6), edit=lambda c: {**c, "time": np.full(WEEK, time)})
    run = world.run("first")
    assert run.collect.message == "6 batches with 2,016 new rows."
    assert run.evaluate.outcome is EvaluateOutcome.INCONCLUSIVE
    assert run.evaluate.message == (
        f"All new rows have the same time, {told} (data.timeColumn time): none is newer than the others, to be held "
        "out."
    )


def test_numbers_are_no_classes(world: World) -> None:
    world.add(0, rows=2000, edit=lambda c: {**c, "y": np.arange(2000) // 4})
    assert ended(world.run("first"), CollectOutcome.DATA_INVALID) == (
        "All new batches, column y, check classes: expected classes that recur (for numbers take a regressor), "
        "seen 500 of them in 2,000 rows."
    )
