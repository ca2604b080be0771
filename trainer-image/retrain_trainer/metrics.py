"""The metrics, each as a formula over sums per block of rows: the same one serves the score and its spread.

Values agree with scikit-learn's functions of the same names. Of two classes the second in sorted order is the positive
one; of more, precision, recall, f1 and roc_auc are the plain mean over the classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data import Floats, Keys, Labels

SMALLEST = float(np.finfo(np.float64).eps)
CELLS = 4_000_000
"""How many counts roc_auc may keep: with more rows times blocks, close margins share a rank."""

Drawn = Callable[[Floats], Floats]
"""From how often each block was drawn (draws x blocks) to a metric (draws); NaN where it cannot be computed."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a model says of some rows, beside what was true; `blocks` numbers the block of each row from 0.

    `margins` are what roc_auc ranks by: a column for each class. `starts` is the key of the first row of each block.
    """

    truth: Labels
    said: Labels
    blocks: NDArray[np.int64]
    classes: Labels | None = None
    probabilities: Floats | None = None
    margins: Floats | None = None
    starts: Keys | None = None

    @property
    def block_count(self) -> int:
        """How many blocks the rows make."""
        return int(self.blocks.max()) + 1 if len(self.blocks) else 0


def _sums(predicted: Predicted, *values: Floats) -> Floats:
    """Add up values over each block: blocks x values."""
    count = predicted.block_count
    return np.stack([np.bincount(predicted.blocks, value, minlength=count) for value in values], axis=1)


def _mean(predicted: Predicted, loss: Floats, last: Callable[[Floats], Floats] = lambda mean: mean) -> Drawn:
    sums = _sums(predicted, loss, np.ones(len(loss)))

    def drawn(weights: Floats) -> Floats:
        total, rows = (weights @ sums).T
        return np.asarray(last(total / rows))

    return drawn


def _accuracy(predicted: Predicted) -> Drawn:
    return _mean(predicted, (predicted.truth == predicted.said).astype(np.float64))


def _log_loss(predicted: Predicted) -> Drawn | None:
    if predicted.probabilities is None or predicted.classes is None:
        return None
    found = _of_truth(predicted, predicted.probabilities)
    return _mean(predicted, -np.log(np.clip(found, SMALLEST, 1.0)))


def _brier(predicted: Predicted) -> Drawn | None:
    """Squared distance of the probabilities from the truth, halved for two classes as is usual there."""
    if predicted.probabilities is None or predicted.classes is None:
        return None
    hits = _of_truth(predicted, predicted.probabilities)
    known = np.isin(predicted.truth, predicted.classes)
    distance = np.sum(predicted.probabilities**2, axis=1) - 2 * hits + known
    return _mean(predicted, distance / (2 if len(predicted.classes) == 2 else 1))


def _of_truth(predicted: Predicted, probabilities: Floats) -> Floats:
    """Return the probability given to what was true, 0 for a class the model does not know."""
    assert predicted.classes is not None
    place = np.clip(np.searchsorted(predicted.classes, predicted.truth), 0, len(predicted.classes) - 1)
    known = predicted.classes[place] == predicted.truth
    return np.where(known, probabilities[np.arange(len(place)), place], 0.0)


def _squared(predicted: Predicted) -> Floats:
    distance: Floats = np.asarray(predicted.said, np.float64) - predicted.truth
    return distance**2


def _mae(predicted: Predicted) -> Drawn:
    return _mean(predicted, np.sqrt(_squared(predicted)))


def _rmse(predicted: Predicted) -> Drawn:
    return _mean(predicted, _squared(predicted), np.sqrt)


def _r2(predicted: Predicted) -> Drawn:
    truth = predicted.truth - np.mean(predicted.truth)
    sums = _sums(predicted, _squared(predicted), truth, truth**2, np.ones(len(truth)))

    def drawn(weights: Floats) -> Floats:
        errors, total, squares, rows = (weights @ sums).T
        spread = squares - total**2 / rows
        explained: Floats = 1 - errors / np.where(spread > 0, spread, np.nan)
        return explained

    return drawn


def _rates(last: Callable[[Floats, Floats, Floats], Floats]) -> Callable[[Predicted], Drawn]:
    """Make a metric of hits, rows said to be, and rows that are of a class: NaN for a class that plays no part."""

    def metric(predicted: Predicted) -> Drawn:
        known = np.empty(0, predicted.truth.dtype) if predicted.classes is None else predicted.classes
        labels = np.unique(np.concatenate([known, predicted.truth, predicted.said]))
        said, truth = ([column == label for label in labels] for column in (predicted.said, predicted.truth))
        hits = [one & other for one, other in zip(said, truth, strict=True)]
        sums = _sums(predicted, *(column.astype(np.float64) for column in (*hits, *said, *truth)))

        def drawn(weights: Floats) -> Floats:
            rates = last(*np.split(weights @ sums, 3, axis=1))
            return rates[:, 1] if len(labels) == 2 and last is not _recalled else _known_mean(rates)

        return drawn

    return metric


def _known_mean(rates: Floats) -> Floats:
    known = np.isfinite(rates)
    return _ratio(np.where(known, rates, 0).sum(axis=1), known.sum(axis=1))


def _ratio(part: Floats, whole: Floats | NDArray[np.int64]) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def _recalled(hits: Floats, _: Floats, truth: Floats) -> Floats:
    return _ratio(hits, truth)


def _recall(hits: Floats, said: Floats, truth: Floats) -> Floats:
    return np.where(truth > 0, _ratio(hits, truth), np.where(said > 0, 0.0, np.nan))


def _precision(hits: Floats, said: Floats, truth: Floats) -> Floats:
    return np.where(said > 0, _ratio(hits, said), np.where(truth > 0, 0.0, np.nan))


def _f1(hits: Floats, said: Floats, truth: Floats) -> Floats:
    return _ratio(2 * hits, said + truth)


def _roc_auc(predicted: Predicted) -> Drawn | None:
    if predicted.margins is None or predicted.classes is None:
        return None
    chosen = [1] if len(predicted.classes) == 2 else range(len(predicted.classes))
    areas = [_area(predicted, predicted.truth == predicted.classes[n], predicted.margins[:, n]) for n in chosen]
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _area(predicted: Predicted, positive: NDArray[np.bool_], margins: Floats) -> Drawn:
    """Return the share of pairs of a positive and a negative row that are ranked right, ties by half."""
    values, ranks = np.unique(margins, return_inverse=True)
    count = min(len(values), max(CELLS // predicted.block_count, 2))
    cells = predicted.blocks * count + ranks * count // len(values)
    above, below = (
        np.bincount(cells[rows], minlength=predicted.block_count * count).reshape(-1, count).astype(np.float64)
        for rows in (positive, ~positive)
    )

    # Drawing is counting pairs of blocks or, where that is less to keep, of ranks: draws x ranks can be gigabytes.
    if predicted.block_count > count:
        return lambda weights: _ratio(
            np.sum((weights @ above) * (weights @ _below(below)), axis=1),
            np.sum(weights @ above, axis=1) * np.sum(weights @ below, axis=1),
        )
    right, good, bad = above @ _below(below).T, above.sum(axis=1), below.sum(axis=1)
    return lambda weights: _ratio(np.sum(weights @ right * weights, axis=1), (weights @ good) * (weights @ bad))


def _below(counts: Floats) -> Floats:
    """Return for each block and rank how many rows rank lower, those of the same rank by half."""
    return np.asarray(np.cumsum(counts, axis=1) - counts / 2)


FORMULAS: dict[str, Callable[[Predicted], Drawn | None]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _rates(_recalled),
    "f1": _rates(_f1),
    "precision": _rates(_precision),
    "recall": _rates(_recall),
    "roc_auc": _roc_auc,
    "log_loss": _log_loss,
    "brier": _brier,
    "r2": _r2,
    "rmse": _rmse,
    "mae": _mae,
}
"""None where the model gives no probabilities or margins."""
