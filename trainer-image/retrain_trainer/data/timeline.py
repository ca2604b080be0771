"""The keys of the new rows of a batch, of which memory keeps edges only: a file has millions of rows.

Keys are kept as stretches of neighbouring rows. Where a single key matters, the stretches that may hold it are read
once more; in a file that is in order, as batches of a stream mostly are, that is one of them. In one of no order
it is all of them: while the cut is looked for, up to 18 bytes a row.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Keys, Layout, Type
from retrain_trainer.files.batches import Key

DAY = 86_400_000_000
PIECE = 1 << 16
"""Keys whose days are looked for together."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring rows of a file: `rows` of those numbered from `begin` to before `end`, with their edges and days."""

    begin: int
    end: int
    rows: int
    first: Key
    last: Key
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Split:
    """A batch cut at a key: rows before it and the newest of them, rows from it on and the days they are of."""

    before: int
    newest: Key | None
    after: int
    days: frozenset[int]


@dataclass(slots=True)
class Timeline:
    """The keys of a batch; `again` reads those of some stretches once more, in any order."""

    layout: Layout
    again: Callable[[Sequence[Stretch]], Keys]
    stretches: list[Stretch] = field(default_factory=list)
    _kept: tuple[Stretch, Keys] | None = None

    @property
    def rows(self) -> int:
        """How many keys there are."""
        return sum(stretch.rows for stretch in self.stretches)

    @property
    def first(self) -> Key | None:
        """The smallest key."""
        return min((stretch.first for stretch in self.stretches), default=None)

    @property
    def last(self) -> Key | None:
        """The largest key."""
        return max((stretch.last for stretch in self.stretches), default=None)

    def add(self, begin: int, end: int, keys: Keys) -> None:
        """Take in the keys of the rows numbered from `begin` to before `end`."""
        if len(keys):
            first, last = keys.min().item(), keys.max().item()
            self.stretches.append(Stretch(begin, end, len(keys), first, last, self._days(keys)))

    def end(self, until: Key | None) -> tuple[int | None, bool]:
        """Return the number of a row of the file from which on no key is below `until`, None without one.

        And whether all keys of rows before it are below, as in files that are in order.
        """
        below = [stretch for stretch in self.stretches if until is not None and stretch.first < until]
        if until is None or not below:
            return None, until is None
        last = max(below, key=lambda stretch: stretch.end)
        if any(each.last >= until and each.begin < last.begin for each in self.stretches):
            return last.end, False
        if last.last < until:
            return last.end, True
        keys = self._keys([last])
        count = int(np.count_nonzero(keys < until))
        whole = len(keys) == last.end - last.begin and bool(np.all(keys[:count] < until))
        return (last.begin + count, True) if whole else (last.end, False)

    def opened(self, low: Key, high: Key) -> tuple[int, Keys]:
        """Return how many rows lie in stretches above `high`, and all keys of those that meet `low` to `high`."""
        met = [stretch for stretch in self.stretches if stretch.first <= high and stretch.last >= low]
        above = sum(stretch.rows for stretch in self.stretches if stretch.first > high)
        return above, self._keys(met) if met else np.empty(0, np.int64)

    def _keys(self, met: list[Stretch]) -> Keys:
        """Read the keys of some stretches; those of a single one are kept, as it is mostly asked for again."""
        if len(met) > 1:
            return self.again(met)
        if self._kept is None or self._kept[0] is not met[0]:
            self._kept = met[0], self.again(met)
        return self._kept[1]

    def split(self, start: Key | None) -> Split:
        """Cut the batch where keys reach `start`; nowhere without one."""
        if start is None:
            return Split(self.rows, self.last, 0, frozenset())
        above, keys = self.opened(start, start)
        older = keys < start
        after = above + len(keys) - int(np.count_nonzero(older))
        if not after:
            return self.split(None)
        ends = [
            *([_extreme(np.max, keys, older)] if older.any() else []),
            *(stretch.last for stretch in self.stretches if stretch.last < start),
        ]
        days = {day for stretch in self.stretches if stretch.first > start for day in stretch.days}
        pieces = (slice(begin, begin + PIECE) for begin in range(0, len(keys), PIECE))
        days.update(*(self._days(keys[piece][~older[piece]]) for piece in pieces))
        return Split(self.rows - after, max(ends, default=None), after, frozenset(days))

    def _days(self, keys: Keys) -> frozenset[int]:
        """Return the days of some keys; none where keys are no times."""
        if self.layout.time_type is not Type.TIME or not len(keys):
            return frozenset()
        low, high = keys.min().item() // DAY, keys.max().item() // DAY
        if low == high:
            return frozenset({low})
        days = keys // DAY
        return frozenset(days[np.diff(days, prepend=days[0] - 1) != 0].tolist())


def newest(lines: Sequence[Timeline], wanted: int) -> Key:
    """Return the key that so many rows of all batches reach, or the smallest one when they have fewer."""
    stretches = [stretch for line in lines for stretch in line.stretches]
    # At least as many rows reach `low`, and no more than that can reach beyond `high`.
    low = _reached([(stretch.first, stretch.rows) for stretch in stretches], wanted)
    high = _reached([(stretch.last, stretch.rows) for stretch in stretches], wanted)
    above, keys = zip(*(line.opened(low, high) for line in lines), strict=True)
    every = np.concatenate(keys)
    if not len(every):
        return low  # what told of these stretches told of rows that are none
    place = min(max(len(every) - (wanted - sum(above)), 0), len(every) - 1)
    every.partition(place)
    return every[place].item()  # type: ignore[no-any-return]


def next_after(lines: Sequence[Timeline], key: Key) -> Key | None:
    """Return the smallest key above another one, None when there is none."""
    found = [stretch.first for line in lines for stretch in line.stretches if stretch.first > key]
    for line in lines:
        keys = line.opened(key, key)[1]
        later = keys > key
        found += [_extreme(np.min, keys, later)] if later.any() else []
    return min(found, default=None)


def _extreme(which: Callable[..., Any], keys: Keys, chosen: NDArray[np.bool_]) -> Key:
    """Return the largest or the smallest of the chosen keys without a copy of them."""
    return which(keys, where=chosen, initial=keys[np.argmax(chosen)]).item()  # type: ignore[no-any-return]


def _reached(edges: list[tuple[Key, int]], wanted: int) -> Key:
    """Return the largest edge that at least so many rows are at or above, else the smallest."""
    ordered = sorted(edges, reverse=True)
    rows = itertools.accumulate(count for _, count in ordered)
    return next((edge for (edge, _), reached in zip(ordered, rows, strict=True) if reached >= wanted), ordered[-1][0])
