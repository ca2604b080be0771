"""A holdout that is written while batches are judged is the one that a second reading would write."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrain_trainer.contract import CollectOutcome
from retrain_trainer.data import held
from retrain_trainer.intake.ahead import Ahead
from tests.trainer.world import WEEK, Edit, World, flipped

NEW = range(6, 11)
SKIP = {"onBadBatch": "Skip"}


def plain(world: World) -> None:
    world.add(*NEW)


def in_row_groups(world: World) -> None:
    for week in NEW:
        pq.write_table(pa.table(world.columns(week)), world.root / "data" / f"week-{week:03d}.parquet", WEEK // 5)


def out_of_order(world: World) -> None:
    order = np.random.default_rng(0).permutation(WEEK)
    world.add(*NEW, edit=lambda columns: {name: values[order] for name, values in columns.items()})


def with_equal_times(world: World) -> None:
    world.add(*NEW, edit=lambda columns: {**columns, "time": columns["time"].astype("M8[D]").astype("M8[us]")})


def without_some_labels(world: World) -> None:
    lacking = np.arange(WEEK) % 150 == 0
    world.add(*NEW, edit=lambda columns: {**columns, "y": pa.array(columns["y"], mask=lacking)})


def without(name: str) -> Edit:
    return lambda columns: {other: values for other, values in columns.items() if other != name}


def with_a_bad_one(world: World) -> None:
    world.add(*NEW[:-1])
    world.add(NEW[-1], edit=without("b"))


def as_csv(world: World) -> None:
    world.add(*NEW, name="week-{:03d}.csv")


ONCE = [plain, in_row_groups, out_of_order, with_equal_times]
TWICE = [without_some_labels, with_a_bad_one, as_csv]


def collected(world: World, name: str, **changes: Any) -> tuple[str, bytes, bytes]:
    """Collect, and return what was said, the plan, and the holdout."""
    workspace = world.workspace(name)
    answer = world.step("collect", name, **changes)
    assert answer.outcome is CollectOutcome.COLLECTED, answer.message
    plan = (workspace / "plan.json").read_bytes().replace(name.encode(), b"")
    return answer.message, plan, (workspace / "holdout.parquet").read_bytes()


def read_again(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Count the holdouts that are read once more."""
    paths, write = list[Path](), held.write

    def counted(path: Path, *rest: Any) -> Any:
        paths.append(path)
        return write(path, *rest)

    monkeypatch.setattr(held, "write", counted)
    return paths


@pytest.mark.parametrize("rows", [{}, {"maxRows": 1000}], ids=["all are scored", "some are scored"])
@pytest.mark.parametrize("timed", [True, False], ids=["by time", "by position"])
@pytest.mark.parametrize("new", [*ONCE, *TWICE], ids=lambda new: new.__name__)
def test_it_is_the_same_to_the_byte(
    world: World, monkeypatch: pytest.MonkeyPatch, new: Any, *, timed: bool, rows: dict[str, int]
) -> None:
    holdout = {"fraction": 0.6, "minRows": 1000, "minBlocks": 2, **rows}
    data = {"holdout": holdout, "validation": SKIP} | ({} if timed else {"timeColumn": None, "exclude": ["time"]})
    # The last batch of the first run is cut through, so that the second goes on in the middle of it.
    world.begin(data=data)
    new(world)
    again = read_again(monkeypatch)
    once = collected(world, "once", data=data)
    assert len(again) == (new in TWICE)
    monkeypatch.setattr(Ahead, "of", lambda *_: None)
    assert collected(world, "twice", data=data) == once
    assert len(again) == 1 + (new in TWICE)


def test_a_batch_without_the_label_is_told_as_that(world: World) -> None:
    world.begin()
    world.add(6)
    world.add(7, edit=without("y"))
    message = collected(world, "second", data={"validation": SKIP})[0]
    assert "Left out: Batch week-007.parquet, column y, check columns: expected" in message


def test_what_was_written_of_batches_that_are_refused_together_holds_nothing_up(world: World) -> None:
    world.begin()
    world.add(6, 7, edit=flipped)
    world.workspace("second")
    assert world.step("collect", "second").outcome is CollectOutcome.DATA_INVALID
    (world.root / "data" / "week-006.parquet").unlink()
    world.add(7, 8)
    assert world.step("collect", "second").outcome is CollectOutcome.COLLECTED
