"""How labels that are numbers are spread, when one wild value among them may not stretch the measure.

After Winsor's rule (Tukey 1962, The Annals of Mathematical Statistics 33(1)): what lies outside is pulled in to the
border, so that no row is lost and none counts without end.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.rows import Labels

OUTSIDE = 0.01


@dataclass(frozen=True, slots=True)
class Spread:
    """Between which numbers all labels lie but a hundredth at either end, and their standard deviation there."""

    low: float
    high: float
    deviation: float

    @classmethod
    def of(cls, labels: Labels) -> "Spread":
        """Measure some labels; where nearly all are the same, none is left outside. The deviation is never 0."""
        low, high = np.quantile(labels, (OUTSIDE, 1 - OUTSIDE), method="inverted_cdf").tolist()
        if low == high:
            low, high = float(np.min(labels)), float(np.max(labels))
        deviation = float(np.std(np.clip(labels, low, high)))
        return cls(low, high, deviation if deviation > 0 and np.isfinite(deviation) else 1.0)

    def pulled_in(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values with those outside moved to the border; what is no finite number stays as it is."""
        values = np.asarray(values, np.float64)
        return np.where(np.isfinite(values), np.clip(values, self.low, self.high), values)
