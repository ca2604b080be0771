"""What an estimator says of the rows of several requests, in as few calls as leave each answer what it is alone.

To the bit: how a sum of products is rounded depends on how many rows are multiplied in one go. So requests are merged
only for estimators that take each row by itself, and the others are asked about each request.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from retrain_trainer.data.rows import Floats

TREES = ("DecisionTree", "ExtraTree", "GradientBoosting", "HistGradientBoosting", "RandomForest")
"""How the names of estimators begin that lead each row through trees."""
LINEAR = ("LinearSVC", "LogisticRegression", "Perceptron", "SGDClassifier")
"""How the names of classifiers begin whose class is that of the highest score, a weighted sum."""


def say(estimator: Any, output: str, parts: Sequence[Floats]) -> list[np.ndarray]:
    """Return what `estimator.predict` or another output, called by its name, says of each part alone."""
    name = type(estimator).__name__
    if len(parts) > 1 and name.startswith(TREES):
        return split(getattr(estimator, output)(np.concatenate(parts)), parts)
    if len(parts) > 1 and name.startswith(LINEAR) and output == "predict" and all(len(part) == 1 for part in parts):
        rows = np.concatenate(parts)
        if np.isfinite(rows).all():
            return split(_classes(estimator, scores(estimator, rows)), parts)
    return [getattr(estimator, output)(part) for part in parts]


def split(values: np.ndarray, parts: Sequence[Floats]) -> list[np.ndarray]:
    """Cut what was said of all parts together into what was said of each."""
    return np.split(values, np.cumsum([len(part) for part in parts[:-1]]))


def scores(estimator: Any, rows: Floats) -> Floats:
    """Return what `estimator.decision_function` says of each row alone; a stack of matrices is multiplied one by one.

    scikit-learn checks its input for longer than it multiplies, and takes no stacks.
    """
    products: Floats = (rows[:, np.newaxis, :] @ estimator.coef_.T)[:, 0]
    shifted: Floats = products + estimator.intercept_
    return shifted


def _classes(estimator: Any, scores: Floats) -> np.ndarray:
    places = np.argmax(scores, axis=1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(np.intp)
    classes: np.ndarray = estimator.classes_[places]
    return classes
