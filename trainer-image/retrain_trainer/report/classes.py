"""What a classifier mixes up, and whether its probabilities hold what they say."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Labels
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.pieces import pieces, places
from retrain_trainer.report.view import Bin, Calibration, Confusion, Reliability
from retrain_trainer.report.wording import word

MOST = 12
"""Classes that are shown; of more, the most frequent ones and the others together."""
EDGES = tuple(n / 10 for n in range(11))


def confusion(predicted: list[Predicted]) -> Confusion | None:
    """Count for one or two classifiers which class was called what; None for regressors."""
    known = [each.classes for each in predicted if each.classes is not None]
    if not known:
        return None
    labels: Labels = np.unique(np.concatenate(known))
    shown = np.arange(len(labels)) if len(labels) <= MOST else _frequent(predicted[0], labels)
    slots = np.full(len(labels) + 1, len(shown))
    slots[shown] = np.arange(len(shown))
    counts = [_counted(each, labels, slots, len(shown) + 1) for each in predicted]
    others = len(labels) > len(shown) or any(count[-1].any() or count[:, -1].any() for count in counts)
    size = len(shown) + others
    tables = [tuple(tuple(row[:size]) for row in count[:size].tolist()) for count in counts]
    return Confusion(
        labels=(*(word(labels[n], 24) for n in shown), *(["all others"] if others else [])),
        classes=len(labels),
        others=others,
        candidate=tables[0],
        champion=tables[1] if len(tables) > 1 else None,
    )


def rates(counts: tuple[tuple[int, ...], ...]) -> list[tuple[float | None, float | None]]:
    """Return for each class which share of its rows was found, and which share of what was said to be it is."""
    columns = [sum(column) for column in zip(*counts, strict=True)]
    return [
        (row[n] / sum(row) if sum(row) else None, row[n] / columns[n] if columns[n] else None)
        for n, row in enumerate(counts)
    ]


def calibration(predicted: list[Predicted]) -> Calibration | None:
    """Bin the probability of the second of two classes, or of more that of the class that was said; None without."""
    classes = predicted[0].classes
    if classes is None or predicted[0].probabilities is None or len(classes) < 2:
        return None
    # A champion of other classes says probabilities of another thing.
    alike = [each for each in predicted if each.classes is not None and np.array_equal(each.classes, classes)]
    found = [_reliability(each) for each in alike if each.probabilities is not None]
    return Calibration(
        of=word(classes[1], 24) if len(classes) == 2 else None,
        candidate=found[0],
        champion=found[1] if len(found) > 1 else None,
    )


def _frequent(predicted: Predicted, labels: Labels) -> NDArray[np.int64]:
    """Return where those classes stand that most rows are of, all but one of which the page has room for."""
    support = np.zeros(len(labels) + 1, np.int64)
    for piece in pieces(predicted):
        support += np.bincount(places(predicted.truth[piece], labels), minlength=len(support))
    return np.sort(np.argsort(-support[:-1], kind="stable")[: MOST - 1])


def _counted(predicted: Predicted, labels: Labels, slots: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Count true and said classes by their slots, of which the last takes all that have none of their own."""
    cells = np.zeros(size * size, np.int64)
    for piece in pieces(predicted):
        rows = slots[places(predicted.truth[piece], labels)]
        columns = slots[places(predicted.said[piece], labels)]
        cells += np.bincount(rows * size + columns, minlength=size * size)
    return cells.reshape(size, size)


def _reliability(predicted: Predicted) -> Reliability:
    """Bin as in Guo et al. 2017, On Calibration of Modern Neural Networks, section 2."""
    assert predicted.classes is not None
    assert predicted.probabilities is not None
    count, binary = len(EDGES) - 1, len(predicted.classes) == 2
    rows, said, true = np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    for piece in pieces(predicted):
        chances = predicted.probabilities[piece]
        chance = chances[:, 1] if binary else chances.max(axis=1)
        hits = predicted.truth[piece] == (predicted.classes[1] if binary else predicted.said[piece])
        known = np.isfinite(chance)
        chance, hits = np.clip(chance[known], 0, 1), hits[known]
        place = np.minimum((chance * count).astype(np.int64), count - 1)
        rows += np.bincount(place, minlength=count)
        said += np.bincount(place, chance, minlength=count)
        true += np.bincount(place, hits.astype(np.float64), minlength=count)
    error = float(np.abs(said - true).sum() / max(rows.sum(), 1))
    middles = [(low + high) / 2 for low, high in pairwise(EDGES)]
    bins = tuple(
        Bin(int(rows[n]), float(said[n] / rows[n]) if rows[n] else middles[n], float(true[n] / max(rows[n], 1)))
        for n in range(count)
    )
    return Reliability(bins=bins, error=error)
