"""Batches whose label hangs on a word: the region a row is of."""

from typing import Any

import numpy as np
import pyarrow as pa

from tests.trainer.world import Edit

REGIONS = ("east", "middle", "north", "north-east", "outside", "south", "west", "ost+übersee")
SHARES = (0.3, 0.25, 0.15, 0.12, 0.1, 0.05, 0.025, 0.005)


def regions(rows: int, week: int) -> np.ndarray:
    """The words of one week: the rarest in one row of 200, so that it lacks in many a week."""
    return np.random.default_rng(1000 + week).choice(REGIONS, rows, p=SHARES)


def hung_on_words(columns: dict[str, Any], kind: pa.DataType | None = None) -> dict[str, Any]:
    """Let the label hang on the word alone, but for one row in 50: of half of the words it is 1."""
    week = int(columns["time"][0].astype("int64")) // 10**6
    words = regions(len(columns["y"]), week)
    wrong = np.random.default_rng(week).random(len(words)) < 0.02
    labels = np.isin(words, ["east", "north", "outside", "west"]) ^ wrong
    return {**columns, "region": pa.array(words.tolist(), kind), "y": labels.astype(np.int64)}


def as_type(kind: pa.DataType) -> Edit:
    """Store the words so."""
    return lambda columns: hung_on_words(columns, kind)


def renamed(columns: dict[str, Any]) -> dict[str, Any]:
    """Give a word that is in three rows of ten another name."""
    words = np.array(columns["region"].to_pylist())
    return {**columns, "region": np.where(words == "east", "orient", words)}
