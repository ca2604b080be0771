"""The words that become features: those of the first batch of a first version, all of them or none."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from retrain_trainer.data.bounds import MOST_COLUMNS
from retrain_trainer.data.categories import Words
from retrain_trainer.data.reading import read
from retrain_trainer.data.rows import Layout
from retrain_trainer.files.batches import Batch
from retrain_trainer.telling.faults import BadBatchError, Problem

MOST_WORDS = 255
LONGEST = 256
"""Bytes of a word."""
ADVICE = "(give the column buckets in data.categories)"


def worded(layout: Layout, batch: Batch) -> Layout:
    """Return a layout with the features of its columns of words, known from a batch.

    BadBatchError when there are more of them, or longer ones, than a model should have inputs for.
    """
    wanted = [words.column for words in layout.categories if words.buckets is None]
    slim = layout.model_copy(update={"features": (), "categories": tuple(Words(column=name) for name in wanted)})
    found: dict[str, set[str]] = {name: set() for name in wanted}
    for _, chunk in read(Path(batch.path), batch.name, slim) if wanted else ():
        for name, words in found.items():
            words.update(_occurring(chunk.column(name), batch.name, name))
            if len(words) > MOST_WORDS:
                expected = f"at most {MOST_WORDS} different words {ADVICE}"
                raise BadBatchError(Problem(batch.name, "words", expected, f"more than {MOST_WORDS}", name))
    categories = tuple(
        words.model_copy(update={"words": tuple(sorted(found.get(words.column, ())))}) for words in layout.categories
    )
    features = [*layout.numbers, *(name for words in categories for name in words.features)]
    if not features:
        raise BadBatchError(Problem(batch.name, "columns", "at least one column to predict from", "none with a word"))
    if len(features) > MOST_COLUMNS:
        expected = f"at most {MOST_COLUMNS:,} features, each word and each bucket one"
        raise BadBatchError(Problem(batch.name, "size", expected, f"{len(features):,}"))
    twice = [name for name, times in Counter(features).items() if times > 1]
    if twice:
        seen = "it twice, once for a word"
        raise BadBatchError(Problem(batch.name, "columns", "each name of a feature once", seen, twice[0]))
    return layout.model_copy(update={"features": tuple(features), "categories": categories})


def _occurring(column: pa.DictionaryArray, batch: str, name: str) -> set[str]:
    """Return the words of some rows: a dictionary may hold others that never occur."""
    words = column.dictionary.take(column.indices.unique().drop_null()).drop_null()
    longest = pc.max(pc.binary_length(words)).as_py() or 0
    if longest > LONGEST:
        expected = f"words of at most {LONGEST} bytes {ADVICE}"
        raise BadBatchError(Problem(batch, "words", expected, f"{longest:,}", name))
    return set(words.to_pylist())
