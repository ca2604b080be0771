"""Lets models predict the rows of a holdout, all of them the same ones, read once and in chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from retrain_trainer.data.holdout import ascending, blocks_of
from retrain_trainer.data.profile import Bins, bins_of
from retrain_trainer.data.reading import read_rows
from retrain_trainer.data.rows import Floats, Keys, Labels, Layout, small
from retrain_trainer.learn import objections, pipeline
from retrain_trainer.measure.metrics import Predicted, compared


@dataclass(frozen=True, slots=True)
class Blocks:
    """The block of each row, in the order of time, and the key of the first row of each block."""

    of_rows: NDArray[np.int64]
    starts: Keys


@dataclass(slots=True)
class Said:
    """What a model says of so many rows, put in its place piece by piece: pieces and their sum would be twice as large.

    `margins` are kept where there are no probabilities to rank by.
    """

    model: Pipeline
    rows: int
    labels: Labels | None = None
    probabilities: Floats | None = None
    margins: Floats | None = None

    def ask(self, first: int, prepared: Floats) -> None:
        """Let the estimator predict the rows from number `first` on."""
        estimator = self.model[-1]
        self.labels = self._placed(self.labels, first, estimator.predict(prepared), pipeline.classes_of(self.model))
        probabilities = pipeline.probabilities(estimator, prepared)
        if probabilities is not None:
            self.probabilities = self._placed(self.probabilities, first, probabilities)
        elif hasattr(estimator, "decision_function"):
            margins = np.asarray(estimator.decision_function(prepared))
            margins = np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins
            self.margins = self._placed(self.margins, first, margins)

    def predicted(self, truth: Labels, order: NDArray[np.int64] | None, blocks: Blocks) -> Predicted:
        """Return it in this order, beside what was true."""
        parts = (self.labels, self.probabilities, self.margins)
        labels, probabilities, margins = (part if part is None or order is None else part[order] for part in parts)
        assert labels is not None  # a holdout has rows
        margins = probabilities if margins is None else margins
        return Predicted(
            truth, labels, blocks.of_rows, pipeline.classes_of(self.model), probabilities, margins, blocks.starts
        )

    def _placed(self, whole: Any, first: int, part: NDArray[Any], classes: Labels | None = None) -> Any:
        if whole is None:
            whole = np.empty((self.rows, *part.shape[1:]), part.dtype if classes is None else small(classes).dtype)
        whole[first : first + len(part)] = part
        return whole


def predict(models: Sequence[Pipeline], path: Path, layout: Layout) -> list[Predicted]:
    """Return what each model says of the rows of a holdout file, in the order of time."""
    truth, keys, count = list[Labels](), list[Keys](), 0
    said = [Said(model, pq.read_metadata(path).num_rows) for model in models]
    # A champion and its update prepare rows in the same way, and that takes longer than predicting.
    manners = [str(joblib.hash(model.steps[:-1])) for model in models]
    for rows in read_rows(path, path.name, layout):
        prepared: dict[str, pipeline.Prepared] = {}
        for answers, manner in zip(said, manners, strict=True):
            with objections.told(type(answers.model[-1]).__name__, "predict"):
                if manner not in prepared:
                    prepared[manner] = pipeline.prepared(answers.model, rows)
                with pipeline.looked_at(finite=prepared[manner].finite):
                    answers.ask(count, prepared[manner].features)
        truth.append(small(rows.labels))
        keys.append(rows.keys)
        count += len(rows.keys)
    every, labels = np.concatenate(keys), np.concatenate(truth)
    order = None if ascending(every) else np.argsort(every, kind="stable")
    every, labels = (part if order is None else part[order] for part in (every, labels))
    blocks = blocks_of(every, layout)
    starts = every[np.searchsorted(blocks, np.arange(blocks[-1] + 1))]
    return compared([answers.predicted(labels, order, Blocks(blocks, starts)) for answers in said])


def distribution(predicted: Predicted) -> Bins:
    """Return how predictions are spread: over deciles, or over the places of the classes."""
    if predicted.classes is None:
        return bins_of(np.asarray(predicted.said, np.float64))
    edges = np.arange(len(predicted.classes) - 1, dtype=np.float64)
    counts = np.zeros(len(predicted.classes))
    for piece in predicted.pieces():
        counts += np.bincount(np.searchsorted(predicted.classes, predicted.said[piece]), minlength=len(counts))
    return Bins(edges=tuple(edges.tolist()), shares=tuple((counts / max(counts.sum(), 1)).tolist()))
