"""The newest rows, which no training sees: where they begin, whether they are enough, and their file.

Rows of neighbouring times resemble each other, so confidence comes from blocks of time and not from single rows: days
where the time is a date, runs of sqrt(n) rows where it is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from retrain_trainer import contract
from retrain_trainer.batches import Batch, Key, file_digest
from retrain_trainer.data import Keys, Layout, Span, Type, keys_of
from retrain_trainer.reading import read, stored

DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the holdout begins in each new batch (None: it holds no row of it), or why there can be none."""

    starts: tuple[Key | None, ...]
    trained: int
    held: int
    blocks: int
    shortage: str | None = None


def cut(keys: Sequence[Keys], layout: Layout, rules: contract.Holdout, watermark: Key | None) -> Cut:
    """Part the new rows in two by time, or by position without one. `keys` are those of each batch, in name order.

    Rows no later than the watermark are never held out: rows of their time have been trained on.
    """
    total = sum(map(len, keys))
    wanted = max(rules.min_rows, math.ceil(rules.fraction * total))
    starts = _by_position(keys, wanted) if layout.time is None else _by_time(keys, wanted, watermark)
    held = [batch[batch >= start] for batch, start in zip(keys, starts, strict=True) if start is not None]
    rows = sum(map(len, held))
    # The key of a row without a time is its position in its own batch: only their number matters here.
    ordered = in_order(held) if held and layout.time is not None else np.arange(rows)
    blocks = int(blocks_of(ordered, layout)[-1]) + 1 if rows else 0
    shortage = _shortage(total, rows, blocks, rules)
    return Cut(starts, total - rows, rows, blocks, shortage)


def in_order(keys: Sequence[Keys]) -> Keys:
    """Return all keys in order: as they are where they already are so, as batches of a stream mostly are."""
    every = keys[0] if len(keys) == 1 else np.concatenate(keys)
    return every if ascending(every) else np.sort(every)


def ascending(keys: Keys) -> bool:
    """Whether no key is smaller than the one before it."""
    return bool(np.all(keys[1:] >= keys[:-1]))


def blocks_of(ordered: Keys, layout: Layout) -> NDArray[np.int64]:
    """Return for each row, given in order, the number of its block, counted from 0."""
    if layout.time_type is Type.TIME:
        days = ordered // DAY
        return np.cumsum(np.diff(days, prepend=days[:1]) != 0)
    size = max(math.isqrt(len(ordered)), 1)
    return np.minimum(np.arange(len(ordered)) // size, max(len(ordered) // size - 1, 0))


def write(path: Path, batches: Sequence[tuple[Batch, Key]], layout: Layout) -> None:
    """Write the rows of each batch from its key on, in the order of the batches, without rows that have no label."""
    schema = _schema([stored(Path(batch.path), batch.name, layout) for batch, _ in batches], layout)
    with pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=False) as file:
        for batch, start in batches:
            span = Span(start)
            for first, chunk in read(Path(batch.path), batch.name, layout, span):
                held = span.holds(keys_of(chunk, layout, first)) & chunk.column(layout.label).is_valid().to_numpy(False)
                if held.any():
                    file.write_batch(chunk.filter(pa.array(held)).cast(schema))


def _schema(seen: Sequence[pa.Schema], layout: Layout) -> pa.Schema:
    """Return the types of a holdout: features are float32 where every batch has them so, which loses nothing."""
    return next(iter(seen)) if all(one == seen[0] for one in seen) else layout.arrow()


def report(path: Path, part: Cut, keys: Sequence[Keys], layout: Layout) -> contract.HoldoutReport:
    """Describe the holdout, with its times where keys are times."""
    start = end = None
    if layout.time_type is Type.TIME:
        held = [batch[batch >= start] for batch, start in zip(keys, part.starts, strict=True) if start is not None]
        start, end = (moment(int(edge)) for edge in (min(map(np.min, held)), max(map(np.max, held))))
    return contract.HoldoutReport(rows=part.held, blocks=part.blocks, digest=file_digest(path), start=start, end=end)


def moment(key: int) -> datetime:
    """Return the time that a key stands for."""
    return EPOCH + timedelta(microseconds=key)


def _by_time(keys: Sequence[Keys], wanted: int, watermark: Key | None) -> tuple[Key | None, ...]:
    every = in_order(keys)
    start = every[max(len(every) - wanted, 0)]
    if watermark is not None and start <= watermark:
        later = every[every > watermark]
        if not len(later):
            return (None,) * len(keys)
        start = later[0]
    return tuple(start.item() if len(batch) and batch.max() >= start else None for batch in keys)


def _by_position(keys: Sequence[Keys], wanted: int) -> tuple[Key | None, ...]:
    starts: list[Key | None] = []
    for batch in reversed(keys):
        taken = min(wanted, len(batch))
        starts.append(batch[-taken].item() if taken else None)
        wanted -= taken
    return tuple(reversed(starts))


def _shortage(total: int, rows: int, blocks: int, rules: contract.Holdout) -> str | None:
    if rows >= total:
        return (
            f"{total:,} new rows are too few to keep {rules.min_rows:,} of them (data.holdout.minRows) from training. "
            "They wait for the next run."
        )
    if rows < rules.min_rows:
        return f"Only {rows:,} rows could be held out, fewer than data.holdout.minRows {rules.min_rows:,}."
    if blocks < rules.min_blocks:
        return f"The {rows:,} held-out rows make {blocks} blocks, fewer than data.holdout.minBlocks {rules.min_blocks}."
    return None
