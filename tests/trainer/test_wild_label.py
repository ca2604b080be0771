"""One wild number among the labels, such as -999999 for unknown: it may not hide what is done to all others."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from retrain_trainer.contract import Champion, Evaluation
from retrain_trainer.contract.verdict import Ground, verdict
from retrain_trainer.learn.guard import Guard, harmless
from retrain_trainer.learn.spread import Spread
from tests.trainer.world import Edit, Run, World

WILD = -999_999.0


def judged(world: World, run: Run, evaluation: dict[str, Any]) -> Ground | None:
    champion = Champion.model_validate(world.champion)
    return verdict(Evaluation.model_validate(evaluation), champion, run.evaluate).ground


def follows(weights: tuple[float, float, float], *, wild: bool = False) -> Edit:
    """The label is a number that follows a rule, but for one row."""

    def edit(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        label = np.stack([columns[name] for name in "abc"], axis=1) @ np.array(weights)
        return {**columns, "y": np.where(np.arange(len(label)) == 100, WILD, label) if wild else label}

    return edit


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_in_the_reference_it_does_not_lift_the_fence(world: World, metric: str) -> None:
    line: dict[str, Any] = {"estimator": "LinearRegression", "parameters": {}, "mode": "Refit", "window": 4}
    evaluation = {"gates": [{"metric": metric}]}
    world.add(*range(5), edit=follows((2, 1, 0)))
    world.add(5, edit=follows((2, 1, 0), wild=True))
    world.promote(world.run("first", model=line, evaluation=evaluation))
    world.add(*range(6, 16), edit=follows((0, 1, 2)))
    run = world.run("second", model=line, evaluation=evaluation)
    assert judged(world, run, evaluation) is Ground.REFERENCE_REGRESSION
    assert run.evaluate.reference is not None
    assert run.evaluate.reference.scale < 3


def in_parts(weight: float, *, spoiled: bool = False, wild: bool = False) -> Edit:
    """One row in eight is of group 1, which has a rule of its own; `spoiled` turns its labels."""

    def edit(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        group, noise = np.arange(len(columns["a"])) % 8 == 0, np.random.default_rng(0).normal(scale=0.3, size=336)
        own = (columns["a"] - columns["b"]) * (-1 if spoiled else 1)
        label = np.where(group, own, 2 * columns["a"] + weight * columns["b"]) + noise
        return {
            "g": group.astype(np.int64),
            **columns,
            "y": np.where(np.arange(336) == 50, WILD, label) if wild else label,
        }

    return edit


@pytest.mark.parametrize("wild", [False, True])
def test_in_the_new_holdout_it_does_not_hide_that_a_slice_is_given_up(world: World, *, wild: bool) -> None:
    trees = {"estimator": "HistGradientBoostingRegressor", "parameters": {}, "mode": "Refit", "window": 4}
    evaluation = {"gates": [{"metric": "mae"}], "slices": {"columns": ["g"], "minRows": 50}, "referenceTolerance": 1}
    world.add(*range(6), edit=in_parts(0))
    world.promote(world.run("first", model=trees, evaluation=evaluation))
    world.add(*range(6, 12), edit=in_parts(0.5, spoiled=True))
    world.add(12, 13, 14, edit=in_parts(0.5))
    world.add(15, edit=in_parts(0.5, wild=wild))
    run = world.run("second", model=trees, evaluation=evaluation)
    assert run.evaluate.worst_slice is not None
    assert run.evaluate.worst_slice.name == "g=1"
    assert judged(world, run, evaluation) is Ground.SLICE_REGRESSION


def test_among_guard_rows_it_does_not_let_a_harmful_update_stay() -> None:
    features = np.random.default_rng(0).normal(size=(1000, 1))
    before, after = (
        Pipeline([("model", LinearRegression().fit(features, factor * features[:, 0]))]) for factor in (1, -1)
    )
    guard = Guard(features, features[:, 0].copy())
    guard.labels[3] = WILD
    assert guard.error(before) == pytest.approx(0, abs=0.2)
    assert not harmless(guard.error(before), guard.error(after))


def test_of_few_rows_none_is_outside_and_of_labels_that_are_nearly_all_the_same_neither() -> None:
    few = np.array([1.0, 2.0, 3.0, 1000.0])
    assert (Spread.of(few).low, Spread.of(few).high) == (1.0, 1000.0)
    rare = np.array([0.0] * 999 + [5.0])
    assert (Spread.of(rare).low, Spread.of(rare).high) == (0.0, 5.0)
    assert Spread.of(np.zeros(10)).deviation == 1.0
    values = Spread.of(np.arange(1001.0)).pulled_in(np.array([-1e9, 500.0, 1e9, np.nan, np.inf]))
    assert np.array_equal(values, [10.0, 500.0, 990.0, np.nan, np.inf], equal_nan=True)
