"""How a run ends before a model is made, and the sentence that says so."""

import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome, EvaluateOutcome, TrainOutcome
from tests.trainer.world import WEEK, World, ended


@pytest.mark.parametrize("source", ["missing/*.parquet", "data/*.parquet", "data/none.csv"])
def test_no_file_at_all(world: World, source: str) -> None:
    uri = f"file://{world.root}/{source}"
    message = ended(world.run("first", data={"source": uri}), CollectOutcome.DATA_SOURCE_NOT_FOUND)
    assert message == f"Data source not found: {uri} matches no file."


def test_nothing_new_since_the_champion(world: World) -> None:
    world.begin(6)
    message = ended(world.run("second"), CollectOutcome.NO_NEW_DATA)
    assert message == "No new data: the champion v000001-first has seen all 6 batches there are."


def test_too_little_to_be_worth_a_training(world: World) -> None:
    world.begin(6)
    world.add(6, rows=40)
    message = ended(world.run("second"), CollectOutcome.NO_NEW_DATA)
    assert message == "Only 40 new rows; data.validation.minRows asks for 100."


def test_a_renamed_or_copied_batch_is_no_new_one(world: World) -> None:
    world.begin(6)
    data = world.root / "data"
    (data / "week-005.parquet").rename(data / "week-099.parquet")
    (data / "copy.parquet").write_bytes((data / "week-001.parquet").read_bytes())
    ended(world.run("second"), CollectOutcome.NO_NEW_DATA)


def test_hidden_and_marker_files_are_no_batches(world: World) -> None:
    (world.root / "data" / ".week.parquet.tmp").write_text("half")
    (world.root / "data" / "_SUCCESS").write_text("")
    ended(world.run("first"), CollectOutcome.DATA_SOURCE_NOT_FOUND)


@pytest.mark.parametrize(
    ("rows", "holdout", "message"),
    [
        (
            WEEK,
            {"minRows": 1000},
            "336 new rows are too few to keep 1,000 of them (data.holdout.minRows) from training. "
            "They wait for the next run.",
        ),
        (
            WEEK,
            {"minRows": 100},
            "The 100 held-out rows make 3 blocks, fewer than data.holdout.minBlocks 14.",
        ),
    ],
)
def test_a_holdout_too_small_to_decide_trains_nothing(
    world: World, rows: int, holdout: dict[str, int], message: str
) -> None:
    world.add(0, rows=rows)
    run = world.run("first", data={"holdout": holdout})
    assert run.collect.outcome is CollectOutcome.COLLECTED
    assert run.train.outcome is TrainOutcome.SKIPPED
    assert run.train.message == f"Nothing was trained. {message}"
    assert run.evaluate.outcome is EvaluateOutcome.INCONCLUSIVE
    assert run.evaluate.message == message
    assert run.evaluate.candidate is None
    assert not world.store.exists()


def test_rows_of_a_time_already_trained_on_are_not_held_out(world: World) -> None:
    world.begin(6)
    world.add(6, 7)
    late = {**world.columns(50), "time": world.columns(0)["time"]}
    world.write("week-008.parquet", pa.table(late))
    run = world.run("second")
    held = run.evaluate.holdout
    assert held is not None
    assert (held.rows, str(held.start)) == (2 * WEEK, "2024-02-12 00:00:00+00:00")
    assert run.train.rows == 3 * WEEK


def test_only_rows_of_old_times_cannot_decide(world: World) -> None:
    world.begin(6)
    for week in range(4):
        columns = {**world.columns(50 + week), "time": world.columns(week)["time"]}
        world.write(f"late-{week}.parquet", pa.table(columns))
    world.task["data"]["holdout"]["minRows"] = 3 * WEEK
    run = world.run("second")
    assert run.evaluate.outcome is EvaluateOutcome.INCONCLUSIVE
    assert run.evaluate.message == "Only 672 rows could be held out, fewer than data.holdout.minRows 1,008."
