"""What a message says of a column beyond that it is wrong: which name was meant, and by which value it became text."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from retrain_trainer.telling.faults import Problem

ROWS = 10_000
"""Looked at for an example, at most."""
LONGEST = 40
"""Characters of a value that are told."""
TYPED = "a Parquet file has times in a column of timestamps, which pandas.to_datetime makes of text"


def absent(batch: str, name: str, columns: Iterable[str], fields: Mapping[str | None, str]) -> Problem:
    """Say that a column is not there, which field of the policy asks for it, and which one may have been meant."""
    names, field = list(columns), fields.get(name)
    asked = f"a column {quoted(name)}" + (f" ({field})" if field else "")
    return Problem(batch, "columns", asked, ", ".join(map(quoted, names))[:120] + _meant(name, names), name)


def quoted(name: str) -> str:
    """Return the name of a column as it is told, in quotes where they show what would not be seen."""
    return name if name and name == name.strip() and "," not in name else f"'{name}'"


def exemplified(problem: Problem, path: Path) -> Problem:
    """Name the first value that makes a column text, and its row counted from 1, where a problem only says `text`.

    Of a column that is mostly words, which may be names of people, none is told.
    """
    if problem.check != "type" or problem.seen != "text" or problem.column is None:
        return problem
    try:
        values = _words(path, problem.column)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return problem  # an example is only that
    timed = problem.expected.startswith("times")
    if timed and path.suffix == ".parquet":
        problem = replace(problem, seen=f"text ({TYPED})")
    known = [(row, value) for row, value in enumerate(values, 1) if value]
    words = [(row, value) for row, value in known if not _number_or_time(value)]
    if not words or (2 * len(words) > len(known) and not timed):
        return problem
    row, value = words[0]
    return replace(problem, seen=f"text, such as '{value[:LONGEST]}' in row {row:,}{problem.seen[len('text') :]}")


def _meant(name: str, names: list[str]) -> str:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return " (is the separator a comma?)"
    plain = {each.strip().casefold(): each for each in names}
    near = difflib.get_close_matches(name.strip().casefold(), plain, n=1, cutoff=0.75)
    return f" (did you mean {quoted(plain[near[0]])}?)" if near else ""


def _words(path: Path, column: str) -> list[str | None]:
    """Return the first values of a column of text."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            chunk = next(file.iter_batches(ROWS, columns=[column]), None)
    else:
        options = pacsv.ConvertOptions(
            column_types={column: pa.string()}, include_columns=[column], strings_can_be_null=True
        )
        with pacsv.open_csv(path, convert_options=options) as file:
            chunk = next(iter(file), None)
    return [] if chunk is None else [None if value is None else str(value) for value in chunk.column(0).to_pylist()]


def _number_or_time(value: str) -> bool:
    try:
        return math.isfinite(float(value)) or True
    except ValueError:
        pass
    try:
        return bool(datetime.fromisoformat(value.strip()))
    except ValueError:
        return False
