"""Lets models predict the rows of a holdout, all of them the same ones, read once and in chunks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from retrain_trainer import pipeline
from retrain_trainer.data import Floats, Labels, Layout
from retrain_trainer.holdout import ascending, blocks_of
from retrain_trainer.metrics import Predicted
from retrain_trainer.profile import Bins, bins_of, shares_of
from retrain_trainer.reading import read_rows

Answer = tuple[Labels, Floats | None, Floats | None]
"""Predictions, probabilities, and margins where there are no probabilities to rank by."""


def predict(models: Sequence[Pipeline], path: Path, layout: Layout) -> list[Predicted]:
    """Return what each model says of the rows of a holdout file, in the order of time."""
    truth, keys = [], []
    said: list[list[Answer]] = [[] for _ in models]
    # A champion and its update prepare rows in the same way, and that takes longer than predicting.
    manners = [str(joblib.hash(model.steps[:-1])) for model in models]
    for rows in read_rows(path, path.name, layout):
        truth.append(_small(rows.labels))
        keys.append(rows.keys)
        prepared: dict[str, Floats] = {}
        for model, manner, answers in zip(models, manners, said, strict=True):
            if manner not in prepared:
                prepared[manner] = pipeline.prepared(model, rows.features)
            answers.append(_ask(model[-1], prepared[manner]))
    every = np.concatenate(keys)
    order = None if ascending(every) else np.argsort(every, kind="stable")
    every = every if order is None else every[order]
    labels, blocks = _joined(truth, order), blocks_of(every, layout)
    starts = every[np.searchsorted(blocks, np.arange(blocks[-1] + 1, dtype=blocks.dtype))]
    predicted = []
    for model in models:
        values, probabilities, margins = (_joined(list(part), order) for part in zip(*said.pop(0), strict=True))
        margins = probabilities if margins is None else margins
        predicted.append(Predicted(labels, values, blocks, pipeline.classes_of(model), probabilities, margins, starts))
    return predicted


def distribution(predicted: Predicted) -> Bins:
    """Return how predictions are spread: over deciles, or over the places of the classes."""
    if predicted.classes is None:
        return bins_of(np.asarray(predicted.said, np.float64))
    edges = np.arange(len(predicted.classes) - 1, dtype=np.float64)
    shares = shares_of(np.searchsorted(predicted.classes, predicted.said).astype(np.float64), edges)
    return Bins(edges=tuple(edges.tolist()), shares=tuple(shares.tolist()))


def _ask(estimator: Any, rows: Floats) -> Answer:
    probabilities, margins = pipeline.probabilities(estimator, rows), None
    if probabilities is None and hasattr(estimator, "decision_function"):
        margins = np.asarray(estimator.decision_function(rows))
        margins = np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins
    return _small(estimator.predict(rows)), probabilities, margins


def _small(labels: Labels) -> Labels:
    """Return integers, as most classes are, in as few bytes as they need: there are millions of them."""
    if labels.dtype.kind != "i":
        return labels
    return labels.astype(np.promote_types(np.min_scalar_type(labels.min()), np.min_scalar_type(labels.max())))


def _joined(parts: list[Any], order: NDArray[np.int64] | None) -> Any:
    if parts[0] is None:
        return None
    every = np.concatenate(parts)
    return every if order is None else every[order]
