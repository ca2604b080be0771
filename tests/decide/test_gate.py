"""Which direction of a metric is better: known metrics have one, and a policy need not say it."""

import pytest
from pydantic import ValidationError

from retrain_trainer.contract import Gate
from retrain_trainer.contract.evaluation import LESS_IS_BETTER, MORE_IS_BETTER
from retrain_trainer.learn.estimators import METRICS


def test_every_metric_of_the_trainer_has_a_direction() -> None:
    assert {name for names in METRICS.values() for name in names} == {*MORE_IS_BETTER, *LESS_IS_BETTER}


@pytest.mark.parametrize(("metric", "goal"), [("rmse", "Maximize"), ("accuracy", "Minimize")])
def test_a_known_metric_has_one_direction(metric: str, goal: str) -> None:
    right = "Minimize" if goal == "Maximize" else "Maximize"
    assert Gate(metric=metric).goal == right
    with pytest.raises(ValidationError, match=f"goal of {metric} is {right}; leave it out"):
        Gate.model_validate({"metric": metric, "goal": goal})


@pytest.mark.parametrize(
    ("metric", "threshold", "said"),
    [
        ("accuracy", 80, "r2 may be at most 1: 80 % is 0.8; it is 80"),
        ("r2", 1.5, "r2 may be at most 1: 80 % is 0.8; it is 1.5"),
        ("roc_auc", -0.1, "roc_auc must be at least 0; it is -0.1"),
    ],
)
def test_a_threshold_that_no_candidate_can_miss_or_meet(metric: str, threshold: float, said: str) -> None:
    with pytest.raises(ValidationError, match=f"threshold of accuracy, .*{said}"):
        Gate(metric=metric, threshold=threshold)


@pytest.mark.parametrize(
    ("metric", "threshold"), [("accuracy", 0), ("f1", 1), ("r2", -2), ("rmse", 80), ("uplift", 80)]
)
def test_a_threshold_that_can_be_met(metric: str, threshold: float) -> None:
    assert Gate(metric=metric, threshold=threshold).threshold == threshold


def test_an_unknown_metric_is_the_more_the_better_unless_said_otherwise() -> None:
    assert Gate(metric="uplift").goal == "Maximize"
    assert Gate.model_validate({"metric": "regret", "goal": "Minimize"}).goal == "Minimize"
