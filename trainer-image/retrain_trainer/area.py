"""The area under the ROC curve: the share of pairs, a positive and a negative row, that are ranked right; ties by half.

It is no sum over rows, so its draws count pairs of blocks.
"""

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data import Floats
from retrain_trainer.drawn import Drawn, ratio

CELLS = 1 << 20
"""How many counts are kept for the draws: with more rows times blocks, close margins share a rank there."""


def area(positive: NDArray[np.bool_], margins: Floats, number: NDArray[np.int64]) -> Drawn:
    """Return the area of rows that are positive or not, by how sure a model is that they are.

    `number` is that of the block of each row.
    """
    ordered, shift = _ordered(positive, margins, number)
    positive, number = (ordered & 1).astype(bool), ((ordered >> 1) & ((1 << shift - 1) - 1)).astype(np.int32)
    ordered >>= shift
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    del ordered
    whole = _share_right(positive, np.flatnonzero(first))
    ranks = np.cumsum(first, dtype=np.int64)
    ranks -= 1
    blocks, values = int(number.max()) + 1, int(ranks[-1]) + 1
    count = min(values, max(CELLS // blocks, 2))
    if count < values:
        ranks *= count
        ranks //= values
    cells = ranks
    cells += np.int64(count) * number
    above, below = (
        np.asarray(np.bincount(cells, rows, minlength=blocks * count).reshape(-1, count), np.float64)
        for rows in (positive, ~positive)
    )

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


def _ordered(positive: NDArray[np.bool_], margins: Floats, number: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return rows in the order of their margins, each as one integer, and how many of its bits are no margin.

    An integer begins with the margin, then come the block and whether the row is positive: they take the place of the
    last digits of the margin. So one plain sort does, many times faster than one of places.
    """
    shift = int(number.max()).bit_length() + 1
    bits = (margins + 0.0).view(np.int64)  # of the two zeros only one is left
    turn = bits >> 63  # a smaller negative number has larger bits
    turn &= np.iinfo(np.int64).max
    bits ^= turn
    bits >>= shift
    bits <<= shift
    bits |= number << 1
    bits |= positive
    bits.sort()
    return bits, shift


def _share_right(positive: NDArray[np.bool_], begins: NDArray[np.int64]) -> float:
    """Return the share over all rows, in the order of their margins; `begins` is where each margin does."""
    if len(begins) == len(positive):
        # No two margins are the same: from the place of each positive row, the positive rows before it are taken off.
        places = np.flatnonzero(positive)
        hits, others = len(places), len(positive) - len(places)
        right = int(places.sum()) - hits * (hits - 1) // 2
        return right / (hits * others) if hits and others else float("nan")
    good = np.add.reduceat(positive, begins, dtype=np.int64)
    bad = np.diff(begins, append=len(positive)) - good
    pairs = int(good.sum()) * int(bad.sum())
    return float(good @ (np.cumsum(bad) - bad / 2)) / pairs if pairs else float("nan")


def _below(counts: Floats) -> Floats:
    """Return for each block and rank how many rows rank lower, those of the same rank by half."""
    return np.asarray(np.cumsum(counts, axis=1) - counts / 2)
