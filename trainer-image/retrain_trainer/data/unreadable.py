"""Tells what is wrong with a file that cannot be read, in words of the file and not of the library that reads it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from retrain_trainer.telling.faults import BadBatchError, Problem

UTF8 = "UTF-8 text (write the file anew in UTF-8)"
TIME = "a time such as 2024-01-31 10:00 (ISO 8601)"


@contextmanager
def readable(batch: str, path: Path | None = None) -> Iterator[None]:
    """Turn what pyarrow raises over an unreadable file into BadBatchError; what the operating system says passes."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError) as error:
        raise BadBatchError(_unreadable(batch, str(error), path)) from None
    except UnicodeDecodeError:
        raise BadBatchError(Problem(batch, "readable", UTF8, "names of columns that are none")) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise BadBatchError(_unreadable(batch, str(error), path)) from None


def _unreadable(batch: str, text: str, path: Path | None) -> Problem:
    """Name the column and the value when pyarrow does, as in `In CSV column #1: ... to double: invalid value 'abc'`."""
    found = re.search(r"(?s)CSV column #(\d+): .*conversion error to (\w+).*: invalid (UTF8|value '(.{0,40}))", text)
    if found:
        column = None if path is None else pacsv.open_csv(path).schema.names[int(found[1])]
        value = (found[4] or "").split("\n", maxsplit=1)[0].rstrip("'")
        if found[3] == "UTF8" or "\N{REPLACEMENT CHARACTER}" in value:
            return Problem(batch, "readable", UTF8, "a value that is none", column)
        return Problem(batch, "type", TIME if found[2] == "timestamp" else "a number", f"'{value}'", column)
    return Problem(batch, "readable", "a whole Parquet or CSV file", text.split(".", maxsplit=1)[0][:120])
