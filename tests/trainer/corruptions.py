"""Ten ways to spoil Elec2, and the world in which each is tried: a champion in service, and twelve weeks that follow.

The champion learned from weeks 0 to 9 and was judged on 10 and 11, its reference holdout; weeks 20 to 31 come spoiled.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.demo import elec2
from tests.demo.stream import COLUMNS, LABEL, ROWS_A_WEEK, TIME, Stream
from tests.trainer.world import World

Columns = dict[str, Any]
Corruption = Callable[[Columns, np.random.Generator], Columns]

WITHOUT = "WITHOUT_ELEC2"
"""Set it where the rows cannot be had."""
FIRST, SPOILED = range(12), range(20, 32)
MODELS: dict[str, dict[str, Any]] = {
    "SGDClassifier": {"mode": "Incremental"},
    "HistGradientBoostingClassifier": {"mode": "Refit", "window": 12},
}


def rows() -> Stream:
    """Return the rows; without them the test fails, so that nobody takes it for passed, or is left out if asked to."""
    try:
        return elec2.load()
    except elec2.UnavailableError as error:
        if os.environ.get(WITHOUT):
            pytest.skip(f"{error} {WITHOUT} is set.")
        pytest.fail(f"{error} They come from the package index that pip is set up with; {WITHOUT}=1 leaves them out.")


def clean(columns: Columns, _: np.random.Generator) -> Columns:
    """Leave all as it is."""
    return columns


def flipped(share: float) -> Corruption:
    """Turn the label over in this share of rows."""

    def corrupted(columns: Columns, random: np.random.Generator) -> Columns:
        return {
            **columns,
            LABEL: np.where(random.random(len(columns[LABEL])) < share, 1 - columns[LABEL], columns[LABEL]),
        }

    return corrupted


def swapped(columns: Columns, _: np.random.Generator) -> Columns:
    """Take price for demand, and demand for price."""
    return {**columns, "nswprice": columns["nswdemand"], "nswdemand": columns["nswprice"]}


def one_class(columns: Columns, _: np.random.Generator) -> Columns:
    """Keep the rows of one class only."""
    return {name: values[columns[LABEL] == 1] for name, values in columns.items()}


def other_unit(columns: Columns, _: np.random.Generator) -> Columns:
    """Give demand in another unit."""
    return {**columns, "nswdemand": columns["nswdemand"] * 1000}


def constant(columns: Columns, _: np.random.Generator) -> Columns:
    """Let demand stand still."""
    return {**columns, "nswdemand": np.full(len(columns[LABEL]), 0.4)}


def zeroed(columns: Columns, random: np.random.Generator) -> Columns:
    """Fill three of ten rows with zeros, exactly: a check on shares must not pass by luck."""
    gaps = random.permutation(len(columns[LABEL])) < 0.3 * len(columns[LABEL])
    return {**columns, "nswdemand": np.where(gaps, 0.0, columns["nswdemand"])}


def repeated(columns: Columns, _: np.random.Generator) -> Columns:
    """Give every second row in place of the one after it."""
    return {name: values[np.arange(len(values)) // 2] for name, values in columns.items()}


def random_labels(columns: Columns, random: np.random.Generator) -> Columns:
    """Toss a coin for every label."""
    return {**columns, LABEL: random.integers(0, 2, len(columns[LABEL]))}


def noisy(columns: Columns, random: np.random.Generator) -> Columns:
    """Add noise to every feature, all of which lie between 0 and 1."""
    return {**columns, **{name: columns[name] + random.normal(0, 0.3, len(columns[LABEL])) for name in COLUMNS}}


CORRUPTIONS: dict[str, Corruption] = {
    "labels flipped": flipped(1.0),
    "two columns swapped": swapped,
    "one class only": one_class,
    "unit x1000": other_unit,
    "a constant column": constant,
    "30 % of a column zero": zeroed,
    "half the rows repeated": repeated,
    "30 % of labels flipped": flipped(0.3),
    "random labels": random_labels,
    "noise on all features": noisy,
}


def put(world: World, stream: Stream, weeks: range, corruption: Corruption = clean, seed: int = 0) -> None:
    """Write each of the weeks as a batch, spoiled by chance of this seed."""
    random = np.random.default_rng(seed)
    for week in map(stream.week, weeks):
        start = np.datetime64(week.start.replace(tzinfo=None), "us")
        time = start + np.arange(ROWS_A_WEEK) * np.timedelta64(30, "m")
        columns = {TIME: time, **dict(zip(COLUMNS, week.features.T, strict=True)), LABEL: week.labels}
        world.write(week.file_name, pa.table(corruption(columns, random)))


def begin(world: World, stream: Stream, estimator: str, **parameters: Any) -> None:
    """Put a champion of the first weeks into service."""
    model = {"estimator": estimator, "store": world.store_uri, **MODELS[estimator], "parameters": parameters}
    world.task |= {"model": model}
    world.task["data"] |= {"label": LABEL, "timeColumn": TIME, "holdout": {}}
    put(world, stream, FIRST)
    world.promote(world.run("first", data={"holdout": {"minRows": 2 * ROWS_A_WEEK, "fraction": 0.1}}))
