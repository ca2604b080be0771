"""Lets models predict the rows of a holdout, all of them the same ones, read once and in chunks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline

from retrain_trainer import pipeline
from retrain_trainer.data import Floats, Layout
from retrain_trainer.holdout import blocks_of
from retrain_trainer.metrics import Predicted
from retrain_trainer.profile import Bins, bins_of, shares_of
from retrain_trainer.reading import read_rows


def predict(models: Sequence[Pipeline], path: Path, layout: Layout) -> list[Predicted]:
    """Return what each model says of the rows of a holdout file, in the order of time."""
    truth, keys = [], []
    said: list[list[tuple[Floats | None, ...]]] = [[] for _ in models]
    for rows in read_rows(path, path.name, layout):
        truth.append(rows.labels)
        keys.append(rows.keys)
        for model, answers in zip(models, said, strict=True):
            answers.append(_ask(model, rows.features))
    every = np.concatenate(keys)
    order = np.argsort(every, kind="stable")
    labels, blocks = np.concatenate(truth)[order], blocks_of(every[order], layout)
    starts = every[order][np.searchsorted(blocks, np.arange(blocks[-1] + 1))]
    predicted = []
    for model, answers in zip(models, said, strict=True):
        values, probabilities, margins = (_joined(part, order) for part in zip(*answers, strict=True))
        assert values is not None
        classes = pipeline.classes_of(model)
        predicted.append(Predicted(labels, values, blocks, classes, probabilities, margins, starts))
    return predicted


def distribution(predicted: Predicted) -> Bins:
    """Return how predictions are spread: over deciles, or over the places of the classes."""
    if predicted.classes is None:
        return bins_of(np.asarray(predicted.said, np.float64))
    edges = np.arange(len(predicted.classes) - 1, dtype=np.float64)
    shares = shares_of(np.searchsorted(predicted.classes, predicted.said).astype(np.float64), edges)
    return Bins(edges=tuple(edges.tolist()), shares=tuple(shares.tolist()))


def _ask(model: Pipeline, features: Floats) -> tuple[Floats | None, ...]:
    estimator, rows = model[-1], pipeline.prepared(model, features)
    probabilities = pipeline.probabilities(estimator, rows)
    margins = probabilities
    if margins is None and hasattr(estimator, "decision_function"):
        margins = np.asarray(estimator.decision_function(rows))
        margins = np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins
    return estimator.predict(rows), probabilities, margins


def _joined(parts: Sequence[Floats | None], order: np.ndarray) -> Floats | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known)[order] if known else None
