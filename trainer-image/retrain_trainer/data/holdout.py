"""The newest rows, which no training sees: where they begin, and whether they are enough.

Rows of neighbouring times resemble each other, so confidence comes from blocks of time and not from single rows: days
where the time is a date, runs of sqrt(n) rows where it is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from retrain_trainer import contract
from retrain_trainer.contract.wording import count
from retrain_trainer.data.rows import Keys, Layout, Type
from retrain_trainer.data.timeline import DAY, Split, Timeline, newest, next_after
from retrain_trainer.files.batches import Key

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


def cut(keys: Sequence[Timeline], layout: Layout, rules: contract.Holdout, watermark: Key | None) -> Cut:
    """Part the new rows in two by time, or by position without one. `keys` are those of each batch, in name order.

    Rows no later than the watermark are never held out: rows of their time have been trained on.
    """
    total, starts = sum(line.rows for line in keys), starts_of(keys, layout, rules, watermark)
    splits = tuple(line.split(start) for line, start in zip(keys, starts, strict=True))
    rows = sum(split.after for split in splits)
    days = frozenset[int]().union(*(split.days for split in splits))
    blocks = len(days) if layout.time_type is Type.TIME else runs_of(rows)
    shortage = _untimely(keys, layout, rows, watermark) or _shortage(total, rows, blocks, rules)
    return Cut(starts, splits, total - rows, rows, blocks, every_of(rows, rules), shortage)


def starts_of(
    keys: Sequence[Timeline], layout: Layout, rules: contract.Holdout, watermark: Key | None
) -> tuple[Key | None, ...]:
    """Return from which key on the rows of each batch are held out, None where none is."""
    wanted = wanted_of(sum(line.rows for line in keys), rules)
    return _by_position(keys, wanted) if layout.time is None else _by_time(keys, wanted, watermark)


def wanted_of(rows: int, rules: contract.Holdout) -> int:
    """Return how many of so many rows are to be held out; more are where their keys are the same."""
    return max(rules.min_rows, math.ceil(rules.fraction * rows))


def every_of(rows: int, rules: contract.Holdout) -> int:
    """Return that of so many held-out rows one in n is scored."""
    return max(math.ceil(rows / rules.max_rows), 1)


def ascending(keys: Keys) -> bool:
    """Whether no key is smaller than the one before it, as in batches of a stream mostly."""
    return bool(np.all(keys[1:] >= keys[:-1]))


def blocks_of(ordered: Keys, layout: Layout) -> NDArray[np.int64]:
    """Return for each row, given in order, the number of its block, counted from 0."""
    if layout.time_type is Type.TIME:
        days = ordered // DAY
        return np.cumsum(np.diff(days, prepend=days[:1]) != 0)
    size = max(math.isqrt(len(ordered)), 1)
    return np.minimum(np.arange(len(ordered)) // size, max(runs_of(len(ordered)) - 1, 0))


def moment(key: int) -> datetime:
    """Return the time that a key stands for."""
    return EPOCH + timedelta(microseconds=key)


def runs_of(rows: int) -> int:
    """Return how many runs of about sqrt(n) rows so many make."""
    return rows // max(math.isqrt(rows), 1)


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
