"""One wild number among the labels, such as -999999 for unknown: it may not hide what is done to all others."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from retrain_trainer.contract import Champion, Evaluation, Goal
from retrain_trainer.contract.verdict import Ground, verdict
from retrain_trainer.data.rows import Floats
from retrain_trainer.learn.guard import Guard, harmless
from retrain_trainer.learn.spread import Spread
from retrain_trainer.measure.fence import Fence
from retrain_trainer.measure.metrics import Predicted
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
    assert not harmless(guard.error(before), guard.error(after))


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_a_small_group_far_out_is_no_wild_label_and_what_is_done_to_it_shows(metric: str) -> None:
    """Eight rows in a thousand are large customers, of whom the candidate says three times too much."""
    random = np.random.default_rng(0)
    large = np.arange(2000) % 125 == 0
    truth = np.where(large, 10_000.0, 100.0) + random.normal(scale=20, size=2000)
    champion, candidate = truth + random.normal(scale=2, size=2000), np.where(large, 3 * truth, truth)
    seen = Fence([of(truth, candidate), of(truth, champion)]).both(metric, Goal.MINIMIZE, 0.15)
    assert seen is not None
    assert seen.lost(Goal.MINIMIZE) > 0.15
    part = Fence([of(truth, candidate), of(truth, champion)]).both(
        metric, Goal.MINIMIZE, 0.1, partial(some, mask=large)
    )
    assert part is not None
    assert part.candidate == pytest.approx(20_000, rel=0.01)


def test_without_wild_labels_the_numbers_are_those_of_the_labels_as_they_are() -> None:
    truth = np.random.default_rng(0).normal(size=2000)
    seen = Fence([of(truth, truth + 0.1), of(truth, truth - 0.1)]).both("mae", Goal.MINIMIZE, 0.15)
    assert seen is not None
    assert (seen.candidate, seen.champion, seen.scale) == pytest.approx((0.1, 0.1, np.std(truth)))


def of(truth: Floats, said: Floats) -> Predicted:
    return Predicted(truth, said, np.arange(len(truth)) // 100)


def some(whole: Predicted, *, mask: np.ndarray) -> Predicted:
    return Predicted(whole.truth[mask], whole.said[mask], np.zeros(int(mask.sum()), np.int64))


def test_of_few_rows_none_is_outside_and_of_labels_that_are_nearly_all_the_same_neither() -> None:
    few = np.array([1.0, 2.0, 3.0, 1000.0])
    assert (Spread.of(few).low, Spread.of(few).high) == (1.0, 1000.0)
    rare = np.array([0.0] * 999 + [5.0])
    assert (Spread.of(rare).low, Spread.of(rare).high) == (0.0, 5.0)
    assert Spread.of(np.zeros(10)).deviation == 1.0
    values = Spread.of(np.arange(1001.0)).pulled_in(np.array([-1e9, 500.0, 1e9, np.nan, np.inf]))
    assert np.array_equal(values, [10.0, 500.0, 990.0, np.nan, np.inf], equal_nan=True)
