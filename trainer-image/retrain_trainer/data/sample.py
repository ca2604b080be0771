"""A sample of rows, drawn by the hash of each row: the same for the same rows, in one pass, and duplicates together.

So shares and quantiles are those of all rows as nearly as so many rows can tell, and the share of duplicates can be
read off it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Floats

SAMPLE_ROWS = 10_000

Hashes = NDArray[np.uint64]


@dataclass(slots=True)
class Sample:
    """Those rows of all that were shown whose hashes are smallest, `SAMPLE_ROWS` of them, in the order of the hashes.

    Rows wait until there are many of them: sorting anew with each chunk would take longer than reading it.
    """

    width: int
    _rows: list[Floats] = field(default_factory=list)
    _hashes: list[Hashes] = field(default_factory=list)
    _waiting: int = 0
    _limit: np.uint64 | None = None

    @property
    def rows(self) -> Floats:
        """The rows: a column for each feature."""
        return self._settled()[0]

    @property
    def hashes(self) -> Hashes:
        """The hash of each row."""
        return self._settled()[1]

    def add(self, columns: Sequence[NDArray[np.floating[Any]]], hashes: Hashes) -> None:
        """Show some more rows, given by column."""
        if self._limit is not None:
            low = np.flatnonzero(hashes < self._limit)
            columns, hashes = [column[low] for column in columns], hashes[low]
        self._rows.append(np.stack(columns, axis=1).astype(np.float64))
        self._hashes.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > SAMPLE_ROWS:
            self._settled()

    def _settled(self) -> tuple[Floats, Hashes]:
        """Drop all but the rows with the smallest hashes."""
        if len(self._hashes) != 1 or self._waiting:
            hashes = np.concatenate(self._hashes or [np.empty(0, np.uint64)])
            kept = np.argsort(hashes, kind="stable")[:SAMPLE_ROWS]
            self._rows = [np.concatenate(self._rows or [np.empty((0, self.width))])[kept]]
            self._hashes, self._waiting = [hashes[kept]], 0
            self._limit = self._hashes[0][-1] if len(kept) == SAMPLE_ROWS else None
        return self._rows[0], self._hashes[0]


def hashes_of(columns: Sequence[NDArray[Any]]) -> Hashes:
    """Hash each row over its values, floats as float64, given by column: 64 bits, the same on every machine."""
    hashes = np.zeros(len(columns[0]), np.uint64)
    spare = np.empty_like(hashes)
    wide = spare.view(np.float64)
    for column in columns:
        if column.dtype == np.float32:
            wide[:] = column
            hashes ^= spare
        else:
            hashes ^= np.ascontiguousarray(column).view(np.uint64)
        hashes *= np.uint64(0x9E3779B97F4A7C15)
        hashes ^= np.right_shift(hashes, np.uint64(29), out=spare)
    return hashes


def drawn(begin: int, rows: int, nth: int) -> NDArray[np.int64]:
    """Return the places, among rows of which the first has number `begin`, that stand for all: one in `nth`.

    Of each `nth` rows one is drawn, the same at each attempt. Rows of several sources often take turns; every n-th
    would then be of the same source.
    """
    if nth == 1:
        return np.arange(rows)
    strides = np.arange(begin // nth, (begin + rows - 1) // nth + 1)
    high = hashes_of([strides, strides]) >> np.uint64(32)  # whose low bits follow those of the numbers
    places = strides * nth + (high * np.uint64(nth) >> np.uint64(32)).astype(np.int64) - begin
    return places[(places >= 0) & (places < rows)]
