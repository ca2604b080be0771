"""More held-out rows than are scored: evenly spaced ones are taken, every day stays, and the others are new again."""

from itertools import pairwise

import pyarrow.parquet as pq

from retrain_trainer.contract import Fault
from tests.trainer.world import WEEK, World

WEEKS = 20
HOLDOUT = {"fraction": 0.5, "minRows": 1000, "maxRows": 1000}


def test_evenly_spaced_rows_are_scored(world: World) -> None:
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
    assert {(after - before).total_seconds() for before, after in pairwise(times)} == {1800 * every}


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
