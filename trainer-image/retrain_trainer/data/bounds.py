"""What a batch may ask of memory: looked up in its head or its footer, before anything of it is parsed or unpacked.

A file of some kilobytes can unpack to gigabytes, by accident or on purpose. What is refused here costs neither memory
nor time, and is told by its name.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retrain_trainer.telling.faults import BadBatchError, Problem

MIB = 1 << 20
MOST_ROWS = 100_000_000
"""Of one batch: where its rows are in no order, collect looks at the keys of all of them at once, 18 bytes a row."""
MOST_COLUMNS = 4096
FIRST_LINE = MIB
"""Bytes of the line with the names of a CSV file, which Arrow looks for in a first block of this size."""
FOOTER = 32 * MIB
PACKED_COLUMN = 512 * MIB
"""Of one column in one row group, unpacked: its dictionary, and each page, are unpacked as a whole."""
LABEL = 256
"""Bytes of a word that is a class."""
CHANCES = 1 << 26
"""Held-out rows times classes: evaluate holds so many probabilities of each model at once, 8 bytes each."""


def check_head(path: Path, batch: str) -> None:
    """Refuse a CSV file whose first line has no end in sight, or too many columns."""
    with path.open("rb") as file:
        head = file.read(FIRST_LINE).lstrip(b"\r\n")
        whole = len(head) < FIRST_LINE and not file.read(1)
    names = re.split(b"[\r\n]", head, maxsplit=1)
    if len(names) == 1 and not whole:
        raise BadBatchError(Problem(batch, "size", "a first line of less than 1 MiB", "no end of it"))
    _require_few(batch, names[0].count(b",") + 1)


def check_footer(path: Path, batch: str) -> None:
    """Refuse a Parquet file with too large a description of itself, or with too many columns or rows."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 8, 0))
        length = int.from_bytes(file.read(4), "little")
    if FOOTER < length < size:
        raise BadBatchError(Problem(batch, "size", f"a footer of at most {_in_mib(FOOTER)}", _in_mib(length)))
    metadata = pq.read_metadata(path)
    _require_few(batch, metadata.num_columns)
    check_rows(metadata.num_rows, batch)


def check_row_groups(metadata: pq.FileMetaData, batch: str, columns: Iterable[str]) -> None:
    """Refuse a Parquet file of which one of these columns grows too large when a row group is unpacked."""
    names = frozenset(columns)
    paths = ((metadata.schema.column(place).path, place) for place in range(metadata.num_columns))
    wanted = [(name, place) for name, place in paths if name in names]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for name, place in wanted:
            size = group.column(place).total_uncompressed_size
            if size > PACKED_COLUMN:
                expected = f"at most {_in_mib(PACKED_COLUMN)} unpacked in a row group (write smaller row groups)"
                raise BadBatchError(Problem(batch, "size", expected, _in_mib(size), name))


def check_words(column: pa.Array, batch: str, name: str) -> None:
    """Refuse classes that are whole texts: each row of a chunk would take as much room as the longest of them."""
    words = column.dictionary if pa.types.is_dictionary(column.type) else column
    if pa.types.is_string(words.type) or pa.types.is_large_string(words.type):
        longest = pc.max(pc.binary_length(words)).as_py() or 0
        if longest > LABEL:
            raise BadBatchError(Problem(batch, "label", f"classes of at most {LABEL} bytes", f"{longest:,}", name))


def check_rows(rows: int, batch: str) -> None:
    """Refuse a batch of more rows than collect can hold the keys of."""
    if rows > MOST_ROWS:
        raise BadBatchError(Problem(batch, "size", f"at most {MOST_ROWS:,} rows (split it)", f"{rows:,}"))


def held_out(rows: int, classes: int) -> Problem | None:
    """Tell of a holdout of so many rows and classes that evaluate cannot hold what models say of it."""
    most = CHANCES // max(classes, 1)
    if rows <= most:
        return None
    expected = f"at most {most:,} held-out rows of {classes:,} classes (lower data.holdout.maxRows)"
    return Problem(None, "size", expected, f"{rows:,}")


def _require_few(batch: str, columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise BadBatchError(Problem(batch, "size", f"at most {MOST_COLUMNS:,} columns", f"{columns:,}"))


def _in_mib(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
