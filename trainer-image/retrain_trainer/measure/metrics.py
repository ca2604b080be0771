"""The metrics, each as a formula over sums per block of rows: the same one serves the score and its spread.

Values agree with scikit-learn's functions of the same names. Of two classes the second in sorted order is the positive
one; of more, precision, recall, f1 and roc_auc are the plain mean over the classes. Models that are compared are scored
by the same classes, those that either knows or that are true: else the one that knows fewer would be better by that.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Floats, Keys, Labels
from retrain_trainer.measure import rates
from retrain_trainer.measure.area import area
from retrain_trainer.measure.drawn import Drawn, of_sums
from retrain_trainer.measure.rates import known_mean

FEW = 8
"""Labels that are looked for one by one, which is faster."""
PIECE = 1 << 16
Places = NDArray[np.int32]
SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Predicted:
    """What a model says of some rows, beside what was true; `blocks` numbers the block of each row from 0.

    `margins` are what roc_auc ranks by: a column for each class. `starts` is the key of the first row of each block.
    `together` are the classes that the models it is compared with know, and `rivals` what they say of the same rows.
    """

    truth: Labels
    said: Labels
    blocks: NDArray[np.int64]
    classes: Labels | None = None
    probabilities: Floats | None = None
    margins: Floats | None = None
    starts: Keys | None = None
    together: Labels | None = None
    rivals: tuple[Labels, ...] = ()
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
    def labels(self) -> Labels:
        """The classes that are scored, sorted: those that a model knows, and whatever else is true or said."""
        known = self.classes if self.together is None else self.together
        labels = np.empty(0, self.truth.dtype) if known is None else known
        for piece in self.pieces():
            columns = (column[piece] for column in (self.truth, self.said, *self.rivals))
            strangers = [column[_places(labels, column) < 0] for column in columns]
            labels = np.unique(np.concatenate([labels, *strangers])) if sum(map(len, strangers)) else labels
        return labels

    @cached_property
    def counts(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Hits, rows said to be, rows that are, and of more than two classes what rivals say: blocks x classes."""
        size = len(self.labels)
        counts = np.zeros((4, self.block_count * size))
        for piece in self.pieces():
            columns = (self.said, self.truth, *(self.rivals if size > 2 else ()))
            said, truth, *others = (
                self.blocks[piece] * size + _places(self.labels, column[piece]) for column in columns
            )
            for number, cells in enumerate((truth[said == truth], said, truth, *others)):
                counts[min(number, 3)] += np.bincount(cells, minlength=counts.shape[1])
        one, two, three, four = counts.reshape(4, self.block_count, size)
        return one, two, three, four

    def pieces(self) -> Iterator[slice]:
        """Yield some rows at a time: what is made of them is as large as they are, and there are millions."""
        for begin in range(0, len(self.truth), PIECE):
            yield slice(begin, begin + PIECE)


def compared(predicted: Sequence[Predicted]) -> list[Predicted]:
    """Return what models say of the same rows so that all of them are scored by the same classes."""
    known = [each.classes for each in predicted if each.classes is not None]
    if len(predicted) < 2 or not known:
        return list(predicted)
    together: Labels = np.unique(np.concatenate(known))
    said = [each.said for each in predicted]
    return [
        replace(each, together=together, rivals=(*said[:number], *said[number + 1 :]))
        for number, each in enumerate(predicted)
    ]


def _places(labels: Labels, column: Labels) -> Places:
    """Return where each value stands among sorted labels, -1 where it does not."""
    if len(labels) > FEW:
        place = np.minimum(np.searchsorted(labels, column), len(labels) - 1)
        return np.where(labels[place] == column, place, -1).astype(np.int32)
    place = np.full(len(column), -1, np.int32)
    for number, label in enumerate(labels):
        place[column == label] = number
    return place


def _sums(predicted: Predicted, values: Callable[[slice], Sequence[Floats]]) -> Floats:
    """Add up values over each block: blocks x values, the last of them the number of rows."""
    count, parts = predicted.block_count, []
    for piece in predicted.pieces():
        blocks = predicted.blocks[piece]
        sums = [np.bincount(blocks, value, minlength=count) for value in values(piece)]
        parts.append(np.stack([*sums, np.bincount(blocks, minlength=count)], axis=1))
    return np.asarray(np.sum(parts, axis=0), np.float64)


def _mean(
    predicted: Predicted, loss: Callable[[slice], Floats], last: Callable[[Floats], Floats] = lambda mean: mean
) -> Drawn:
    sums = _sums(predicted, lambda piece: [loss(piece)])

    def drawn(weights: Floats) -> Floats:
        total, rows = (weights @ sums).T
        return np.asarray(last(total / rows))

    return of_sums(drawn, predicted.block_count)


def _accuracy(predicted: Predicted) -> Drawn:
    return _mean(predicted, lambda piece: (predicted.truth[piece] == predicted.said[piece]).astype(np.float64))


def _log_loss(predicted: Predicted) -> Drawn | None:
    if predicted.probabilities is None or predicted.classes is None:
        return None
    return _mean(predicted, lambda piece: -np.log(np.clip(_of_truth(predicted, piece), SMALLEST, 1.0)))


def _brier(predicted: Predicted) -> Drawn | None:
    """Squared distance of the probabilities from the truth, halved for two classes as is usual there."""
    if predicted.probabilities is None or predicted.classes is None:
        return None
    chances, parts = predicted.probabilities, 2 if len(predicted.labels) == 2 else 1

    def loss(piece: slice) -> Floats:
        squares = np.einsum("ij,ij->i", chances[piece], chances[piece])
        distance: Floats = squares - 2 * _of_truth(predicted, piece) + 1
        return distance / parts

    return _mean(predicted, loss)


def _of_truth(predicted: Predicted, piece: slice) -> Floats:
    """Return the probability given to what was true, 0 for a class the model does not know."""
    assert predicted.classes is not None
    assert predicted.probabilities is not None
    place = _places(predicted.classes, predicted.truth[piece])
    found = predicted.probabilities[piece][np.arange(len(place)), place]
    return np.where(place >= 0, found, 0.0)


def _distance(predicted: Predicted, piece: slice) -> Floats:
    distance: Floats = np.asarray(predicted.said[piece], np.float64) - predicted.truth[piece]
    return distance


def _mae(predicted: Predicted) -> Drawn:
    return _mean(predicted, lambda piece: np.abs(_distance(predicted, piece)))


def _rmse(predicted: Predicted) -> Drawn:
    return _mean(predicted, lambda piece: _distance(predicted, piece) ** 2, np.sqrt)


def _r2(predicted: Predicted) -> Drawn:
    middle = np.mean(predicted.truth)

    def values(piece: slice) -> list[Floats]:
        truth = predicted.truth[piece] - middle
        return [_distance(predicted, piece) ** 2, truth, truth**2]

    sums = _sums(predicted, values)

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
            hits, said, truth, others = np.split(weights @ sums, 4, axis=1)
            values = last(hits, said, truth)
            if classes == 2 and last is not rates.recalled:
                return values[:, 1]
            # A class that only a rival names has its place in the mean of both, as one that is named wrongly.
            named = np.isnan(values) & (others > 0) & (last is not rates.recalled)
            return known_mean(np.where(named, 0.0, values))

        return of_sums(drawn, predicted.block_count)

    return metric


def _roc_auc(predicted: Predicted) -> Drawn | None:
    """Rank by each class that is true; a model that does not know one ranks all rows alike by it."""
    if predicted.margins is None or predicted.classes is None:
        return None
    labels, margins = predicted.labels, predicted.margins
    chosen = labels[1:] if len(labels) == 2 else labels[predicted.counts[2].any(axis=0)]
    unknown = np.zeros(len(predicted.truth))
    areas = [
        area(predicted.truth == label, unknown if place < 0 else margins[:, place], predicted.blocks)
        for label, place in zip(chosen, _places(predicted.classes, chosen), strict=True)
    ]
    whole = known_mean(np.array([[each.whole for each in areas]]))
    return Drawn(float(whole[0]), lambda weights: known_mean(np.stack([each(weights) for each in areas], axis=1)))


FORMULAS: dict[str, Callable[[Predicted], Drawn | None]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _rates(rates.recalled),
    "f1": _rates(rates.f1),
    "precision": _rates(rates.precision),
    "recall": _rates(rates.recall),
    "roc_auc": _roc_auc,
    "log_loss": _log_loss,
    "brier": _brier,
    "r2": _r2,
    "rmse": _rmse,
    "mae": _mae,
}
"""None where the model gives no probabilities or margins."""
