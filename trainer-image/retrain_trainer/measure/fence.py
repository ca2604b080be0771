"""What reference and slices are measured by: twice where labels are numbers, since either way alone can be blinded.

As they are, one wild label, -999999 for unknown, makes rmse and the deviation of the label so large that no loss shows
beside it. With the outermost labels pulled in, a small group of rows that lies far out is not seen at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retrain_trainer.contract import Goal
from retrain_trainer.learn.estimators import IN_UNITS_OF_THE_LABEL
from retrain_trainer.learn.spread import Spread
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.measure.score import scale_of, score, sign

Part = Callable[[Predicted], Predicted]


@dataclass(frozen=True, slots=True)
class Both:
    """A metric of candidate and champion on the same rows, and what a tolerance of 1 means for it there."""

    candidate: float
    champion: float | None
    scale: float

    def lost(self, goal: Goal) -> float:
        """Return by how many times the scale the candidate is worse; without a champion it is not."""
        return 0.0 if self.champion is None else sign(goal) * (self.champion - self.candidate) / self.scale


class Fence:
    """Candidate, and champion where there is one, on some rows."""

    def __init__(self, predicted: Sequence[Predicted]) -> None:
        self._plain = self._pulled_in = predicted
        self._deviation = 1.0
        if predicted[0].classes is None:
            spread = Spread.of(predicted[0].truth)
            self._deviation = spread.deviation
            self._pulled_in = [
                replace(each, truth=spread.pulled_in(each.truth), said=spread.pulled_in(each.said))
                for each in predicted
            ]

    def both(self, metric: str, goal: Goal, tolerance: float, part: Part = lambda whole: whole) -> Both | None:
        """Return a metric on a part of the rows, None where it cannot be computed there.

        It is that of the labels as they are, but for a loss beyond the tolerance that pulled-in ones alone show.
        """
        plain = _measured(metric, self._plain, part, scale_of(metric, self._plain[0].truth))
        if plain is None or self._pulled_in is self._plain or plain.lost(goal) > tolerance:
            return plain
        scale = self._deviation if metric in IN_UNITS_OF_THE_LABEL else 1.0
        other = _measured(metric, self._pulled_in, part, scale)
        return other if other is not None and other.lost(goal) > tolerance else plain


def _measured(metric: str, predicted: Sequence[Predicted], part: Part, scale: float) -> Both | None:
    values = [score(metric, part(each)) for each in predicted]
    if values[0] is None or values[-1] is None:
        return None
    return Both(values[0], values[1] if len(values) > 1 else None, scale)
