"""A made-up drifting stream in the shape of Elec2, for machines where the real rows cannot be had.

What makes a label turns at known weeks, and in one stretch labels are mere chance, so that both a promotion and a
rejection have a cause in the data.
"""

import numpy as np

from tests.demo.stream import COLUMNS, ROWS_A_WEEK, Stream

WEEKS = 134
TURNS = (0, 24, 48, 88, 110)
"""Weeks at which another rule begins to make the labels."""
CHANCE = range(66, 76)
"""Weeks in which four labels of ten are turned over by chance, so that no model can do well."""
SEED = 20_240_601
ABOUT = "SYNTHETIC data: Elec2 could not be fetched here, so 134 made-up weeks with known turns stand in for it"
CAVEAT = "These rows are made up. They show the loop at work and say nothing about any real market."


def make() -> Stream:
    """The same stream at every call."""
    rng = np.random.default_rng(SEED)
    features = rng.random((WEEKS * ROWS_A_WEEK, len(COLUMNS)))
    week = np.arange(len(features)) // ROWS_A_WEEK
    rules = rng.normal(size=(len(TURNS), len(COLUMNS)))
    rule = rules[np.searchsorted(TURNS, week, side="right") - 1]
    score = np.einsum("ij,ij->i", features - 0.5, rule) + rng.normal(scale=0.25, size=len(features))
    turned_over = np.isin(week, CHANCE) & (rng.random(len(features)) < 0.4)
    labels = (score > 0) ^ turned_over
    return Stream("Synthetic stream", ABOUT, CAVEAT, features, labels.astype(np.int64))
