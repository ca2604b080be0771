"""The metrics, each as a formula over sums per block of rows: the same one serves the score and its spread.

Values agree with scikit-learn's functions of the same names. Of two classes the second in sorted order is the positive
one; of more, precision, recall, f1 and roc_auc are the plain mean over the classes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.area import area
from retrain_trainer.data import Floats, Keys, Labels
from retrain_trainer.drawn import Drawn, of_sums, ratio

FEW = 8
"""Labels that are looked for one by one, which is faster."""
Places = NDArray[np.int32]
SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
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
    _drawn: dict[str, Drawn | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def drawn(self, metric: str) -> Drawn | None:
        """Return a metric by its name, computed once; None where the model gives no probabilities or margins."""
        if metric not in self._drawn:
            self._drawn[metric] = FORMULAS[metric](self)
        return self._drawn[metric]

    @cached_property
    def block_count(self) -> int:
        """How many blocks the rows make."""
        return int(self.blocks.max()) + 1 if len(self.blocks) else 0

    @cached_property
    def counts(self) -> tuple[Floats, Floats, Floats]:
        """Hits, rows said to be, and rows that are of a class: each blocks x classes, unknown ones included."""
        truth, said, labels = self.places, _places(self._known, self.said), self._known
        if truth.min() < 0 or said.min() < 0:
            strangers = [column[place < 0] for column, place in ((self.truth, truth), (self.said, said))]
            labels = np.unique(np.concatenate([labels, *strangers]))
            truth, said = _places(labels, self.truth), _places(labels, self.said)
        first = self.blocks * len(labels)
        return (
            self._counted((first + truth)[said == truth], len(labels)),
            self._counted(first + said, len(labels)),
            self._counted(first + truth, len(labels)),
        )

    @property
    def _known(self) -> Labels:
        return np.empty(0, self.truth.dtype) if self.classes is None else self.classes

    @cached_property
    def places(self) -> Places:
        """Where the truth of each row stands among the known classes, -1 where it does not."""
        return _places(self._known, self.truth)

    def _counted(self, cells: NDArray[np.int64], labels: int) -> Floats:
        counts = np.bincount(cells, minlength=self.block_count * labels)
        return np.asarray(counts.reshape(-1, labels), np.float64)


def _places(labels: Labels, column: Labels) -> Places:
    """Return where each value stands among sorted labels, -1 where it does not."""
    if len(labels) > FEW:
        place = np.minimum(np.searchsorted(labels, column), len(labels) - 1)
        return np.where(labels[place] == column, place, -1).astype(np.int32)
    place = np.full(len(column), -1, np.int32)
    for number, label in enumerate(labels):
        place[column == label] = number
    return place


def _sums(predicted: Predicted, *values: Floats) -> Floats:
    """Add up values over each block: blocks x values."""
    count = predicted.block_count
    return np.stack([np.bincount(predicted.blocks, value, minlength=count) for value in values], axis=1)


def _mean(predicted: Predicted, loss: Floats, last: Callable[[Floats], Floats] = lambda mean: mean) -> Drawn:
    sums = _sums(predicted, loss, np.ones(len(loss)))

    def drawn(weights: Floats) -> Floats:
        total, rows = (weights @ sums).T
        return np.asarray(last(total / rows))

    return of_sums(drawn, predicted.block_count)


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
    squares = np.einsum("ij,ij->i", predicted.probabilities, predicted.probabilities)
    distance = squares - 2 * hits + np.isin(predicted.truth, predicted.classes)
    return _mean(predicted, distance / (2 if len(predicted.classes) == 2 else 1))


def _of_truth(predicted: Predicted, probabilities: Floats) -> Floats:
    """Return the probability given to what was true, 0 for a class the model does not know."""
    assert predicted.classes is not None
    place = predicted.places
    return np.where(place >= 0, probabilities[np.arange(len(place)), place], 0.0)


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

    return of_sums(drawn, predicted.block_count)


def _rates(last: Callable[[Floats, Floats, Floats], Floats]) -> Callable[[Predicted], Drawn]:
    """Make a metric of hits, rows said to be, and rows that are of a class: NaN for a class that plays no part."""

    def metric(predicted: Predicted) -> Drawn:
        classes, sums = predicted.counts[0].shape[1], np.concatenate(predicted.counts, axis=1)

        def drawn(weights: Floats) -> Floats:
            rates = last(*np.split(weights @ sums, 3, axis=1))
            return rates[:, 1] if classes == 2 and last is not _recalled else _known_mean(rates)

        return of_sums(drawn, predicted.block_count)

    return metric


def _known_mean(rates: Floats) -> Floats:
    known = np.isfinite(rates)
    return ratio(np.where(known, rates, 0).sum(axis=1), known.sum(axis=1))


def _recalled(hits: Floats, _: Floats, truth: Floats) -> Floats:
    return ratio(hits, truth)


def _recall(hits: Floats, said: Floats, truth: Floats) -> Floats:
    return np.where(truth > 0, ratio(hits, truth), np.where(said > 0, 0.0, np.nan))


def _precision(hits: Floats, said: Floats, truth: Floats) -> Floats:
    return np.where(said > 0, ratio(hits, said), np.where(truth > 0, 0.0, np.nan))


def _f1(hits: Floats, said: Floats, truth: Floats) -> Floats:
    return ratio(2 * hits, said + truth)


def _roc_auc(predicted: Predicted) -> Drawn | None:
    if predicted.margins is None or predicted.classes is None:
        return None
    chosen = [1] if len(predicted.classes) == 2 else range(len(predicted.classes))
    areas = [area(predicted.truth == predicted.classes[n], predicted.margins[:, n], predicted.blocks) for n in chosen]
    return Drawn(
        float(np.mean([each.whole for each in areas])),
        lambda weights: np.mean([each(weights) for each in areas], axis=0),
    )


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
