"""What scikit-learn objects to while it fits is told as one sentence, and does not happen where it can be foreseen."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from retrain_trainer.contract import CollectOutcome, Fault
from retrain_trainer.learn import objections
from retrain_trainer.telling.faults import StepError
from tests.trainer.world import Edit, World, ended


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


def codes(most: int) -> Edit:
    """Leave two columns of codes, the first of so many, and a label that follows from them."""

    def edit(columns: dict[str, Any]) -> dict[str, Any]:
        random, rows = np.random.default_rng(7), len(columns["y"])
        x, z = random.integers(0, most, rows), random.integers(0, 3, rows)
        return {"time": columns["time"], "x": x, "z": z, "y": (x + z) % 2}

    return edit


@pytest.mark.parametrize("mode", ["Incremental", "Refit"])
def test_a_champion_that_cannot_predict_new_rows_ends_the_run_by_name(world: World, mode: str) -> None:
    naive = {"estimator": "CategoricalNB", "parameters": {}, "mode": mode}
    world.add(*range(6), edit=codes(4))
    world.promote(world.run("first", model=naive))
    world.add(6, 7, edit=codes(5))
    assert ended(world.run("second", model=naive), CollectOutcome.DATA_INVALID) == (
        "All new batches, check prediction: expected held-out rows that the champion can predict, seen CategoricalNB "
        f"cannot predict these rows: {objections.NO_SUCH_CODE}; no candidate can be compared with it, so begin a new "
        "model.store."
    )


def test_a_code_that_only_held_out_rows_have_is_told(world: World) -> None:
    world.add(*range(4), edit=codes(4))
    world.add(4, 5, edit=codes(5))
    naive: dict[str, Any] = {"estimator": "CategoricalNB", "parameters": {}}
    told = world.run("first", model=naive).evaluated
    assert isinstance(told, Fault)
    assert told.message == f"CategoricalNB cannot predict these rows: {objections.NO_SUCH_CODE}."
    naive["parameters"] = {"min_categories": 5}
    assert world.run("again", model=naive).evaluate.scores


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
