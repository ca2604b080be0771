"""Reads batches, Parquet or CSV, in chunks of rows ready for training: memory does not grow with the file.

Features become float64, whatever number type a file has; labels and times one type each, fixed by the `Layout`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from retrain_trainer import bounds
from retrain_trainer.contract import Word
from retrain_trainer.faults import BadBatchError, Problem

CHUNK_ROWS, CHUNK_VALUES = 65_536, 1 << 23
"""Of a chunk at most; very wide tables are read in fewer rows at a time."""
BUFFER = 1 << 20
"""Bytes of a column that are read ahead, however large its row group is."""
Floats = NDArray[np.float64]
Labels = NDArray[Any]
Keys = NDArray[Any]
"""Integers or floats: see `batches.Key`."""


class Type(StrEnum):
    """The types a column may have for a trainer; numbers are integer as long as every file has integers there."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    TIME = "time"
    OTHER = "other"


ARROW: dict[Type, pa.DataType] = {
    Type.BOOLEAN: pa.bool_(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.TEXT: pa.string(),
    Type.TIME: pa.timestamp("us", tz="UTC"),
}


class Layout(Word):
    """Which columns are read, and as what. The order of features is the order of the model's inputs."""

    features: tuple[str, ...]
    label: str
    label_type: Type
    time: str | None = None
    time_type: Type | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, features first."""
        return (*self.features, self.label, *([] if self.time is None else [self.time]))

    def arrow(self) -> pa.Schema:
        """Return the types as Arrow knows them, in the order of `columns`."""
        fields = [(name, pa.float64()) for name in self.features] + [(self.label, ARROW[self.label_type])]
        if self.time is not None and self.time_type is not None:
            fields.append((self.time, ARROW[self.time_type]))
        return pa.schema(fields)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a batch that have a label, in the order of the file. `unlabelled` counts those left out."""

    features: Floats
    labels: Labels
    keys: Keys
    unlabelled: int = 0

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Return the rows that the mask picks."""
        return self if mask.all() else Rows(self.features[mask], self.labels[mask], self.keys[mask])


def type_of(arrow: pa.DataType) -> Type:
    """Return what a column of a file is for us. A column without any value counts as numbers."""
    types = pa.types
    if types.is_dictionary(arrow):
        return type_of(arrow.value_type)
    for fits, known in (
        (types.is_boolean, Type.BOOLEAN),
        (types.is_integer, Type.INTEGER),
        (types.is_floating, Type.NUMBER),
        (types.is_decimal, Type.NUMBER),
        (types.is_null, Type.NUMBER),
        (types.is_string, Type.TEXT),
        (types.is_large_string, Type.TEXT),
        (types.is_string_view, Type.TEXT),
        (types.is_timestamp, Type.TIME),
        (types.is_date, Type.TIME),
    ):
        if fits(arrow):
            return known
    return Type.OTHER


def header(path: Path, batch: str) -> dict[str, Type]:
    """Return the columns of a file with their types; BadBatchError when it is not a readable Parquet or CSV file."""
    with _told(batch):
        if path.suffix == ".parquet":
            bounds.check_footer(path, batch)
            schema = pq.read_schema(path)
        else:
            schema = _csv(path, batch, None).schema
    twice = [name for name, times in Counter(schema.names).items() if times > 1]
    if twice:
        raise BadBatchError(Problem(batch, "columns", "each name once", f"{twice[0]} more than once", twice[0]))
    return {field.name: type_of(field.type) for field in schema}


def read(path: Path, batch: str, layout: Layout) -> Iterator[pa.RecordBatch]:
    """Yield a file in chunks with the columns and types of the layout; BadBatchError names what does not fit."""
    rows = 0
    with _told(batch):
        for chunk in _chunks(path, batch, layout):
            rows += chunk.num_rows
            bounds.check_rows(rows, batch)
            yield _fitted(chunk, batch, layout)


def rows_of(chunk: pa.RecordBatch, layout: Layout, offset: int) -> Rows:
    """Turn a chunk that begins at row `offset` of its file into arrays, without the rows that have no label."""
    features = np.empty((chunk.num_rows, len(layout.features)))
    for number in range(len(layout.features)):
        features[:, number] = chunk.column(number).to_numpy(zero_copy_only=False)
    labels = chunk.column(len(layout.features))
    if layout.time is None:
        keys: Keys = np.arange(offset, offset + chunk.num_rows)
    else:
        keys = _keys(chunk.column(len(layout.features) + 1), layout)
    if not labels.null_count:
        return Rows(features, _labels(labels), keys)
    known = labels.is_valid().to_numpy(zero_copy_only=False)
    return Rows(features[known], _labels(labels.drop_null()), keys[known], unlabelled=labels.null_count)


def read_rows(path: Path, batch: str, layout: Layout) -> Iterator[Rows]:
    """Yield a file in chunks of arrays."""
    offset = 0
    for chunk in read(path, batch, layout):
        yield rows_of(chunk, layout, offset)
        offset += chunk.num_rows


def _labels(column: pa.Array) -> Labels:
    if not pa.types.is_string(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    coded = column.dictionary_encode()
    words = np.array(coded.dictionary.to_pylist() or [""], dtype=np.str_)
    return np.asarray(words[coded.indices.to_numpy()])


def _keys(column: pa.Array, layout: Layout) -> Keys:
    values = column.cast(pa.int64()) if layout.time_type is Type.TIME else column
    return np.asarray(values.to_numpy(zero_copy_only=False))


def _chunks(path: Path, batch: str, layout: Layout) -> Iterator[pa.RecordBatch]:
    if path.suffix != ".parquet":
        yield from _csv(path, batch, layout)
        return
    words = [layout.label] if layout.label_type is Type.TEXT else None
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER, read_dictionary=words) as file:
        bounds.check_row_groups(file.metadata, batch, layout.columns)
        rows = max(min(CHUNK_ROWS, CHUNK_VALUES // len(layout.columns)), 1)
        yield from file.iter_batches(rows, columns=list(layout.columns))


def _csv(path: Path, batch: str, layout: Layout | None) -> pacsv.CSVStreamingReader:
    """Open a CSV file. With a layout, numbers are read as float64 even where the first rows look like integers."""
    if path.suffix != ".csv":
        raise BadBatchError(Problem(batch, "format", "a file ending in .parquet or .csv", path.suffix or "no ending"))
    bounds.check_head(path, batch)
    types: dict[str, pa.DataType] = {}
    if layout is not None:
        seen = header(path, batch)
        types = {name: pa.float64() for name in layout.features if seen.get(name) is not Type.BOOLEAN}
        if seen.get(layout.label) is not Type.BOOLEAN and layout.label_type is not Type.BOOLEAN:
            types[layout.label] = pa.float64() if layout.label_type is Type.INTEGER else ARROW[layout.label_type]
    options = pacsv.ConvertOptions(
        column_types=types, strings_can_be_null=True, include_columns=list(layout.columns) if layout else None
    )
    return pacsv.open_csv(path, convert_options=options)


def _fitted(chunk: pa.RecordBatch, batch: str, layout: Layout) -> pa.RecordBatch:
    """Cast a chunk to the layout's types; BadBatchError names the column that does not cast."""
    arrays = []
    for field in layout.arrow():
        column = chunk.column(field.name)
        if field.name == layout.label:
            bounds.check_words(column, batch, layout.label)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        try:
            safe = field.name not in layout.features and not pa.types.is_timestamp(field.type)
            arrays.append(column.cast(field.type, safe=safe))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise BadBatchError(
                Problem(batch, "type", f"values that fit {field.type}", f"{column.type}", field.name)
            ) from None
        lacking = pc.sum(pc.is_null(column, nan_is_null=True)).as_py() if field.name == layout.time else 0
        if lacking:
            raise BadBatchError(Problem(batch, "time", "a time in every row", f"{lacking} rows without", field.name))
    return pa.RecordBatch.from_arrays(arrays, schema=layout.arrow())


@contextmanager
def _told(batch: str) -> Iterator[None]:
    """Turn what pyarrow raises over an unreadable file into BadBatchError; what the operating system says passes."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError) as error:
        raise BadBatchError(_unreadable(batch, str(error))) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise BadBatchError(_unreadable(batch, str(error))) from None


def _unreadable(batch: str, text: str) -> Problem:
    """Name the column and the value when pyarrow does, as for `In CSV column #1: ... invalid value 'abc'`."""
    value = re.search(r"CSV column #(\d+): .*invalid value '(.{0,40})", text)
    if value:
        return Problem(batch, "type", "a number", f"'{value[2].rstrip(chr(39))}' in column {int(value[1]) + 1}")
    return Problem(batch, "readable", "a whole Parquet or CSV file", text.split(".", maxsplit=1)[0][:120])
