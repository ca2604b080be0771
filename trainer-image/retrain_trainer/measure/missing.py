"""Says why a metric cannot be computed: what the model does not give, or what the held-out rows do not hold."""

from collections.abc import Sequence

import numpy as np

from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.measure.score import score

WORD = 40
"""Characters of a class that are told."""


def reason(metric: str, predicted: Sequence[Predicted]) -> str:
    """Return the rest of a sentence; the candidate is first in what models say of the same rows."""
    truth = predicted[0].truth
    for who, each in zip(("candidate", "champion"), predicted, strict=False):
        if score(metric, each) is not None:
            continue
        if metric in ("log_loss", "brier") and each.probabilities is None:
            return f"the {who} gives no probabilities"
        if metric == "roc_auc" and each.margins is None:
            return f"the {who} gives nothing to rank rows by"
        if len(truth) and np.all(truth[1:] == truth[0]):
            what = "the label" if each.classes is None else "class"
            return f"the held-out rows hold only {what} {str(truth[0])[:WORD]}"
        break
    return "its value is not finite"
