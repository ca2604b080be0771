"""The rows that every update is checked on: the newest that have been accepted, so that one batch cannot own the model.

A batch that contradicts all before it, or makes the weights run away, shows here at once; ordinary drift does not.
A batch that was put back counts as seen all the same: guard rows change by accepted batches alone, so each run
would try it again to the same end, and none would ever have nothing to do. A real change is for mode Refit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from retrain_trainer.data.rows import Floats, Labels, Rows
from retrain_trainer.files.workspace import Update
from retrain_trainer.learn.estimators import Kind
from retrain_trainer.learn.pipeline import kind_of
from retrain_trainer.learn.spread import Spread

GUARD_ROWS = 1000
TOLERANCE = 0.15
"""By how much an update may raise the error: as much as real drift was seen to, less than flipped labels do."""


IF_REAL = "If the change is real, mode Refit learns it."
IF_ABSURD = "Look for absurd numbers in what was put back, or try a smaller learning rate."


@dataclass(frozen=True, slots=True)
class Guard:
    """Rows to check on; before anything was accepted there are none."""

    features: Floats
    labels: Labels

    def error(self, pipeline: Pipeline) -> float | None:
        """Return the share of wrong classes, or the RMSE in standard deviations of the label; None without rows.

        Of numbers it is the mean of that and of the same with the outermost pulled in: one wild label would hide what
        an update does to all others, and pulled in alone, what it does to a few far out would be hidden. It is infinite
        where a number is so large that its square is.
        """
        if not len(self.labels):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = pipeline.predict(self.features)
            if kind_of(pipeline) is Kind.CLASSIFIER:
                return float(np.mean(predicted != self.labels))
            plain = float(np.sqrt(np.mean((predicted - self.labels) ** 2)))
            if not math.isfinite(plain):
                return math.inf
            spread = Spread.of(self.labels)
            off = spread.pulled_in(predicted) - spread.pulled_in(self.labels)
            pulled_in = float(np.sqrt(np.mean(off**2)))
            return (plain / (float(np.std(self.labels)) or 1.0) + pulled_in / spread.deviation) / 2

    def followed_by(self, rows: Rows) -> "Guard":
        """Return the newest rows when these come after."""
        newest = rows.part(slice(-GUARD_ROWS, None))
        if not len(self.labels) or len(rows.labels) >= GUARD_ROWS:
            return Guard(newest.features(), newest.labels)
        features = np.concatenate([self.features, newest.features()])
        labels = np.concatenate([self.labels, newest.labels])
        return Guard(features[-GUARD_ROWS:], labels[-GUARD_ROWS:])


def finite(error: float | None) -> bool:
    """Whether an error is a finite number, or not known."""
    return error is None or bool(np.isfinite(error))


def harmless(before: float | None, after: float | None) -> bool:
    """Whether an update may stay, by the errors before and after it."""
    return finite(after) and (before is None or after is None or after <= before + TOLERANCE)


def put_back(updates: Sequence[Update]) -> str:
    """Say how many batches were put back, what that means and what to do; nothing when there are none."""
    back = [update for update in updates if not update.kept]
    away = sum(update.error_after is None for update in back)
    told = []
    if len(back) > away:
        words = "was put back: it contradicts" if len(back) - away == 1 else "were put back: they contradict"
        told.append(f"{len(back) - away} of {len(updates)} batches {words} what the model knew. {IF_REAL}")
    if away:
        words = "was put back: its values make" if away == 1 else "were put back: their values make"
        told.append(f"{away} of {len(updates)} batches {words} the weights or the error run away. {IF_ABSURD}")
    return " ".join(told)


def mostly_put_back(updates: Sequence[Update]) -> bool:
    """Whether more than half of the batches were put back, so that the candidate hardly knows what they tell."""
    return 2 * sum(not update.kept for update in updates) > len(updates)


def empty(width: int) -> Guard:
    """Return a guard without rows."""
    return Guard(np.empty((0, width)), np.empty(0))
