"""Batches that ask for more than there is: refused by name, and in no more memory than an ordinary batch takes."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrain_trainer.contract import CollectOutcome
from retrain_trainer.data import bounds, reading
from retrain_trainer.data.reading import read
from retrain_trainer.data.rows import Layout, Type
from tests.trainer.process import measured
from tests.trainer.world import WEEK, World, ended

HEAD = b"time,a,b,c,y\n"
ROW = b"2030-01-01 00:00:00.000000,0.1,0.2,0.3,1\n"
LEEWAY = 100.0
"""MiB that a refusal may take beyond what an ordinary batch takes; each of these would take gigabytes when parsed."""


def sparse(path: Path, begin: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(size)


def packed_column(path: Path) -> None:
    rows = (bounds.PACKED_COLUMN >> 3) + 1
    table = pa.table({"a": np.zeros(rows), "time": pa.nulls(rows), "y": pa.nulls(rows)})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, row_group_size=rows)


def many_rows(path: Path) -> None:
    table = pa.table({name: pa.nulls(bounds.MOST_ROWS + 1) for name in ("time", "y")})
    pq.write_table(table, path)


def long_word(path: Path) -> None:
    """One class of 8 MiB, a thousand times: packed small, 8 GiB when each row gets its own."""
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1000, np.int32)), pa.array(["x" * (8 << 20)]))
    times = pa.array(np.arange(1000), pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"time": times, "a": np.arange(1000.0), "y": words}), path, compression="zstd")


class TestABatchThatIsTooMuch:
    CASES: ClassVar[dict[str, tuple[str, Callable[[Path], object], str]]] = {
        "10 GiB of nothing in a CSV file": (
            "w.csv", lambda path: sparse(path, HEAD + ROW, 10 << 30),
            "check size: expected a file of at most 8 GiB (split it), seen 10.0 GiB.",
        ),
        "10 GiB of nothing in a Parquet file": (
            "w.parquet", lambda path: sparse(path, b"PAR1", 10 << 30),
            "check size: expected a file of at most 8 GiB (split it), seen 10.0 GiB.",
        ),
        "a line after good ones that does not end": (
            "w.csv", lambda path: sparse(path, HEAD + ROW * 9, 256 << 20),
            "check readable: expected a whole Parquet or CSV file, seen ",
        ),
        "a first line that does not end": (
            "w.csv", lambda path: sparse(path, b"time,a,b,c,", 256 << 20),
            "check size: expected a first line of less than 1 MiB, seen no end of it.",
        ),
        "a million columns": (
            "w.csv", lambda path: path.write_bytes(b",".join(b"column%d" % n for n in range(1_000_000)) + b"\n"),
            "check size: expected a first line of less than 1 MiB, seen no end of it.",
        ),
        "as many columns as the first line has room for": (
            "w.csv", lambda path: path.write_bytes(b"a," * 400_000 + b"y\n" + b"1," * 400_000 + b"1\n"),
            "check size: expected at most 4,096 columns, seen 400,001.",
        ),
        "too many columns in Parquet": (
            "w.parquet", lambda path: pq.write_table(pa.table({f"c{n}": [1.0] for n in range(5000)}), path),
            "check size: expected at most 4,096 columns, seen 5,000.",
        ),
        "a column that unpacks to half a gigabyte at once": (
            "w.parquet", packed_column,
            "column a, check size: expected at most 512 MiB unpacked in a row group (write smaller row groups), seen ",
        ),
        "100 million rows in a few bytes": (
            "w.parquet", many_rows, "check size: expected at most 100,000,000 rows (split it), seen 100,000,001.",
        ),
        "a footer larger than any": (
            "w.parquet", lambda path: path.write_bytes(bytes(40 << 20) + (39 << 20).to_bytes(4, "little") + b"PAR1"),
            "check size: expected a footer of at most 32 MiB, seen 39 MiB.",
        ),
        "a class as long as a book": (
            "w.parquet", long_word, "column y, check label: expected classes of at most 256 bytes, seen 8,388,608.",
        ),
    }  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def ordinary(cls, tmp_path_factory: pytest.TempPathFactory) -> float:
        """The peak of a collect that refuses an ordinary batch after having read it, in MiB."""
        with pytest.MonkeyPatch.context() as patch:
            world = World(tmp_path_factory.mktemp("ordinary"), patch)
            world.add(0, edit=lambda c: {**c, "b": np.full(len(c["b"]), np.inf)})
            answer, peak = measured(world, "collect", "first")
            assert answer.outcome is CollectOutcome.DATA_INVALID
            return peak

    @pytest.mark.parametrize("case", CASES)
    def test_is_refused_by_name(self, world: World, ordinary: float, case: str) -> None:
        name, make, expected = self.CASES[case]
        make(world.root / "data" / name)
        answer, peak = measured(world, "collect", "first")
        assert answer.outcome is CollectOutcome.DATA_INVALID
        assert answer.message.startswith(f"Batch {name}"), answer.message
        assert expected in answer.message, answer.message
        print(f"{case}: {peak - ordinary:+.0f} MiB beside {ordinary:.0f} MiB")
        assert peak < ordinary + LEEWAY


class TestABatchAmongOthers:
    def test_rows_are_counted_while_they_are_read(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "MOST_ROWS", 300)
        world.add(0, name="week-{}.csv")
        message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
        assert message == f"Batch week-0.csv, check size: expected at most 300 rows (split it), seen {WEEK}."

    def test_a_file_that_is_too_large_is_left_out_and_no_news_twice(self, world: World) -> None:
        world.begin(6)
        world.add(6, 7, 8, 9)
        sparse(world.root / "data" / "week-900.csv", HEAD + ROW, 10 << 30)
        skip = {"validation": {"onBadBatch": "Skip"}}
        run = world.promote(world.run("second", data=skip))
        assert "Left out: Batch week-900.csv, check size: " in run.collect.message
        world.workspace("third")
        again = world.step("collect", "third", data=skip)
        assert world.step("collect", "third", data=skip, knownData=again.data_digest).message.startswith("No new data")

    def test_each_name_may_stand_once(self, world: World) -> None:
        (world.root / "data" / "w.csv").write_bytes(HEAD.replace(b"b", b"a") + ROW)
        message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
        assert message == "Batch w.csv, column a, check columns: expected each name once, seen a more than once."

    def test_a_class_for_each_row_is_noticed_before_the_end(self, world: World) -> None:
        world.add(0, rows=200_000, edit=lambda c: {**c, "y": np.arange(200_000)})
        message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
        assert message.endswith(
            "column y, check classes: expected at most 1,000 classes (for numbers take a regressor), seen 32,768."
        )

    def test_a_wide_batch_is_read_in_fewer_rows_at_a_time(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "CHUNK_VALUES", 2000)
        columns = {f"c{n}": np.arange(150.0) for n in range(19)}
        path = world.write("w.parquet", pa.table({**columns, "y": np.arange(150)}))
        layout = Layout(features=tuple(columns), label="y", label_type=Type.INTEGER)
        assert [chunk.num_rows for _, chunk in read(path, "w", layout)] == [100, 50]


def test_more_probabilities_than_evaluate_can_hold_are_refused_before_anything_is_held_out(world: World) -> None:
    """80,000 rows held out of 1,000 classes would be 640 MB of each model."""
    world.add(0, rows=400_000, edit=lambda columns: {**columns, "y": np.arange(400_000) % 1_000})
    message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
    assert message == (
        "All new batches, check size: expected at most 67,108 held-out rows of 1,000 classes (lower "
        "data.holdout.maxRows), seen 80,000."
    )
    assert not (world.root / "workspace-first" / "holdout.parquet").exists()
    assert bounds.held_out(67_108, 1_000) is None
