"""How candidate and champion fare on groups of the held-out rows: the whole can get better while a part is given up.

A slice is every row with one value of a column, or, where a column has many values, every row between two of its
quartiles; rows without a value, or with a word that is no feature, make a slice of their own. After the sliced metrics
of TFX's Evaluator.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.contract import Evaluation, Gate, Slice
from retrain_trainer.data.categories import Words
from retrain_trainer.data.reading import read_rows
from retrain_trainer.data.rows import Floats, Layout, Rows
from retrain_trainer.measure.fence import Fence
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.measure.score import sign
from retrain_trainer.telling import naming

VALUES = 10
"""A column of more values than this is cut at its quartiles."""

Mask = NDArray[np.bool_]


def sliced(evaluation: Evaluation, predicted: Sequence[Predicted], path: Path, layout: Layout) -> tuple[Slice, ...]:
    """Score the models, candidate first, by the first gate's metric on each slice of a holdout file that is asked for.

    Slices where it has no value are left out. Those of the asked size come first, the one where the candidate falls
    back most before all; then the others, the largest first.
    """
    asked, gate = evaluation.slices, evaluation.gates[0]
    if asked is None:
        return ()
    found, fence = [], Fence(predicted)
    for name, mask in _groups(asked.columns, path, layout):
        seen = fence.both(gate.metric, gate.goal, asked.tolerance, partial(_of, mask=mask))
        if seen is not None:
            told = {"name": name, "rows": int(mask.sum()), "metric": gate.metric}
            found.append(Slice(**told, candidate=seen.candidate, champion=seen.champion, scale=seen.scale))
    large = sorted((each for each in found if each.rows >= asked.min_rows), key=lambda each: _gain(each, gate))
    small = sorted((each for each in found if each.rows < asked.min_rows), key=lambda each: -each.rows)
    return (*large, *small)


def _gain(found: Slice, gate: Gate) -> float:
    return sign(gate.goal) * (found.candidate - (found.champion or 0.0))


def _groups(columns: Sequence[str], path: Path, layout: Layout) -> Iterator[tuple[str, Mask]]:
    words = {entry.column: entry for entry in layout.categories}
    values, keys = [], []
    for rows in read_rows(path, path.name, layout):
        values.append(np.stack([_values(rows, column, layout) for column in columns], axis=1))
        keys.append(rows.keys)
    order = np.argsort(np.concatenate(keys), kind="stable")  # that of `measure.predict`
    ordered = np.concatenate(values)[order]
    for number, column in enumerate(columns):
        if column in words:
            yield from _of_words(words[column], ordered[:, number])
        else:
            yield from _of_column(column, ordered[:, number])


def _values(rows: Rows, column: str, layout: Layout) -> Floats:
    """Return the values of a column; words by their places."""
    if column not in layout.slots:
        return rows.columns[layout.features.index(column)].astype(np.float64)
    words = next(entry for entry in layout.categories if entry.column == column)
    return words.found(rows.features()[:, layout.slots[column]])


def _of_words(words: Words, places: Floats) -> Iterator[tuple[str, Mask]]:
    none = np.isnan(places)
    if none.any():
        yield naming.without(f"known {words.column}"), none
    for place in np.unique(places[~none]).astype(int):
        yield naming.of_word(words.column, words.words[place]), places == place


def _of_column(column: str, values: Floats) -> Iterator[tuple[str, Mask]]:
    missing = np.isnan(values)
    if missing.any():
        yield naming.without(column), missing
    known = np.unique(values[~missing])
    if len(known) <= VALUES:
        yield from ((naming.at(column, value), values == value) for value in known)
        return
    edges = np.unique(np.quantile(values[~missing], (0.25, 0.5, 0.75), method="inverted_cdf"))
    ends = [-np.inf, *edges, np.inf]
    for name, (low, high) in zip(naming.between(column, edges.tolist()), pairwise(ends), strict=True):
        yield name, (values > low) & (values <= high)


def _of(predicted: Predicted, mask: Mask) -> Predicted:
    def some(values: Floats | None) -> Floats | None:
        return None if values is None else values[mask]

    return replace(
        predicted,
        truth=predicted.truth[mask],
        said=predicted.said[mask],
        blocks=np.zeros(int(mask.sum()), np.int64),
        probabilities=some(predicted.probabilities),
        margins=some(predicted.margins),
        rivals=tuple(said[mask] for said in predicted.rivals),
    )
