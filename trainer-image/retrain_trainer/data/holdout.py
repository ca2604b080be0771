"""The newest rows, which no training sees: where they begin, whether they are enough, and their file.

Rows of neighbouring times resemble each other, so confidence comes from blocks of time and not from single rows: days
where the time is a date, runs of sqrt(n) rows where it is not.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from retrain_trainer import contract
from retrain_trainer.contract.wording import count
from retrain_trainer.data.reading import chunk_rows, read, stored
from retrain_trainer.data.rows import Columns, Keys, Layout, Rows, Span, Type, columns_of, joined, keys_of
from retrain_trainer.data.timeline import DAY, Split, Timeline, newest, next_after
from retrain_trainer.files.batches import Batch, Key, file_digest
from retrain_trainer.telling.faults import BadBatchError, Problem, StepError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the holdout begins in each new batch (None: it holds no row of it), or why there can be none."""

    starts: tuple[Key | None, ...]
    splits: tuple[Split, ...]
    trained: int
    held: int
    blocks: int
    every: int = 1
    shortage: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What is held out of one batch: its rows from a key on, and how many they are."""

    batch: Batch
    start: Key
    rows: int


def cut(keys: Sequence[Timeline], layout: Layout, rules: contract.Holdout, watermark: Key | None) -> Cut:
    """Part the new rows in two by time, or by position without one. `keys` are those of each batch, in name order.

    Rows no later than the watermark are never held out: rows of their time have been trained on.
    """
    total = sum(line.rows for line in keys)
    wanted = max(rules.min_rows, math.ceil(rules.fraction * total))
    starts = _by_position(keys, wanted) if layout.time is None else _by_time(keys, wanted, watermark)
    splits = tuple(line.split(start) for line, start in zip(keys, starts, strict=True))
    rows = sum(split.after for split in splits)
    days = frozenset[int]().union(*(split.days for split in splits))
    blocks = len(days) if layout.time_type is Type.TIME else _runs(rows)
    shortage = _untimely(keys, layout, rows, watermark) or _shortage(total, rows, blocks, rules)
    return Cut(starts, splits, total - rows, rows, blocks, max(math.ceil(rows / rules.max_rows), 1), shortage)


def ascending(keys: Keys) -> bool:
    """Whether no key is smaller than the one before it, as in batches of a stream mostly."""
    return bool(np.all(keys[1:] >= keys[:-1]))


def blocks_of(ordered: Keys, layout: Layout) -> NDArray[np.int64]:
    """Return for each row, given in order, the number of its block, counted from 0."""
    if layout.time_type is Type.TIME:
        days = ordered // DAY
        return np.cumsum(np.diff(days, prepend=days[:1]) != 0)
    size = max(math.isqrt(len(ordered)), 1)
    return np.minimum(np.arange(len(ordered)) // size, max(_runs(len(ordered)) - 1, 0))


def write(path: Path, pieces: Sequence[Piece], layout: Layout, every: int, step: int) -> Rows:
    """Write every so many-th row of the pieces in their order, the first included; rows without a label do not count.

    Of all of them every `step`-th is returned. BadBatchError when a batch does not have as many of them
    as were cut off, StepError when it was changed meanwhile.
    """
    schema = _schema([stored(Path(piece.batch.path), piece.batch.name, layout) for piece in pieces], layout)
    some = list[Columns]()
    words = [words.column for words in layout.categories]
    with pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=words or False) as file:
        for table in _grouped(_scored(pieces, layout, every, step, some), chunk_rows(layout)):
            file.write_table(table.cast(schema))
    return joined(some)


def _scored(
    pieces: Sequence[Piece], layout: Layout, every: int, step: int, some: list[Columns]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows that are written, and add those to `some` that are returned."""
    count = 0
    for piece in pieces:
        before, span = count, Span(piece.start)
        for first, chunk in read(Path(piece.batch.path), piece.batch.name, layout, span):
            keys = keys_of(chunk, layout, first)
            held = span.holds(keys) & chunk.column(layout.label).is_valid().to_numpy(False)
            if held.any():
                kept, keys = (chunk, keys) if held.all() else (chunk.filter(pa.array(held)), keys[held])
                yield kept if every == 1 else kept.take(pa.array(np.arange(-count % every, len(keys), every)))
                picked = np.arange(-count % step, len(keys), step)
                some.append(replace(columns_of(kept.take(pa.array(picked)), layout, 0), keys=keys[picked]))
                count += len(keys)
        _require_all(piece, count - before, layout)


def _grouped(chunks: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Put chunks together to at least so many rows, as each table becomes a row group of its own."""
    waiting, there = list[pa.RecordBatch](), 0
    for chunk in chunks:
        waiting.append(chunk)
        there += chunk.num_rows
        if there >= rows:
            yield pa.Table.from_batches(waiting)
            waiting, there = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _require_all(piece: Piece, rows: int, layout: Layout) -> None:
    """Raise when a batch had another number of rows to hold out than before."""
    if rows == piece.rows:
        return
    batch = piece.batch
    stat = Path(batch.path).stat()
    if (stat.st_size, stat.st_mtime_ns) != (batch.size, batch.modified):
        raise StepError(
            f"Batch {batch.name} was changed while the run was going on. The next attempt takes it as it is."
        )
    seen = f"{rows:,} (do its Parquet statistics tell its times wrong? write the file anew)"
    raise BadBatchError(Problem(batch.name, "time", f"{piece.rows:,} rows to hold out", seen, layout.time))


def _schema(seen: Sequence[pa.Schema], layout: Layout) -> pa.Schema:
    """Return the types of a holdout: features are float32 where every batch has them so, which loses nothing."""
    return next(iter(seen)) if all(one == seen[0] for one in seen) else layout.arrow()


def report(path: Path, layout: Layout) -> contract.HoldoutReport:
    """Describe a holdout file, with its times where keys are times."""
    slim = layout.model_copy(update={"features": ()})
    keys = np.concatenate([keys_of(chunk, slim, first) for first, chunk in read(path, path.name, slim)])
    blocks, start, end = _runs(len(keys)), None, None
    if layout.time_type is Type.TIME:
        blocks, start, end = len(np.unique(keys // DAY)), moment(int(keys.min())), moment(int(keys.max()))
    return contract.HoldoutReport(rows=len(keys), blocks=blocks, digest=file_digest(path), start=start, end=end)


def moment(key: int) -> datetime:
    """Return the time that a key stands for."""
    return EPOCH + timedelta(microseconds=key)


def _by_time(keys: Sequence[Timeline], wanted: int, watermark: Key | None) -> tuple[Key | None, ...]:
    start: Key | None = newest(keys, wanted)
    if watermark is not None and start is not None and start <= watermark:
        start = next_after(keys, watermark)
    return tuple(start if start is not None and line.last is not None and line.last >= start else None for line in keys)


def _by_position(keys: Sequence[Timeline], wanted: int) -> tuple[Key | None, ...]:
    starts: list[Key | None] = []
    for line in reversed(keys):
        taken = min(wanted, line.rows)
        starts.append(newest([line], taken) if taken else None)
        wanted -= taken
    return tuple(reversed(starts))


def _runs(rows: int) -> int:
    """Return how many runs of about sqrt(n) rows so many make."""
    return rows // max(math.isqrt(rows), 1)


def _untimely(keys: Sequence[Timeline], layout: Layout, rows: int, watermark: Key | None) -> str | None:
    """Say that no new row is newer than others, or than what the champion knows, where rows have a time."""
    edges = [edge for line in keys for edge in (line.first, line.last) if edge is not None]
    if layout.time is None or not edges:
        return None
    if rows == 0 and watermark is not None:
        return (
            f"No new row is later than {_told(watermark, layout)}, the newest the champion learned from "
            f"(data.timeColumn {layout.time}): none can be held out."
        )
    if min(edges) == max(edges) and sum(line.rows for line in keys) > 1:
        return (
            f"All new rows have the same time, {_told(edges[0], layout)} (data.timeColumn {layout.time}): none is "
            "newer than the others, to be held out."
        )
    return None


def _told(key: Key, layout: Layout) -> str:
    try:
        return f"{moment(int(key)):%Y-%m-%d %H:%M}" if layout.time_type is Type.TIME else f"{key:,}"
    except OverflowError:
        return f"{key:,}"


def _shortage(total: int, rows: int, blocks: int, rules: contract.Holdout) -> str | None:
    if rows >= total:
        return (
            f"{total:,} new rows are too few to keep {rules.min_rows:,} of them (data.holdout.minRows) from training. "
            "They wait for the next run."
        )
    if rows < rules.min_rows:
        return f"Only {count(rows, 'row')} could be held out, fewer than data.holdout.minRows {rules.min_rows:,}."
    if blocks < rules.min_blocks:
        made = count(blocks, "block")
        return f"The {rows:,} held-out rows make {made}, fewer than data.holdout.minBlocks {rules.min_blocks}."
    return None
