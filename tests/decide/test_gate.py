"""Which direction of a metric is better: known metrics have one, and a policy need not say it."""

import pytest
from pydantic import ValidationError

from retrain_trainer.contract import Gate
from retrain_trainer.contract.evaluation import LESS_IS_BETTER, MORE_IS_BETTER
from retrain_trainer.estimators import METRICS


def test_every_metric_of_the_trainer_has_a_direction() -> None:
    assert {name for names in METRICS.values() for name in names} == {*MORE_IS_BETTER, *LESS_IS_BETTER}


@pytest.mark.parametrize(("metric", "goal"), [("rmse", "Maximize"), ("accuracy", "Minimize")])
def test_a_known_metric_has_one_direction(metric: str, goal: str) -> None:
    right = "Minimize" if goal == "Maximize" else "Maximize"
    assert Gate(metric=metric).goal == right
    with pytest.raises(ValidationError, match=f"goal of {metric} is {right}; leave it out"):
        Gate.model_validate({"metric": metric, "goal": goal})


def test_an_unknown_metric_is_the_more_the_better_unless_said_otherwise() -> None:
    assert Gate(metric="uplift").goal == "Maximize"
    assert Gate.model_validate({"metric": "regret", "goal": "Minimize"}).goal == "Minimize"
