"""Sample data to check a trainer on: weeks of half-hourly rows whose label two features foretell, always the same."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from retrain_trainer.contract import (
    Champion,
    Data,
    Digest,
    Evaluation,
    Gate,
    Holdout,
    Model,
    Task,
)

ROWS = 336
START = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = ("time", "price", "distance", "load", "late")
METRIC = "accuracy"
FIRST_WEEKS, NEW_WEEKS = range(6), range(6, 8)
FEW = 200
"""Rows that are enough to train on (`validation.minRows`) and too few to hold `holdout.minRows` of them out."""
JUNK = b"\x89\xff\x00 this is no batch \xfe" * 50


class Format(StrEnum):
    """How batches are written."""

    CSV = "csv"
    PARQUET = "parquet"

    @property
    def missing(self) -> str | None:
        """What must be installed before such batches can be made; None when it is."""
        return "pyarrow" if self is Format.PARQUET and find_spec("pyarrow") is None else None


def write_batch(folder: Path, week: int, how: Format, rows: int = ROWS) -> Path:
    """One week, or its first rows, as a file that everybody may read."""
    path = folder / f"week-{week:02}.{how}"
    values = list(islice(_rows(week), rows))
    if how is Format.CSV:
        lines = (",".join(_text(value) for value in row) for row in values)
        path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    else:
        from pyarrow import parquet, table  # noqa: PLC0415  # of the extra `trainer`, and only for this format

        columns = zip(*values, strict=True)
        parquet.write_table(table(dict(zip(COLUMNS, map(list, columns), strict=True))), path)
    path.chmod(0o644)
    return path


def _rows(week: int) -> Iterator[tuple[Any, ...]]:
    drawn = random.Random(week)  # noqa: S311  # chance, no secret
    for number in range(week * ROWS, (week + 1) * ROWS):
        price, distance, load, noise = (drawn.gauss(0, 1) for _ in range(4))
        late = int(price + distance + 0.5 * noise > 0)
        yield START + timedelta(minutes=30) * number, round(price, 4), round(distance, 4), round(load, 4), late


def _text(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def sample_task(run: str, source: str, store: str, champion: Champion | None, known: Digest | None) -> Task:
    """What a trainer is told of the sample: enough rows for a week to be held out, and one metric."""
    return Task(
        run=run,
        nonce=f"nonce-of-{run}-0123456789",
        data=Data(
            source=source,
            label=COLUMNS[-1],
            time_column=COLUMNS[0],
            holdout=Holdout(fraction=0.2, min_rows=ROWS, min_blocks=7),
        ),
        model=Model(store=store, estimator="SGDClassifier"),
        evaluation=Evaluation(gates=(Gate(metric=METRIC),)),
        champion=champion,
        known_data=known,
    )
