"""Reads batches, Parquet or CSV, in chunks of rows ready for training: memory does not grow with the file.

Chunks are looked at many times, and small enough to stay near the core meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from retrain_trainer.data import bounds
from retrain_trainer.data.fitting import Fitting, csv_types
from retrain_trainer.data.rows import (
    ARROW,
    WHOLE,
    Keys,
    Layout,
    Rows,
    Span,
    Type,
    keys_of,
    rows_of,
    time_keys,
    type_of,
)
from retrain_trainer.data.timeline import Stretch
from retrain_trainer.data.unreadable import readable
from retrain_trainer.files.batches import Key
from retrain_trainer.telling.faults import BadBatchError, Problem

CHUNK_ROWS, CHUNK_VALUES = 32_768, 1 << 23
"""Of a chunk at most; very wide tables are read in fewer rows at a time. Of 65,536 rows with 20 features, SGD takes a
third longer for each; of 8,192, what scikit-learn does once a call takes a third of the time."""
BUFFER = 1 << 16
"""Bytes of a column that are read ahead, however large its row group is."""
TELLING = (pa.types.is_signed_integer, pa.types.is_floating, pa.types.is_timestamp, pa.types.is_date32)
"""Types whose least and largest value stand in a Parquet file as they are."""


def header(path: Path, batch: str) -> dict[str, Type]:
    """Return the columns of a file with their types; BadBatchError when it is not a readable Parquet or CSV file."""
    with readable(batch):
        if path.suffix == ".parquet":
            bounds.check_footer(path, batch)
            schema = pq.read_schema(path)
        else:
            file = _csv(path, batch, None)
            schema = file.schema
            if all(map(pa.types.is_null, schema.types)) and next(iter(file), None) is None:
                raise BadBatchError(Problem(batch, "rows", "at least one row", "none below the names of the columns"))
        if "" in schema.names:
            seen = f"none for column {schema.names.index('') + 1} (is it the index of pandas? write index=False)"
            raise BadBatchError(Problem(batch, "columns", "a name for each column", seen))
        twice = [name for name, times in Counter(schema.names).items() if times > 1]
    if twice:
        raise BadBatchError(Problem(batch, "columns", "each name once", f"{twice[0]} more than once", twice[0]))
    return {field.name: type_of(field.type) for field in schema}


def without_rows(path: Path) -> bool:
    """Whether a Parquet file with a readable header has no rows; a CSV file without any has no readable one."""
    return path.suffix == ".parquet" and not pq.read_metadata(path).num_rows


def read(
    path: Path, batch: str, layout: Layout, span: Span = WHOLE, numbers: Span = WHOLE
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield a file in chunks with the columns and types of the layout, each with the number of its first row.

    Features stay float32 where they are stored so. Row groups without any key in `span`, or any row number in
    `numbers`, are passed over, and so is what comes after `numbers`. BadBatchError names what does not fit.
    """
    rows, names, fitting = 0, list(layout.columns), None
    with readable(batch, path, None if layout.label_type is Type.NUMBER else layout.label):
        for first, whole in _chunks(path, batch, layout, (span, numbers)):
            if numbers.until is not None and first >= numbers.until:
                break
            rows += whole.num_rows
            bounds.check_rows(rows, batch)
            chunk = whole.select(names)
            fitting = fitting or Fitting.of(chunk.schema, layout)
            yield first, fitting.fitted(chunk, batch)


def read_rows(path: Path, batch: str, layout: Layout, span: Span = WHOLE, numbers: Span = WHOLE) -> Iterator[Rows]:
    """Yield those rows of a file that have a label and whose keys lie in the span, a chunk at a time."""
    for first, chunk in read(path, batch, layout, span, numbers):
        rows = rows_of(chunk, layout, first)
        rows = rows.where(span.holds(rows.keys))
        if len(rows.labels):
            yield rows


def read_keys(path: Path, batch: str, layout: Layout, stretches: Sequence[Stretch]) -> Keys:
    """Read once more the keys of some stretches of a file, and nothing else of it that need not be."""
    slim = layout.model_copy(update={"features": (), "categories": ()})
    begins, ends = (np.array([getattr(stretch, edge) for stretch in stretches]) for edge in ("begin", "end"))
    keys, count = np.empty(0, np.int64), 0
    for first, chunk in read(path, batch, slim, numbers=Span(int(begins.min()), int(ends.max()))):
        place = np.arange(first, first + chunk.num_rows)
        inside = np.searchsorted(begins, place, side="right") - 1
        wanted = (inside >= 0) & (place < ends[inside]) & chunk.column(layout.label).is_valid().to_numpy(False)
        found = keys_of(chunk, slim, first)[wanted]
        keys = keys if count else np.empty(int(np.sum(ends - begins)), found.dtype)
        keys[count : count + len(found)] = found
        count += len(found)
    return keys[:count]


def foretold(path: Path, batch: str, layout: Layout) -> list[Stretch] | None:
    """Return what the footer of a Parquet file tells of the keys of each row group, but for their days.

    None where it does not, or tells of rows without a label. BadBatchError when the file is not a readable one.
    """
    first, told = 0, list[Stretch]()
    if path.suffix != ".parquet":
        return None
    with readable(batch), pq.ParquetFile(path, pre_buffer=False) as file:
        bounds.check_row_groups(file.metadata, batch, layout.columns)
        place, labels = _place_of(file, layout.time), _place_of(file, layout.label)
        for number in range(file.metadata.num_row_groups):
            end = first + file.metadata.row_group(number).num_rows
            edges: tuple[Key, Key] | None = (first, end - 1)
            if layout.time is not None:
                edges = _edges(file, number, layout, place)
            if edges is None or (end > first and edges[0] > edges[1]) or _lacks(file, number, labels):
                return None
            told.append(Stretch(first, end, end - first, edges[0], edges[1], frozenset()))
            first = end
    return told


def stored(path: Path, batch: str, layout: Layout) -> pa.Schema:
    """Return the types of the layout, with float32 for each feature that a file has so."""
    with readable(batch):
        seen = pq.read_schema(path) if path.suffix == ".parquet" else pa.schema([])
    short = {field.name for field in seen if pa.types.is_float32(field.type)}.intersection(layout.numbers)
    fields = (field.with_type(pa.float32()) if field.name in short else field for field in layout.arrow())
    return pa.schema(list(fields))


def _chunks(path: Path, batch: str, layout: Layout, spans: tuple[Span, Span]) -> Iterator[tuple[int, pa.RecordBatch]]:
    rows = chunk_rows(layout)
    if path.suffix != ".parquet":
        found = _csv(path, batch, layout)
        blocks = map(_blank, found)
        yield from _numbered((block.slice(at, rows) for block in blocks for at in range(0, block.num_rows, rows)), 0)
        return
    words = [layout.label] if layout.label_type is Type.TEXT else []
    words += [entry.column for entry in layout.categories]
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER, read_dictionary=words) as file:
        bounds.check_row_groups(file.metadata, batch, layout.columns)
        for first, groups in _groups(file, layout, *spans):
            # Threads would only pass the columns of so small a chunk around.
            found = file.iter_batches(rows, row_groups=groups, columns=list(layout.columns), use_threads=False)
            yield from _numbered(found, first)


def _blank(block: pa.RecordBatch) -> pa.RecordBatch:
    """Take empty texts of a CSV file for none: it has no other way to leave a word out."""
    for place, field in enumerate(block.schema):
        if pa.types.is_string(field.type):
            words, lengths = block.column(place), pc.binary_length(block.column(place))
            if pc.min(lengths).as_py() == 0:
                known = pc.if_else(pc.greater(lengths, 0), words, pa.scalar(None, field.type))
                block = block.set_column(place, field, known)
    return block


def chunk_rows(layout: Layout) -> int:
    """Return how many rows of a layout a chunk has at most."""
    return max(min(CHUNK_ROWS, CHUNK_VALUES // max(len(layout.columns), len(layout.features))), 1)


def _numbered(chunks: Iterable[pa.RecordBatch], first: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    for chunk in chunks:
        yield first, chunk
        first += chunk.num_rows


def _groups(file: pq.ParquetFile, layout: Layout, span: Span, numbers: Span) -> Iterator[tuple[int, list[int]]]:
    """Yield each run of row groups that may have a key and a row number in the spans, with that of its first row."""
    first, begin, run, place = 0, 0, list[int](), _place_of(file, layout.time)
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        places = first, first + rows - 1
        edges = places if layout.time is None or span == WHOLE else _edges(file, number, layout, place)
        if numbers.meets(*places) and (edges is None or span.meets(*edges)):
            begin = begin if run else first
            run.append(number)
        elif run:
            yield begin, run
            run = []
        first += rows
    if run:
        yield begin, run


def _lacks(file: pq.ParquetFile, number: int, place: int | None) -> bool:
    """Whether a row group is known to lack values of a column."""
    told = None if place is None else file.metadata.row_group(number).column(place).statistics
    return told is not None and told.has_null_count and told.null_count > 0


def _place_of(file: pq.ParquetFile, name: str | None) -> int | None:
    """Return which column of a file, counted as its row groups do, has this name; None where none has.

    A field `t` of a struct `x` has the path `x.t`, as a column of that name has, which is no field.
    """
    told = (file.metadata.schema.column(place) for place in range(file.metadata.num_columns))
    return next((place for place, one in enumerate(told) if one.name == one.path == name), None)


def _edges(file: pq.ParquetFile, number: int, layout: Layout, place: int | None) -> tuple[Key, Key] | None:
    """Return the first and the last time of a row group as the file tells them, None where it does not."""
    if place is None or layout.time_type is None:
        return None
    kind = file.schema_arrow.field(layout.time).type
    told = file.metadata.row_group(number).column(place).statistics
    if told is None or not told.has_min_max or not any(fits(kind) for fits in TELLING):
        return None
    edges = pa.array([told.min_raw, told.max_raw], kind).cast(ARROW[layout.time_type], safe=False)
    first, last = time_keys(edges, layout).tolist()
    return first, last


def _csv(path: Path, batch: str, layout: Layout | None) -> pacsv.CSVStreamingReader:
    """Open a CSV file; without a layout, its first MiB tells the types of columns.

    Words such as NA and nan stand for no value among numbers only: among words they may be names.
    """
    if path.suffix != ".csv":
        raise BadBatchError(Problem(batch, "format", "a file ending in .parquet or .csv", path.suffix or "no ending"))
    bounds.check_head(path, batch)
    types = {} if layout is None else csv_types(_csv(path, batch, None).schema, layout)
    options = pacsv.ConvertOptions(
        column_types=types, strings_can_be_null=False, include_columns=list(layout.columns) if layout else None
    )
    return pacsv.open_csv(path, convert_options=options)
