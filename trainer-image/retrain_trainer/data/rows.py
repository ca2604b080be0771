"""What rows are to the trainer: their columns and types, as the `Layout` fixes them, and chunks of them as arrays.

Features become float64, whatever number type a file has; labels and times one type each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retrain_trainer.contract import Word
from retrain_trainer.data.categories import Places, Words
from retrain_trainer.files.batches import Key

SIGNED = (np.int8, np.int16, np.int32, np.int64)
Floats = NDArray[np.float64]
Labels = NDArray[Any]
Keys = NDArray[Any]
"""Integers or floats: see `batches.Key`."""


class Type(StrEnum):
    """The types a column may have for a trainer; numbers are integer as long as every file has integers there."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    TIME = "time"
    OTHER = "other"


ARROW: dict[Type, pa.DataType] = {
    Type.BOOLEAN: pa.bool_(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.TEXT: pa.string(),
    Type.TIME: pa.timestamp("us", tz="UTC"),
}


class Layout(Word):
    """Which columns are read, and as what. The order of features is the order of the model's inputs.

    Of columns of words only their features are among `features`, after all columns of numbers.
    """

    features: tuple[str, ...]
    categories: tuple[Words, ...] = ()
    label: str
    label_type: Type
    time: str | None = None
    time_type: Type | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that are features as they are."""
        return self.features[: len(self.features) - sum(words.width for words in self.categories)]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that features come from: those of numbers, then those of words."""
        return (*self.numbers, *(words.column for words in self.categories))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, inputs first."""
        return (*self.inputs, self.label, *([] if self.time is None else [self.time]))

    @property
    def plain(self) -> "Layout":
        """The layout of files that hold the features themselves."""
        return self.model_copy(update={"categories": ()})

    @property
    def untimed(self) -> "Layout":
        """The layout without its time column: keys are the numbers of rows."""
        return self.model_copy(update={"time": None, "time_type": None})

    @property
    def slots(self) -> dict[str, slice]:
        """Where among the features those of each column of words are."""
        ends = np.cumsum([len(self.numbers), *(words.width for words in self.categories)]).tolist()
        return {words.column: slice(*ends[place : place + 2]) for place, words in enumerate(self.categories)}

    def arrow(self) -> pa.Schema:
        """Return the types as Arrow knows them, in the order of `columns`."""
        fields = [(name, pa.float64()) for name in self.numbers]
        fields += [(words.column, pa.string()) for words in self.categories]
        fields += [(self.label, ARROW[self.label_type])]
        if self.time is not None and self.time_type is not None:
            fields.append((self.time, ARROW[self.time_type]))
        return pa.schema(fields)


@dataclass(frozen=True, slots=True)
class Span:
    """Keys from `start` on (all, when absent) and below `until`."""

    start: Key | None = None
    until: Key | None = None

    def holds(self, keys: Keys) -> NDArray[np.bool_]:
        """Return for each key whether it lies in the span."""
        inside = np.ones(len(keys), bool) if self.start is None else keys >= self.start
        return inside if self.until is None else inside & (keys < self.until)

    def meets(self, first: Key, last: Key) -> bool:
        """Whether a key from `first` to `last`, both included, can lie in the span."""
        return (self.start is None or last >= self.start) and (self.until is None or first < self.until)


WHOLE = Span()


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a batch that have a label, in the order of the file: for each feature a column, float32 or float64.

    A chunk as it was read also has `places`, the words of each column of words, and `unlabelled`, how many rows of it
    were left out for want of a label; parts of it have none.
    """

    columns: tuple[NDArray[np.floating[Any]], ...]
    labels: Labels
    keys: Keys
    places: tuple[Places, ...] = ()
    unlabelled: int = 0

    @classmethod
    def of(cls, features: Floats, labels: Labels, keys: Keys) -> "Rows":
        """Take rows whose features are together."""
        return cls(tuple(features.T), labels, keys)

    def features(self) -> Floats:
        """Put the features together. One column lies after another in memory, as in files."""
        return features_of([self])

    def part(self, which: slice | NDArray[Any]) -> "Rows":
        """Return some of them, by a slice, a mask, or their numbers."""
        columns, places = tuple(one[which] for one in self.columns), tuple(one[which] for one in self.places)
        return Rows(columns, self.labels[which], self.keys[which], places)

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Return the rows that the mask picks."""
        return self if mask.all() else self.part(mask)

    def pieces(self, size: int) -> Iterator["Rows"]:
        """Yield them so many at a time."""
        yield from (self.part(slice(begin, begin + size)) for begin in range(0, len(self.labels), size))


def type_of(arrow: pa.DataType) -> Type:
    """Return what a column of a file is for us. A column without any value counts as numbers."""
    types = pa.types
    if types.is_dictionary(arrow):
        return type_of(arrow.value_type)
    for fits, known in (
        (types.is_boolean, Type.BOOLEAN),
        (types.is_integer, Type.INTEGER),
        (types.is_floating, Type.NUMBER),
        (types.is_decimal, Type.NUMBER),
        (types.is_null, Type.NUMBER),
        (types.is_string, Type.TEXT),
        (types.is_large_string, Type.TEXT),
        (types.is_string_view, Type.TEXT),
        (types.is_timestamp, Type.TIME),
        (types.is_date, Type.TIME),
    ):
        if fits(arrow):
            return known
    return Type.OTHER


def rows_of(chunk: pa.RecordBatch, layout: Layout, offset: int) -> Rows:
    """Turn a chunk that begins at row `offset` of its file into rows, without those that have no label."""
    labels, unlabelled = chunk.column(len(layout.inputs)), 0
    keys = keys_of(chunk, layout, offset)
    if labels.null_count:
        known, unlabelled = labels.is_valid(), labels.null_count
        chunk, labels, keys = chunk.filter(known), labels.drop_null(), keys[known.to_numpy(zero_copy_only=False)]
    width = len(layout.numbers)
    features = [chunk.column(number).to_numpy(zero_copy_only=False) for number in range(width)]
    places = [words.places(chunk.column(width + number)) for number, words in enumerate(layout.categories)]
    for words, found in zip(layout.categories, places, strict=True):
        features += words.expanded(found)
    return Rows(tuple(features), _labels(labels), keys, tuple(places), unlabelled)


def joined(parts: Sequence[Rows]) -> Rows:
    """Put some rows together."""
    columns = tuple(map(np.concatenate, zip(*(part.columns for part in parts), strict=True)))
    labels, keys = (np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "keys"))
    return Rows(columns, labels, keys)


def features_of(parts: Sequence[Rows]) -> Floats:
    """Put the features of some rows together. One column lies after another in memory, as in files."""
    made, begin = np.empty((len(parts[0].columns), sum(len(part.labels) for part in parts))), 0
    for part in parts:
        end = begin + len(part.labels)
        for number, column in enumerate(part.columns):
            made[number, begin:end] = column
        begin = end
    return made.T


def keys_of(chunk: pa.RecordBatch, layout: Layout, offset: int) -> Keys:
    """Return the key of each row of a chunk that begins at row `offset` of its file."""
    if layout.time is None:
        return np.arange(offset, offset + chunk.num_rows)
    return time_keys(chunk.column(len(layout.columns) - 1), layout)


def time_keys(column: pa.Array, layout: Layout) -> Keys:
    """Return the keys that stand for the values of a time column, cast as the layout says."""
    values = column.view(pa.int64()) if layout.time_type is Type.TIME else column
    return np.asarray(values.to_numpy(zero_copy_only=False))


def small(labels: Labels) -> Labels:
    """Return integers, as most classes are, in as few bytes as they need: there are millions of them.

    They stay signed: beside others, numpy would compare those that are not as floats.
    """
    if labels.dtype.kind != "i" or not len(labels):
        return labels
    low, high = labels.min(), labels.max()
    fits = (kind for kind in SIGNED if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return labels.astype(next(fits), copy=False)


def _labels(column: pa.Array) -> Labels:
    if not pa.types.is_string(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    coded = column.dictionary_encode()
    words = np.array(coded.dictionary.to_pylist() or [""], dtype=np.str_)
    return np.asarray(words[coded.indices.to_numpy()])
