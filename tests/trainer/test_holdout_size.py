"""More held-out rows than are scored: one in so many is drawn, every day stays, and the others are new again."""

from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq

from retrain_trainer.contract import Fault
from tests.trainer.world import WEEK, World

WEEKS = 20
HOLDOUT = {"fraction": 0.5, "minRows": 1000, "maxRows": 1000}


def test_one_row_in_so_many_is_scored(world: World) -> None:
    world.add(*range(WEEKS))
    run = world.run("first", data={"holdout": HOLDOUT})
    held = WEEKS * WEEK // 2
    every = -(-held // 1000)
    assert run.collect.message.startswith(
        f"20 batches with 6,720 new rows; the newest {held:,} are held out. Of these one in {every} is scored "
        "(data.holdout.maxRows)."
    )
    assert run.train.rows == held
    report = run.evaluate.holdout
    assert report is not None
    assert (report.rows, report.blocks) == (-(-held // every), held // 48)
    times = pq.read_table(world.store / "v000001-first" / "holdout.parquet").column("time").to_pylist()
    apart = {(after - before).total_seconds() / 1800 for before, after in pairwise(times)}
    assert apart == set(range(1, 2 * every))


def test_of_rows_that_take_turns_each_kind_is_scored(world: World) -> None:
    """Every n-th row would be of one store only, and what is done to the others would be seen by nobody."""
    world.add(*range(WEEKS), edit=lambda columns: {"store": np.arange(WEEK) % 4, **columns})
    run = world.run("first", data={"holdout": HOLDOUT})
    assert "Of these one in 4 is scored" in run.collect.message
    stores = pq.read_table(world.store / "v000001-first" / "holdout.parquet").column("store").to_numpy().astype(int)
    assert np.bincount(stores, minlength=4).min() > 0.8 * len(stores) / 4


def test_all_held_out_rows_are_new_to_the_next_run(world: World) -> None:
    world.add(*range(WEEKS))
    world.promote(world.run("first", data={"holdout": HOLDOUT}))
    world.add(WEEKS)
    assert world.run("second").collect.rows == WEEKS * WEEK // 2 + WEEK


def test_fewest_above_most_is_no_task(world: World) -> None:
    world.workspace("first")
    answer = world.step("collect", "first", data={"holdout": {"minRows": 2000, "maxRows": 1000}})
    assert isinstance(answer, Fault)
    assert answer.message == "RETRAIN_TASK is not a task: data.holdout: Value error, minRows must not be above maxRows."
