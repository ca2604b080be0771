"""What data looks like: the statistics that travel with a version, and by which new data is judged and drift is seen.

Counts are exact. Quantiles and shares come from a `Sample` of the rows.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.contract import Word
from retrain_trainer.data.categories import NO_WORD, UNKNOWN, Words, WordsSeen, highest, seen_of
from retrain_trainer.data.rows import Floats, Layout, Rows
from retrain_trainer.data.sample import Sample, hashes_of

JUDGED_ROWS = 100
"""In fewer rows than this, or among fewer values of a column, shares say nothing."""
BINS = 10
EMPTY_SHARE = 1e-4
"""Stands for the share of an empty bin, so that one bin more or less cannot make a PSI infinite."""


class Bins(Word):
    """Shares of rows between edges: bin 0 is up to the first edge and includes it, the last lies above all edges."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


class Feature(Word):
    """One column. The first three shares are the highest that any one batch had, since batches differ."""

    name: str
    null_ratio: float
    most_common: float
    distinct: float = 1.0
    minimum: float | None
    maximum: float | None
    bins: Bins


class ClassShare(Word):
    """One class of the label, and its share of the rows."""

    label: str | int | bool
    share: float


class Profile(Word):
    """The data a version comes from: all rows that were new to its run, held-out ones included.

    `predictions` is what the version says of its holdout: values, or the places of classes in their sorted order.
    """

    layout: Layout
    rows: int
    duplicates: float
    features: tuple[Feature, ...]
    words: tuple[WordsSeen, ...] = ()
    classes: tuple[ClassShare, ...] = ()
    predictions: Bins | None = None


@dataclass(slots=True)
class Findings:
    """What one batch holds, gathered chunk by chunk."""

    width: int
    timed: bool
    categories: tuple[Words, ...] = ()
    rows: int = 0
    unlabelled: int = 0
    nulls: NDArray[np.int64] = field(init=False)
    infinite: NDArray[np.int64] = field(init=False)
    lowest: Floats = field(init=False)
    highest: Floats = field(init=False)
    classes: Counter[str | int | bool] = field(default_factory=Counter)
    counts: list[NDArray[np.int64]] = field(init=False)
    drawn: Sample = field(init=False)

    def __post_init__(self) -> None:
        self.nulls = np.zeros(self.width, np.int64)
        self.infinite = np.zeros(self.width, np.int64)
        self.lowest = np.full(self.width, np.inf)
        self.highest = np.full(self.width, -np.inf)
        self.counts = [words.counted(np.empty(0, np.int32)) for words in self.categories]
        self.drawn = Sample(self.width)

    @property
    def sample(self) -> Floats:
        """Some of the rows: see `Sample`."""
        return self.drawn.rows

    def add(self, rows: Rows, *, count_classes: bool) -> None:
        """Take in one chunk."""
        self.rows += len(rows.labels)
        self.unlabelled += rows.unlabelled
        if count_classes:
            values, counts = np.unique(rows.labels, return_counts=True)
            self.classes.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        if len(rows.labels):
            edges = [self._edges(number, column) for number, column in enumerate(rows.columns)]
            lowest, highest = np.array(edges).T
            self.lowest, self.highest = np.minimum(self.lowest, lowest), np.maximum(self.highest, highest)
            hashes = hashes_of((*rows.columns, *([rows.keys] if self.timed else [])))
            self.drawn.add(rows.columns, hashes)
        for number, words in enumerate(self.categories):
            self.counts[number] += words.counted(rows.places[number])

    def _edges(self, number: int, column: NDArray[np.floating[Any]]) -> tuple[float, float]:
        """Return the smallest and the largest value of a column of a chunk; count what is missing or infinite."""
        low, high = float(np.minimum.reduce(column)), float(np.maximum.reduce(column))
        if math.isfinite(low) and math.isfinite(high):
            return low, high
        finite, nulls = np.isfinite(column), int(np.isnan(column).sum())
        self.nulls[number] += nulls
        self.infinite[number] += (~finite).sum() - nulls
        return float(column[finite].min(initial=np.inf)), float(column[finite].max(initial=-np.inf))

    def merge(self, other: "Findings") -> None:
        """Take in the findings of another batch."""
        self.rows += other.rows
        self.unlabelled += other.unlabelled
        self.nulls += other.nulls
        self.lowest = np.minimum(self.lowest, other.lowest)
        self.highest = np.maximum(self.highest, other.highest)
        self.classes.update(other.classes)
        self.counts = [one + two for one, two in zip(self.counts, other.counts, strict=True)]
        self.drawn.add(tuple(other.drawn.rows.T), other.drawn.hashes)

    def null_ratios(self) -> Floats:
        """Return for each feature the share of rows without a value."""
        return self.nulls / max(self.rows, 1)

    def most_common(self) -> Floats:
        """Return for each feature the share that its most common value has of the rows with a value."""
        return np.array([_largest_share(column) for column in self.sample.T])

    def distinct(self) -> Floats:
        """Return for each feature how many different values there are for each row with a value."""
        known = [column[~np.isnan(column)] for column in self.sample.T]
        return np.array([len(np.unique(values)) / max(len(values), 1) for values in known])

    def drawn_values(self) -> NDArray[np.int64]:
        """Return for each feature how many values its share and its number of different ones are read off."""
        return np.asarray(np.sum(~np.isnan(self.sample), axis=0), np.int64)

    def known_words(self) -> tuple[int, ...]:
        """Return for each column of words how many rows have one."""
        return tuple(int(counts[UNKNOWN - NO_WORD :].sum()) for counts in self.counts)

    def duplicates(self) -> float:
        """Return the share of rows that repeat an earlier one of the same batch."""
        hashes = self.drawn.hashes
        return 1 - len(np.unique(hashes)) / len(hashes) if len(hashes) else 0.0

    def words(self) -> tuple[WordsSeen, ...]:
        """Return what there is of each column of words."""
        return tuple(map(seen_of, self.categories, self.counts))


def findings_of(layout: Layout) -> Findings:
    """Return what is known of a batch of this layout before any of it is read."""
    return Findings(len(layout.features), timed=layout.time is not None, categories=layout.categories)


def merged(layout: Layout, findings: list[Findings]) -> Findings:
    """Put the findings of several batches together."""
    whole = findings_of(layout)
    for batch in findings:
        whole.merge(batch)
    return whole


def profile_of(layout: Layout, findings: list[Findings], past: Profile | None) -> Profile:
    """Put together the profile of all batches of a run. Classes of the past stay known when they do not occur."""
    whole = merged(layout, findings)
    large = [batch for batch in findings if batch.rows >= JUDGED_ROWS] or [whole]
    nulls = np.max([batch.null_ratios() for batch in large], axis=0)
    enough = np.array([batch.drawn_values() >= JUDGED_ROWS for batch in large])
    judged = enough | ~enough.any(axis=0)
    common = np.max([batch.most_common() for batch in large], axis=0, where=judged, initial=0)
    distinct = np.max([batch.distinct() for batch in large], axis=0, where=judged, initial=0)
    features = tuple(
        Feature(
            name=name,
            null_ratio=round(float(nulls[n]), 6),
            most_common=round(float(common[n]), 6),
            distinct=round(float(distinct[n]), 6),
            minimum=_number(whole.lowest[n]),
            maximum=_number(whole.highest[n]),
            bins=bins_of(whole.sample[:, n]) if n < len(layout.numbers) else _halves(whole.sample[:, n]),
        )
        for n, name in enumerate(layout.features)
    )
    if past is not None:
        whole.classes.update({entry.label: 0 for entry in past.classes})
    classes = tuple(ClassShare(label=label, share=count / whole.rows) for label, count in sorted(whole.classes.items()))
    duplicates = max(batch.duplicates() for batch in large)
    told = zip(*(batch.words() for batch in large), strict=True)
    known = zip(*(batch.known_words() for batch in large), strict=True)
    words = tuple(
        highest(seen, [count >= JUDGED_ROWS for count in counts]) for seen, counts in zip(told, known, strict=True)
    )
    return Profile(
        layout=layout, rows=whole.rows, duplicates=duplicates, features=features, words=words, classes=classes
    )


def bins_of(values: Floats) -> Bins:
    """Cut values at their deciles; fewer bins where values repeat."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Bins(edges=(), shares=(1.0,))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
    return Bins(edges=tuple(edges.tolist()), shares=tuple(shares_of(known, edges).tolist()))


def shares_of(values: Floats, edges: Floats | tuple[float, ...]) -> Floats:
    """Return the share of values in each bin; nulls fall in none."""
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(np.asarray(edges), known, side="left"), minlength=len(edges) + 1)
    return counts / max(len(known), 1)


def psi(expected: Floats | tuple[float, ...], seen: Floats | tuple[float, ...]) -> float:
    """Return the population stability index of two distributions over the same bins: 0 when equal, 0.25 is much."""
    one, two = (np.maximum(np.asarray(shares), EMPTY_SHARE) for shares in (expected, seen))
    return float(np.sum((two - one) * np.log(two / one)))


def _halves(values: Floats) -> Bins:
    """Part 0 from 1: deciles would not see a word that is rarer than one in ten."""
    edges = (0.5,)
    return Bins(edges=edges, shares=tuple(shares_of(values, edges).tolist()))


def _largest_share(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(np.unique(known, return_counts=True)[1].max() / len(known)) if len(known) else 1.0


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
