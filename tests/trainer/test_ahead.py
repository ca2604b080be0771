"""A holdout that is written while batches are judged is the one that a second reading would write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrain_trainer import train
from retrain_trainer.contract import CollectOutcome
from retrain_trainer.data import held, reading
from retrain_trainer.data.rows import Layout, Rows, Span
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


def with_few_labels_at_last(world: World) -> None:
    world.add(*NEW[:-1])
    world.add(NEW[-1], edit=lambda columns: {**columns, "y": pa.nulls(WEEK, pa.int64())})


def as_other_floats(world: World) -> None:
    world.add(*NEW[::2])
    world.add(*NEW[1::2], edit=lambda columns: {**columns, "a": columns["a"].astype(np.float32)})


def of_values_that_are_required(world: World) -> None:
    for week in NEW:
        table = pa.table(world.columns(week))
        required = pa.schema([field.with_nullable(week % 2 == 0) for field in table.schema])
        world.write(f"week-{week:03d}.parquet", table.cast(required))


def with_labels_that_are_times(world: World) -> None:
    world.add(*NEW[:-1])
    world.add(NEW[-1], edit=lambda columns: {**columns, "y": columns["time"]})


def with_edges_turned_round(world: World) -> None:
    """The footer of a batch tells its last time first."""
    world.add(*NEW)
    path = world.root / "data" / f"week-{NEW[-1]:03d}.parquet"
    edges = pq.read_metadata(path).row_group(0).column(0).statistics
    low, high = (getattr(edges, edge).to_bytes(8, "little") for edge in ("min_raw", "max_raw"))
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    turned = content[footer:].replace(low, b"?" * 8).replace(high, low).replace(b"?" * 8, high)
    path.write_bytes(content[:footer] + turned)


def without(name: str) -> Edit:
    return lambda columns: {other: values for other, values in columns.items() if other != name}


def with_a_bad_one(world: World) -> None:
    world.add(*NEW[:-1])
    world.add(NEW[-1], edit=without("b"))


def as_csv(world: World) -> None:
    world.add(*NEW, name="week-{:03d}.csv")


ONCE = [plain, in_row_groups, out_of_order, with_equal_times, as_other_floats, of_values_that_are_required]
TWICE = [
    without_some_labels,
    with_few_labels_at_last,
    with_labels_that_are_times,
    with_a_bad_one,
    as_csv,
]
TURNED = [with_edges_turned_round]  # by position they are not asked


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
@pytest.mark.parametrize("new", [*ONCE, *TWICE, *TURNED], ids=lambda new: new.__name__)
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
    seconds = new in TWICE or (new in TURNED and timed)
    assert len(again) == seconds
    monkeypatch.setattr(Ahead, "of", lambda *_: None)
    assert collected(world, "twice", data=data) == once
    assert len(again) == 1 + seconds


@pytest.mark.parametrize("mode", ["Incremental", "Refit"])
@pytest.mark.parametrize("new", [*ONCE, *TWICE, *TURNED], ids=lambda new: new.__name__)
def test_the_same_rows_are_trained_on_whether_or_not_their_times_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch, new: Any, mode: str
) -> None:
    data = {"holdout": {"minRows": 500, "minBlocks": 2}, "validation": SKIP}
    how: dict[str, Any] = {"data": data, "model": {"mode": mode}}
    world.begin(**how)
    new(world)
    learned, timed = list[list[Any]](), list[bool]()
    read, rows_of = reading.read_rows, train.rows_of

    def told(path: Path, batch: str, layout: Layout, *spans: Span) -> Iterator[Rows]:
        timed.append(layout.time is not None)
        for rows in read(path, batch, layout, *spans):
            learned[-1] += np.column_stack([rows.features(), rows.labels]).tolist()
            yield rows

    monkeypatch.setattr(train, "read_rows", told)
    for name in ("untimed", "timed"):
        learned.append([])
        timed.clear()
        world.workspace(name)
        assert world.step("collect", name, **how).outcome is CollectOutcome.COLLECTED
        world.step("train", name, **how)
        assert all(timed) == (name == "timed")
        monkeypatch.setattr(train, "rows_of", lambda *what, **_: rows_of(*what, keyed=True))
    assert learned[0] == learned[1]


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
