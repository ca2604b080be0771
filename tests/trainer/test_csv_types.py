"""A CSV file tells the types of its columns by its first MiB: what comes later is read right, or the cause is told."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrain_trainer.contract import CollectOutcome
from retrain_trainer.data.reading import header, read
from retrain_trainer.data.rows import Layout, Type, keys_of
from tests.trainer.world import World, ended

LONG, LAST = 20_000, 19_990
FILLER = "x" * 60


def minute(row: int) -> str:
    return str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(row, "m")).replace("T", " ")


def csv(
    path: Path,
    time: Callable[[int], object] = minute,
    a: Callable[[int], object] = lambda row: row % 7 / 7,
    y: Callable[[int], object] = lambda row: row % 2,
) -> None:
    """Write more than a MiB, whose last rows may differ from all others."""
    rows = (f"{time(row)},{a(row)},{y(row)},{FILLER}\n" for row in range(LONG))
    path.write_text("".join(["time,a,y,filler\n", *rows]))


@pytest.mark.parametrize(
    ("begin", "late", "zone", "last"),
    [
        (minute, ".25", "", 250_000),
        (minute, ".25", "Z", 250_000),
        (lambda row: minute(row)[:10], " 00:00:01.5", "", 1_500_000),
        (lambda row: row, ".5", "", 0.5),
    ],
    ids=["seconds", "a zone", "days", "numbers"],
)
def test_times_may_have_fractions_later_than_at_first(
    tmp_path: Path, begin: Callable[[int], object], late: str, zone: str, last: float
) -> None:
    csv(tmp_path / "w.csv", lambda row: f"{begin(row)}{late if row >= LAST else ''}{zone}")
    kind = header(tmp_path / "w.csv", "w")["time"]
    layout = Layout(features=("a",), label="y", label_type=Type.INTEGER, time="time", time_type=kind)
    layout = layout.model_copy(update={"time_type": Type.NUMBER if kind is Type.INTEGER else kind})
    keys = np.concatenate([keys_of(chunk, layout, first) for first, chunk in read(tmp_path / "w.csv", "w", layout)])
    start = np.datetime64(str(begin(LAST)), "us").astype(np.int64) if kind is Type.TIME else LAST
    assert keys[LAST] == start + last


FIRST = "as in the first MiB of the file, which settles the type of a column"


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("time", lambda row: row if row < LAST else row + 0.5, f"a whole number, {FIRST}, seen '{LAST}.5'."),
        (
            "time",
            lambda row: f"{minute(row)}{'' if row < LAST else 'Z'}",
            f"a time without a zone, {FIRST}, seen '{minute(LAST)}Z'.",
        ),
        ("a", lambda row: "true" if row < LAST else "0.5", f"true or false, {FIRST}, seen '0.5'."),
        (
            "y",
            lambda row: row % 2 if row < LAST else "A1",
            "a number, as the classes before it are (the first MiB of a CSV file settles their type, in Parquet it is "
            "told), seen 'A1'.",
        ),
    ],
    ids=["time", "zone", "feature", "label"],
)
def test_what_cannot_be_read_otherwise_is_told_with_its_cause(
    world: World, column: str, values: Callable[[int], object], message: str
) -> None:
    csv(world.root / "data" / "w.csv", **{column: values})
    said = ended(world.run("first", data={"exclude": ["filler"]}), CollectOutcome.DATA_INVALID)
    assert said == f"Batch w.csv, column {column}, check type: expected {message}"
