"""Batches are read by the rows that are wanted: other row groups are passed over, and nothing of a number is lost."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrain_trainer.contract import CollectOutcome, Fault
from retrain_trainer.data import held, reading
from retrain_trainer.data.categories import Words
from retrain_trainer.data.reading import read, read_rows
from retrain_trainer.data.rows import Layout, Span, Type
from retrain_trainer.files.batches import look_at
from retrain_trainer.telling.faults import StepError
from tests.trainer.world import WEEK, World, ended

ROWS, GROUP = 1000, 100
BEGIN = np.datetime64("2024-01-01T00:00:00", "s")
MINUTE = 60_000_000
FIRST = int(BEGIN.astype("datetime64[us]").astype(np.int64))


def batch(path: Path, time: pa.Array | None, **options: Any) -> Layout:
    """Write a file of ten row groups, and return its layout."""
    columns = {"a": np.arange(ROWS, dtype=np.float32), "b": np.arange(ROWS) / 3, "y": np.arange(ROWS) % 2}
    timed = {} if time is None else {"time": time}
    pq.write_table(pa.table({**columns, **timed}), path, row_group_size=GROUP, **options)
    kind = {} if time is None else {"time": "time", "time_type": Type.TIME}
    return Layout(features=("a", "b"), label="y", label_type=Type.INTEGER, **kind)


def minutes(unit: str, zone: str | None = None) -> pa.Array:
    return pa.array(BEGIN.astype("datetime64[s]") + np.arange(ROWS) * 60, pa.timestamp("s")).cast(
        pa.timestamp(unit, zone)
    )


@pytest.mark.parametrize("time", [minutes("ms"), minutes("us"), minutes("ns"), minutes("us", "Europe/Berlin")], ids=str)
def test_only_row_groups_that_meet_the_span_are_read(tmp_path: Path, time: pa.Array) -> None:
    layout = batch(tmp_path / "w.parquet", time)
    span = Span(FIRST + 250 * MINUTE, FIRST + 431 * MINUTE)
    chunks = list(read(tmp_path / "w.parquet", "w", layout, span))
    assert [(first, chunk.num_rows) for first, chunk in chunks] == [(200, 300)]
    (rows,) = read_rows(tmp_path / "w.parquet", "w", layout, span)
    assert rows.features()[:, 0].tolist() == list(range(250, 431))
    assert rows.keys[0] == span.start


@pytest.mark.parametrize("options", [{"write_statistics": False}, {"use_deprecated_int96_timestamps": True}], ids=str)
def test_a_file_that_does_not_tell_its_times_is_read_whole(tmp_path: Path, options: dict[str, Any]) -> None:
    layout = batch(tmp_path / "w.parquet", minutes("us"), **options)
    span = Span(FIRST + 250 * MINUTE, FIRST + 431 * MINUTE)
    assert sum(chunk.num_rows for _, chunk in read(tmp_path / "w.parquet", "w", layout, span)) == ROWS
    (rows,) = read_rows(tmp_path / "w.parquet", "w", layout, span)
    assert rows.features()[:, 0].tolist() == list(range(250, 431))


def test_what_comes_after_the_wanted_numbers_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 20)
    layout = batch(tmp_path / "w.parquet", minutes("us"))
    chunks = list(read(tmp_path / "w.parquet", "w", layout, numbers=Span(205, 241)))
    assert [first for first, _ in chunks] == [200, 220, 240]


def test_without_times_keys_are_the_numbers_of_rows_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)
    layout = batch(tmp_path / "w.parquet", None)
    pieces = list(read_rows(tmp_path / "w.parquet", "w", layout, Span(555, 777)))
    assert max(len(piece.labels) for piece in pieces) == 10
    for values in ([piece.features()[:, 0] for piece in pieces], [piece.keys for piece in pieces]):
        assert np.concatenate(values).tolist() == list(range(555, 777))


def test_numbers_are_float64_to_whoever_learns_and_stay_float32_in_a_holdout(world: World) -> None:
    world.begin(6)
    for week in (6, 7, 8):
        columns = world.columns(week)
        world.write(f"week-{week:03d}.parquet", pa.table({**columns, "a": columns["a"].astype(np.float32)}))
    run = world.run("second")
    assert run.evaluate.candidate is not None
    folder = Path(run.evaluate.candidate.uri.removeprefix("file://"))
    held = pq.read_table(folder / "holdout.parquet")
    assert [held.schema.field(name).type for name in "abc"] == [pa.float32(), pa.float64(), pa.float64()]
    newest = np.concatenate([world.columns(week)["a"] for week in (7, 8)]).astype(np.float32)
    assert held["a"].to_pylist() == newest.tolist()


def tell_wrong(path: Path, group: int, like: int, later: int = 0) -> None:
    """Let the footer of a file tell of the times of one row group what is true of another, or so much later."""
    content, metadata = path.read_bytes(), pq.read_metadata(path)
    real, told = (metadata.row_group(number).column(0).statistics for number in (group, like))
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for edge in ("min_raw", "max_raw"):
        one, two = ((getattr(each, edge) + more).to_bytes(8, "little") for each, more in ((real, 0), (told, later)))
        assert content.count(one, footer) >= 1
        content = content[:footer] + content[footer:].replace(one, two)
    path.write_bytes(content)


def test_a_time_may_have_the_name_that_a_field_of_a_struct_goes_by(world: World) -> None:
    nested = pa.array([{"t": 5}] * WEEK)
    world.add(*range(6), edit=lambda c: {"x": nested, "x.t": c["time"], "a": c["a"], "b": c["b"], "y": c["y"]})
    changes = {"data": {"exclude": ["x"], "timeColumn": "x.t"}}
    world.promote(world.run("first", **changes))
    world.add(6, 7, edit=lambda c: {"x": nested, "x.t": c["time"], "a": c["a"], "b": c["b"], "y": c["y"]})
    run = world.run("second", **changes)
    assert run.evaluate.candidate is not None, run


def test_in_csv_words_are_as_written_and_numbers_may_lack(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text('a,r,y\n1,NA,yes\nNA,"null",null\nnan,,no\n4,"",\n5,south,nan\n')
    layout = Layout(features=("a",), categories=(Words(column="r"),), label="y", label_type=Type.TEXT)
    ((_, chunk),) = read(path, "w.csv", layout)
    assert chunk.column(1).to_pylist() == ["NA", "null", None, None, "south"]
    assert chunk.column(2).to_pylist() == ["yes", "null", "no", None, "nan"]
    assert np.isnan(chunk.column(0).to_numpy(zero_copy_only=False)).tolist() == [False, True, True, False, False]


def test_a_file_that_tells_its_times_wrong_is_not_believed(world: World) -> None:
    """Its footer has the times of its first rows for the last row group as well, so that none of it seems held out."""
    world.begin(6)
    table = pa.table(world.columns(6, rows=3 * WEEK))
    path = world.root / "data" / "week-006.parquet"
    pq.write_table(table, path, row_group_size=WEEK, compression="none", use_dictionary=["time"])
    tell_wrong(path, 2, like=0)
    world.workspace("second")
    assert ended(world.run("second"), CollectOutcome.DATA_INVALID) == (
        "Batch week-006.parquet, column time, check time: expected 672 rows to hold out, seen 336 (do its Parquet "
        "statistics tell its times wrong? write the file anew)."
    )


def test_rows_to_train_on_are_not_lost_where_a_file_tells_their_times_wrong(world: World) -> None:
    """Its oldest rows come last, and seem to be newer than the holdout."""
    world.begin(6)
    table = pa.table(world.columns(6, rows=3 * WEEK))
    path = world.root / "data" / "week-006.parquet"
    pq.write_table(pa.concat_tables([table[WEEK:], table[:WEEK]]), path, row_group_size=WEEK)
    tell_wrong(path, 2, like=2, later=10**15)
    run = world.run("second")
    assert isinstance(run.trained, Fault)
    assert run.trained.message == (
        "Batch week-006.parquet has 0 rows before the holdout where collect found 336: do its Parquet statistics tell "
        "its times wrong? Write the file anew."
    )


def test_a_file_that_changes_while_the_holdout_is_written_is_taken_as_it_is_by_the_next_attempt(tmp_path: Path) -> None:
    path, layout = tmp_path / "w.csv", Layout(features=("a",), label="y", label_type=Type.INTEGER)
    path.write_text("a,y\n1,0\n2,1\n")
    piece = held.Piece(look_at(path, "w.csv", {}), 0, rows=2)
    path.write_text("a,y\n1,0\n")
    with pytest.raises(
        StepError, match=r"^Batch w\.csv was changed while the run was going on\. The next attempt takes"
    ):
        held.write(tmp_path / "holdout.parquet", [piece], layout, held.Thinned(1, 1))
