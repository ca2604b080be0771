"""Walks over the rows of a holdout in pieces, so that counting millions of them takes no memory worth mentioning."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Floats, Labels
from retrain_trainer.measure.metrics import Predicted

PIECE = 65_536
SAMPLE = 50_000
"""Rows from which ranges are read; what lies in them is then counted in full."""


def pieces(predicted: Predicted) -> Iterator[slice]:
    """Yield the rows of a holdout, some at a time."""
    for start in range(0, len(predicted.truth), PIECE):
        yield slice(start, start + PIECE)


def places(labels: Labels, known: Labels) -> NDArray[np.int64]:
    """Return where each label stands among the known ones, which are sorted; their number for one that is not there."""
    if not len(known):
        return np.zeros(len(labels), np.int64)
    found = np.minimum(np.searchsorted(known, labels), len(known) - 1)
    return np.where(known[found] == labels, found, len(known)).astype(np.int64)


def spread(values: Floats, share: float) -> tuple[float, float]:
    """Return between which numbers all values lie but a share at either end, from every n-th of them.

    Never an empty range; from 0 to 1 when there is no number at all.
    """
    every = values[:: max(len(values) // SAMPLE, 1)]
    known = every[np.isfinite(every)]
    if not len(known):
        return 0.0, 1.0
    low, high = (float(edge) for edge in np.quantile(known, [share, 1 - share]))
    room = max(abs(low), abs(high), 1.0) * 1e-6
    return (low, high) if high - low > room else (low - room, high + room)
