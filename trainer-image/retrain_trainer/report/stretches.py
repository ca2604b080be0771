"""How candidate and champion did from block to block of the holdout: a mean hides the week in which a model fails."""

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.contract import Goal
from retrain_trainer.data.rows import Floats, Layout, Type
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.pieces import pieces
from retrain_trainer.report.view import Stretch, Stretches
from retrain_trainer.report.wording import when

MOST = 60
"""Points that can be told apart on a page."""


def stretches(predicted: list[Predicted], layout: Layout) -> Stretches | None:
    """Measure accuracy, or RMSE of numbers, of one or two models in each block, or in some blocks together."""
    blocks = predicted[0].block_count
    if not blocks:
        return None
    groups = np.arange(blocks) // -(-blocks // MOST)
    rows = _rows(predicted[0], groups)
    values = [_means(each, groups, rows) for each in predicted]
    first = np.searchsorted(groups, np.arange(len(rows)))
    starts = predicted[0].starts
    entries = tuple(
        Stretch(
            begins=f"row {_before(rows, n) + 1:,}"
            if starts is None or layout.time is None
            else when(starts[first[n]].item(), layout),
            rows=int(rows[n]),
            candidate=float(values[0][n]),
            champion=float(values[1][n]) if len(values) > 1 else None,
        )
        for n in range(len(rows))
        if rows[n]
    )
    classes = predicted[0].classes is not None
    return Stretches(
        metric="accuracy" if classes else "rmse",
        goal=Goal.MAXIMIZE if classes else Goal.MINIMIZE,
        block="day" if layout.time_type is Type.TIME else "block",
        blocks=blocks,
        entries=entries,
    )


def _rows(predicted: Predicted, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    rows = np.zeros(int(groups[-1]) + 1, np.int64)
    for piece in pieces(predicted):
        rows += np.bincount(groups[predicted.blocks[piece]], minlength=len(rows))
    return rows


def _means(predicted: Predicted, groups: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    """Return accuracy or RMSE of each group; NaN or infinite where predictions are."""
    sums = np.zeros(len(rows))
    for piece in pieces(predicted):
        truth, said = predicted.truth[piece], predicted.said[piece]
        if predicted.classes is not None:
            loss = (truth == said).astype(np.float64)
        else:
            loss = (np.asarray(said, np.float64) - truth) ** 2
        sums += np.bincount(groups[predicted.blocks[piece]], loss, minlength=len(rows))
    means = sums / np.maximum(rows, 1)
    return means if predicted.classes is not None else np.sqrt(means)


def _before(rows: NDArray[np.int64], place: int) -> int:
    return int(rows[:place].sum())
