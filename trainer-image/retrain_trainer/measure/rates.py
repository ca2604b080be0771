"""How well each class is told, of hits, rows said to be of it, and rows that are; NaN where it plays no part."""

import numpy as np

from retrain_trainer.data.rows import Floats
from retrain_trainer.measure.drawn import ratio


def recalled(hits: Floats, _: Floats, truth: Floats) -> Floats:
    """Return the share of its rows that was found, of classes that are true only."""
    return ratio(hits, truth)


def recall(hits: Floats, said: Floats, truth: Floats) -> Floats:
    """Return the share of its rows that was found, 0 for a class that is said and never true."""
    return np.where(truth > 0, ratio(hits, truth), np.where(said > 0, 0.0, np.nan))


def precision(hits: Floats, said: Floats, truth: Floats) -> Floats:
    """Return the share of what was said that is so, 0 for a class that is true and never said."""
    return np.where(said > 0, ratio(hits, said), np.where(truth > 0, 0.0, np.nan))


def f1(hits: Floats, said: Floats, truth: Floats) -> Floats:
    """Return the harmonic mean of both."""
    return ratio(2 * hits, said + truth)


def known_mean(values: Floats) -> Floats:
    """Return the mean of each row over what it knows, NaN where that is nothing."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0).sum(axis=1), known.sum(axis=1))
