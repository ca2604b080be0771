"""Where a regressor is wrong: by how much, in which direction, and for which true values."""

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Floats
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.pieces import SAMPLE, pieces, spread
from retrain_trainer.report.view import Residuals, Tenth

BINS, CELLS = 31, 24
TAIL = 0.02
"""Share of rows at either end that may lie outside of what is drawn."""


def residuals(predicted: list[Predicted]) -> Residuals | None:
    """Count the residuals of one or two regressors; None for classifiers."""
    first = predicted[0]
    if first.classes is not None:
        return None
    ends = [spread(_distance(each, slice(None, None, _step(each))), TAIL) for each in predicted]
    reach = max(abs(end) for pair in ends for end in pair)
    counts = [_histogram(each, reach) for each in predicted]
    truth = spread(np.asarray(first.truth, np.float64), TAIL)
    said = spread(np.asarray(first.said, np.float64).ravel(), TAIL)
    low, high = min(truth[0], said[0]), max(truth[1], said[1])
    return Residuals(
        low=-reach,
        high=reach,
        candidate=counts[0],
        champion=counts[1] if len(counts) > 1 else None,
        grid_low=low,
        grid_high=high,
        grid=_grid(first, low, high),
        tenths=_tenths(predicted),
    )


def _step(predicted: Predicted) -> int:
    return max(len(predicted.truth) // SAMPLE, 1)


def _distance(predicted: Predicted, rows: slice) -> Floats:
    return np.asarray(predicted.said[rows], np.float64).ravel() - np.asarray(predicted.truth[rows], np.float64)


def _cells(values: Floats, low: float, high: float, count: int) -> NDArray[np.int64]:
    """Return in which of equally wide cells each value lies; the outermost take what lies beyond."""
    with np.errstate(invalid="ignore", over="ignore"):
        share = np.clip((values - low) / (high - low) * count, 0, count - 1)
    return np.nan_to_num(share, nan=count - 1).astype(np.int64)


def _histogram(predicted: Predicted, reach: float) -> tuple[int, ...]:
    counts = np.zeros(BINS, np.int64)
    for piece in pieces(predicted):
        counts += np.bincount(_cells(_distance(predicted, piece), -reach, reach, BINS), minlength=BINS)
    return tuple(counts.tolist())


def _grid(predicted: Predicted, low: float, high: float) -> tuple[tuple[int, ...], ...]:
    counts = np.zeros(CELLS * CELLS, np.int64)
    for piece in pieces(predicted):
        columns = _cells(np.asarray(predicted.truth[piece], np.float64), low, high, CELLS)
        rows = _cells(np.asarray(predicted.said[piece], np.float64).ravel(), low, high, CELLS)
        counts += np.bincount(rows * CELLS + columns, minlength=len(counts))
    return tuple(tuple(row) for row in counts.reshape(CELLS, CELLS).tolist())


def _tenths(predicted: list[Predicted]) -> tuple[Tenth, ...]:
    """Part the rows at the deciles of the true values, and measure each part; fewer parts where values repeat."""
    first = predicted[0]
    edges = np.unique(np.quantile(np.asarray(first.truth[:: _step(first)], np.float64), np.linspace(0, 1, 11)[1:-1]))
    count = len(edges) + 1
    rows, true, said = np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    squares = [np.zeros(count) for _ in predicted]
    for piece in pieces(first):
        truth = np.asarray(first.truth[piece], np.float64)
        place = np.searchsorted(edges, truth, side="left")
        rows += np.bincount(place, minlength=count)
        true += np.bincount(place, truth, minlength=count)
        said += np.bincount(place, np.asarray(first.said[piece], np.float64).ravel(), minlength=count)
        for n, each in enumerate(predicted):
            squares[n] += np.bincount(place, _distance(each, piece) ** 2, minlength=count)
    known = np.flatnonzero(rows)
    errors = [np.sqrt(sums[known] / rows[known]) for sums in squares]
    return tuple(
        Tenth(
            rows=int(rows[place]),
            true=float(true[place] / rows[place]),
            said=float(said[place] / rows[place]),
            candidate=float(errors[0][n]),
            champion=float(errors[1][n]) if len(errors) > 1 else None,
        )
        for n, place in enumerate(known)
    )
