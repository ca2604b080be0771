"""A made-up drifting stream in the shape of Elec2, for machines where the real rows cannot be had.

What makes a label turns slowly from known weeks on, and in some weeks labels are turned over by chance, so that both a
promotion and a rejection have a cause in the data.
"""

import numpy as np
import numpy.typing as npt

from tests.demo.stream import COLUMNS, ROWS_A_WEEK, Stream

WEEKS = 134
TURNS = (20, 38, 76, 98)
"""Weeks at which the rule that makes the labels begins to turn into another one."""
TURNING = 8
"""Weeks that a turn takes."""
ANGLE = np.deg2rad(50)
"""How far a turn goes: far enough for a model to suffer, near enough for it to follow."""
CHANCE = range(56, 66)
"""Weeks in which a quarter of the labels is turned over by chance, so that no model can do well."""
SEED = 2
ABOUT = "SYNTHETIC data: Elec2 could not be fetched here, so 134 made-up weeks with known turns stand in for it"
CAVEAT = "These rows are made up. They show the loop at work and say nothing about any real market."


def make() -> Stream:
    """The same stream at every call."""
    rng = np.random.default_rng(SEED)
    features = rng.random((WEEKS * ROWS_A_WEEK, len(COLUMNS)))
    week = np.arange(len(features)) // ROWS_A_WEEK
    score = np.einsum("ij,ij->i", features - 0.5, rules(rng)[week]) + rng.normal(scale=0.2, size=len(features))
    turned_over = np.isin(week, CHANCE) & (rng.random(len(features)) < 0.25)
    labels = (score > 0) ^ turned_over
    return Stream("Synthetic stream", ABOUT, CAVEAT, features, labels.astype(np.int64))


def rules(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The weights of the columns in each week, (134, 6): in each turn they move by ANGLE into a new direction."""
    weights = rng.normal(size=len(COLUMNS))
    weekly = []
    for week in range(WEEKS):
        if week in TURNS:
            away = rng.normal(size=len(COLUMNS))
            away -= weights * (away @ weights) / (weights @ weights)
            step = away * np.linalg.norm(weights) / np.linalg.norm(away) * np.tan(ANGLE) / TURNING
        if any(turn <= week < turn + TURNING for turn in TURNS):
            weights = weights + step
        weekly.append(weights / np.linalg.norm(weights))
    return np.array(weekly)
