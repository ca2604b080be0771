"""How good a model is on some rows, and how sure one can be that another is better.

The spread of a difference comes from the paired block bootstrap (Kuensch 1989, The Annals of Statistics 17(3)): both
models are scored on the same draws, and whole blocks of neighbouring rows are drawn, because rows close in time are
alike and single ones would promise more than they hold.
"""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from retrain_trainer.contract import Goal
from retrain_trainer.data import Floats
from retrain_trainer.metrics import Predicted

DRAWS = 1000


def score(metric: str, predicted: Predicted) -> float | None:
    """Return a metric over all rows, None where it cannot be computed, such as roc_auc of one class alone."""
    if not len(predicted.truth):
        return None
    drawn = predicted.drawn(metric)
    return None if drawn is None or not np.isfinite(drawn.whole) else drawn.whole


def lower_bound(metric: str, candidate: Predicted, champion: Predicted, goal: Goal, confidence: float) -> float | None:
    """Return the one-sided lower confidence bound of the candidate's improvement on the same rows.

    None where fewer than nine of ten draws allow the metric, or where there is one block only. The same rows always
    give the same bound.
    """
    one, two = candidate.drawn(metric), champion.drawn(metric)
    if one is None or two is None:
        return None
    blocks = candidate.block_count
    if blocks < 2:
        return None
    weights = _draws(blocks)
    gains = sign(goal) * (one(weights) - two(weights))
    known = gains[np.isfinite(gains)]
    if len(known) < 0.9 * DRAWS:
        return None
    middle, low = np.quantile(known, [0.5, 1 - confidence])
    return float(middle - (middle - low) * stretch(blocks, confidence))


@lru_cache(maxsize=1)
def _draws(blocks: int) -> Floats:
    """Return how often each block is drawn: draws x blocks, the same ones for every metric."""
    return np.random.default_rng(0).multinomial(blocks, np.full(blocks, 1 / blocks), size=DRAWS).astype(np.float64)


def stretch(blocks: int, confidence: float) -> float:
    """Return by how much the drawn spread of this many blocks is too narrow: by 1.12 for 14 of them at 0.95.

    The variance of the draws is short by (n - 1) / n, and is itself known from n blocks only, for which Student's t
    stands and not the normal distribution (Hesterberg 2015, The American Statistician 69(4)).
    """
    if confidence == 0.5:
        return 1.0  # the bound is the median, which both distributions put at 0
    wide, narrow = float(stdtrit(blocks - 1, confidence)), NormalDist().inv_cdf(confidence)
    return math.sqrt(blocks / (blocks - 1)) * wide / narrow


def sign(goal: Goal) -> int:
    """Return 1 where more is better, -1 where less is: times a difference, an improvement is positive."""
    return 1 if goal is Goal.MAXIMIZE else -1
