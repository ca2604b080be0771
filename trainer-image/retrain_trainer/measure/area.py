"""The area under the ROC curve: the share of pairs, a positive and a negative row, that are ranked right; ties by half.

It is no sum over rows, so its draws count pairs of blocks.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Floats
from retrain_trainer.measure.drawn import Drawn, ratio

CELLS, RANKS = 1 << 20, 1 << 13
"""Of the counts that are kept for the draws at most, in all and of one block: of more rows, close margins share one."""
PIECE = 1 << 16
"""Rows that are looked at together."""


def area(positive: NDArray[np.bool_], margins: Floats, number: NDArray[np.int64]) -> Drawn:
    """Return the area of rows that are positive or not, by how sure a model is that they are.

    `number` is that of the block of each row.
    """
    shift, blocks = int(number.max()).bit_length() + 1, int(number.max()) + 1
    ordered = _ordered(positive, margins, number, shift)
    whole, values = _share_right(ordered, shift)
    count = min(values, max(CELLS // blocks, 2), RANKS)
    above, below = _counted(ordered, shift, (blocks, count, values))

    # Drawing is counting pairs of blocks or, where that is less to keep, of ranks: draws x ranks can be gigabytes.
    if blocks > count:
        return Drawn(
            whole,
            lambda weights: ratio(
                np.sum((weights @ above) * (weights @ _below(below)), axis=1),
                np.sum(weights @ above, axis=1) * np.sum(weights @ below, axis=1),
            ),
        )
    right, good, bad = above @ _below(below).T, above.sum(axis=1), below.sum(axis=1)
    return Drawn(
        whole, lambda weights: ratio(np.sum(weights @ right * weights, axis=1), (weights @ good) * (weights @ bad))
    )


def _ordered(positive: NDArray[np.bool_], margins: Floats, number: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Return rows in the order of their margins, each as one integer whose last bits are no margin.

    An integer begins with the margin, then come the block and whether the row is positive: they take the place of the
    last digits of the margin. So one plain sort does, many times faster than one of places.
    """
    bits = (margins + 0.0).view(np.int64)  # of the two zeros only one is left
    for begin in range(0, len(bits), PIECE):
        piece = slice(begin, begin + PIECE)
        part = bits[piece]
        part ^= (part >> 63) & np.iinfo(np.int64).max  # a smaller negative number has larger bits
        part >>= shift
        part <<= shift
        part |= (number[piece] << 1) | positive[piece]
    bits.sort()
    return bits


def _pieces(ordered: NDArray[np.int64], shift: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield some rows at a time, and which of them begin a new margin: the first does, no margin is torn apart."""
    begin = 0
    while begin < len(ordered):
        last = ordered[min(begin + PIECE, len(ordered)) - 1] >> shift
        end = int(np.searchsorted(ordered, last << shift | ((1 << shift) - 1), side="right"))
        margins = ordered[begin:end] >> shift
        yield ordered[begin:end], np.concatenate([[True], margins[1:] != margins[:-1]])
        begin = end


def _share_right(ordered: NDArray[np.int64], shift: int) -> tuple[float, int]:
    """Return the share of pairs over all rows, NaN without a pair, and how many different margins there are."""
    right, hits, others, values = 0.0, 0, 0, 0
    for rows, first in _pieces(ordered, shift):
        begins = np.flatnonzero(first)
        good = np.add.reduceat(rows & 1, begins)
        bad = np.diff(begins, append=len(rows)) - good
        right += float(good @ (others + np.cumsum(bad) - bad / 2))
        hits, others, values = hits + int(good.sum()), others + int(bad.sum()), values + len(begins)
    return right / (hits * others) if hits and others else float("nan"), values


def _counted(ordered: NDArray[np.int64], shift: int, shape: tuple[int, int, int]) -> tuple[Floats, Floats]:
    """Count positive and negative rows: blocks x ranks. There are so many blocks, ranks, and different margins."""
    blocks, count, values = shape
    above, below, begun = np.zeros((blocks, count)), np.zeros((blocks, count)), 0
    for rows, first in _pieces(ordered, shift):
        ranks = np.cumsum(first) + (begun - 1)
        begun = int(ranks[-1]) + 1
        ranks = ranks * count // values
        low, width = int(ranks[0]), int(ranks[-1] - ranks[0]) + 1
        cells = ((rows >> 1) & ((1 << shift - 1) - 1)) * width + (ranks - low)
        both = np.bincount(cells * 2 + (rows & 1), minlength=2 * blocks * width).reshape(blocks, width, 2)
        below[:, low : low + width] += both[:, :, 0]
        above[:, low : low + width] += both[:, :, 1]
    return above, below


def _below(counts: Floats) -> Floats:
    """Return for each block and rank how many rows rank lower, those of the same rank by half."""
    return np.asarray(np.cumsum(counts, axis=1) - counts / 2)
