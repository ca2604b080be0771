"""Columns of words as features: one 0/1 feature for each known word, or for each remainder of a word's hash.

The first batch of a first version settles for ever which words are known: a model keeps the inputs that it has.
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retrain_trainer.contract import Category, Word

Places = NDArray[np.int32]
"""For each row the number of its feature among those of its column, UNKNOWN or NO_WORD."""
UNKNOWN, NO_WORD = -1, -2


class Words(Word):
    """A column of words as a layout has it: with the words that are features, or with how many buckets they fall in."""

    column: str
    words: tuple[str, ...] = ()
    buckets: int | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its features."""
        if self.buckets is not None:
            return tuple(f"{self.column}#{number}" for number in range(self.buckets))
        return tuple(f"{self.column}={word}" for word in self.words)

    @property
    def width(self) -> int:
        """How many features it makes."""
        return len(self.words) if self.buckets is None else self.buckets

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def place(self, word: str | None) -> int:
        """Return the place of one word. The hash is CRC-32 of its UTF-8: the same on every machine, in any language."""
        if word is None:
            return NO_WORD
        if self.buckets is not None:
            return zlib.crc32(word.encode()) % self.buckets
        return self._numbers.get(word, UNKNOWN)

    def places(self, column: pa.DictionaryArray) -> Places:
        """Return the places of a column: each different word is looked up once."""
        # The last one is for rows without a word, whose index becomes -1.
        table = np.array([*map(self.place, column.dictionary.to_pylist()), NO_WORD], np.int32)
        return np.asarray(table[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)])

    def expanded(self, places: Places) -> tuple[NDArray[np.float32], ...]:
        """Return an array for each feature: 1 in rows of that place, 0 in all others."""
        features = np.zeros((self.width, len(places)), np.float32)
        rows = np.flatnonzero(places >= 0)
        features[places[rows], rows] = 1
        return tuple(features)

    def found(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the places that rows x features of this column tell of, NaN where all of them are 0."""
        if not self.width:
            return np.full(len(features), np.nan)
        return np.where(features.any(axis=1), features.argmax(axis=1), np.nan)

    def counted(self, places: Places) -> NDArray[np.int64]:
        """Count rows without a word, rows of unknown ones, and those of each place."""
        return np.bincount(places - NO_WORD, minlength=self.width - NO_WORD)

    def told(self) -> str:
        """Describe the column in a few words."""
        return f"{self.column} ({self.width} {'words' if self.buckets is None else 'buckets'})"


class WordsSeen(Word):
    """A column of words: the highest shares that any one batch had of rows without a word, and of those with a word.

    Of the latter `unseen` is the share of words that are no features, `most_common` that of a single word.
    """

    column: str
    null_ratio: float
    unseen: float
    most_common: float


def declared(categories: Iterable[Category | Words]) -> dict[str, int | None]:
    """Return what is declared of each column: in how many buckets its words fall, None for a feature each."""
    return {category.column: category.buckets for category in categories}


def coded(column: pa.Array) -> pa.DictionaryArray:
    """Return a column of words, integers or booleans as words and their numbers; ArrowInvalid when one is no UTF-8."""
    codes = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = codes.dictionary.cast(pa.string())
    words.validate(full=True)
    return pa.DictionaryArray.from_arrays(codes.indices.cast(pa.int32()), words)


def word_of(value: Any) -> str | None:
    """Return a value of JSON as the word it is in files; TypeError for one that is no word, integer or boolean."""
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            raise TypeError(value)


def seen_of(words: Words, counts: NDArray[np.int64]) -> WordsSeen:
    """Return the shares of one batch, whose rows were counted as `Words.counted` does."""
    told = counts[UNKNOWN - NO_WORD :]
    rows, known = max(int(counts.sum()), 1), max(int(told.sum()), 1)
    unseen = 0.0 if words.buckets else float(told[0] / known)
    common = float(told.max() / known) if told.any() else 1.0
    return WordsSeen(column=words.column, null_ratio=float(counts[0] / rows), unseen=unseen, most_common=common)


def highest(seen: tuple[WordsSeen, ...], enough: Sequence[bool]) -> WordsSeen:
    """Put together what batches had of one column; of words only those with `enough` of them, where there are some."""
    worded = list(compress(seen, enough)) or seen
    most = {
        "null_ratio": max(one.null_ratio for one in seen),
        "unseen": max(one.unseen for one in worded),
        "most_common": max(one.most_common for one in worded),
    }
    return seen[0].model_copy(update={name: round(share, 6) for name, share in most.items()})
