"""Tells what is wrong with a file that cannot be read, in words of the file and not of the library that reads it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from retrain_trainer.telling.faults import BadBatchError, Problem

UTF8 = "UTF-8 text (write the file anew in UTF-8)"
FIRST = "as in the first MiB of the file, which settles the type of a column"
KINDS = {
    "timestamp": "a time such as 2024-01-31 10:00 (ISO 8601)",
    "int64": f"a whole number, {FIRST}",
    "bool": f"true or false, {FIRST}",
}
CLASS = "a number, as the classes before it are (the first MiB of a CSV file settles their type, in Parquet it is told)"


@contextmanager
def readable(batch: str, path: Path | None = None, classes: str | None = None) -> Iterator[None]:
    """Turn what pyarrow raises over an unreadable file into BadBatchError; what the operating system says passes.

    With `classes`, the column that holds them is known.
    """
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError) as error:
        raise BadBatchError(_unreadable(batch, str(error), path, classes)) from None
    except UnicodeDecodeError:
        raise BadBatchError(Problem(batch, "readable", UTF8, "names of columns that are none")) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise BadBatchError(_unreadable(batch, str(error), path, classes)) from None


def _unreadable(batch: str, text: str, path: Path | None, classes: str | None) -> Problem:
    """Name the column and the value when pyarrow does, as in `In CSV column #1: ... to double: invalid value 'abc'`."""
    zone = re.search(r"(?s)CSV column #(\d+): .*: expected (no|a) zone offset in '(.{0,40}?)'", text)
    if zone:
        expected = f"a time {'without' if zone[2] == 'no' else 'with'} a zone, {FIRST}"
        return Problem(batch, "type", expected, f"'{zone[3]}'", _name(path, zone[1]))
    found = re.search(r"(?s)CSV column #(\d+): .*conversion error to (\w+).*: invalid (UTF8|value '(.{0,40}))", text)
    if found:
        column = _name(path, found[1])
        value = (found[4] or "").split("\n", maxsplit=1)[0].rstrip("'")
        if found[3] == "UTF8" or "\N{REPLACEMENT CHARACTER}" in value:
            return Problem(batch, "readable", UTF8, "a value that is none", column)
        number = CLASS if column is not None and column == classes else "a number"
        return Problem(batch, "type", KINDS.get(found[2], number), f"'{value}'", column)
    return Problem(batch, "readable", "a whole Parquet or CSV file", text.split(".", maxsplit=1)[0][:120])


def _name(path: Path | None, place: str) -> str | None:
    return None if path is None else pacsv.open_csv(path).schema.names[int(place)]
