"""What scikit-learn objects to while it fits is told as one sentence, and does not happen where it can be foreseen."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from retrain_trainer.contract import Fault
from retrain_trainer.learn import objections
from retrain_trainer.telling.faults import StepError
from tests.trainer.world import World


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (
            {"estimator": "MultinomialNB", "parameters": {}},
            {},
            "MultinomialNB cannot learn from these rows: Negative values in data passed to MultinomialNB (input X).",
        ),
        (
            {"estimator": "LogisticRegression", "parameters": {}, "mode": "Refit", "window": 1},
            {"holdout": {"fraction": 0.01, "minRows": 336, "minBlocks": 2}},
            "LogisticRegression cannot learn from these rows: This solver needs samples of at least 2 classes in the "
            "data, but the data contains only one class.",
        ),
    ],
)
def test_rows_that_an_estimator_does_not_take(
    world: World, model: dict[str, Any], data: dict[str, Any], message: str
) -> None:
    world.add(*range(4))
    world.add(4, edit=lambda c: {**c, "y": c["y"] * 0})
    world.add(5)
    run = world.run("first", model=model, data=data)
    assert isinstance(run.trained, Fault)
    assert run.trained.message == message


def test_rows_that_an_estimator_cannot_predict(world: World) -> None:
    world.add(*range(6))
    model = {"estimator": "KNeighborsClassifier", "parameters": {"n_neighbors": 5000}, "mode": "Refit"}
    run = world.run("first", model=model)
    assert isinstance(run.evaluated, Fault)
    assert run.evaluated.message == (
        "KNeighborsClassifier cannot predict these rows: Expected n_neighbors <= n_samples_fit, but n_neighbors = "
        "5000, n_samples_fit = 1344, n_samples = 672."
    )


def test_an_error_of_our_own_stays_one() -> None:
    with pytest.raises(ValueError, match="no such thing"), objections.told("SGDClassifier"):
        raise ValueError("no such thing")


def test_values_are_not_quoted() -> None:
    with pytest.raises(StepError) as told, objections.told("Ridge"):
        Ridge().fit(np.array([["secret"]]), [1])
    assert str(told.value) == "Ridge cannot learn from these rows: could not convert string to float."


def test_a_class_that_a_refit_never_saw_makes_the_next_update_begin_anew(world: World) -> None:
    """It was held out only: an update of this champion would have to learn a class that it has no room for."""
    world.task["model"]["mode"] = "Refit"
    world.add(*range(5))
    world.add(5, edit=lambda c: {**c, "y": np.where(np.arange(len(c["y"])) >= len(c["y"]) - 20, 2, c["y"])})
    world.promote(world.run("first"))
    world.add(*range(6, 14))
    run = world.run("second", model={"mode": "Incremental"})
    assert run.train.put_back == 0
    assert run.train.batches > 8
