"""A metric over blocks of rows: all of them once, or each as often as a draw has it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Floats


@dataclass(frozen=True, slots=True)
class Drawn:
    """A metric over all rows, and a way from how often each block was drawn (draws x blocks) to it (draws).

    NaN where it cannot be computed.
    """

    whole: float
    of: Callable[[Floats], Floats]

    def __call__(self, weights: Floats) -> Floats:
        """Return the metric of each draw."""
        return self.of(weights)


def of_sums(of: Callable[[Floats], Floats], blocks: int) -> Drawn:
    """Return a metric of so many blocks that is computed from sums over them: all rows are then a draw as well."""
    return Drawn(float(of(np.ones((1, blocks)))[0]), of)


def ratio(part: Floats, whole: Floats | NDArray[np.int64]) -> Floats:
    """Divide, NaN where the whole is none."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
