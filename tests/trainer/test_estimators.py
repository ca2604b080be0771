"""The estimators a task may name are those of scikit-learn, and each of them can be stored and read again."""

import inspect
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.utils import all_estimators

from retrain_trainer.contract import Gate, Model
from retrain_trainer.data.rows import Rows
from retrain_trainer.learn import pipeline
from retrain_trainer.learn.estimators import MODULES, UPDATABLE, Kind, require_probabilities
from retrain_trainer.telling.faults import StepError

LEFT_OUT = {
    # wrap another estimator, or need a callable
    "CalibratedClassifierCV", "GaussianProcessClassifier", "GaussianProcessRegressor", "SelfTrainingClassifier",
    "TransformedTargetRegressor",
    # several labels, one feature, or labels that are partly unknown
    "CCA", "IsotonicRegression", "LabelPropagation", "LabelSpreading", "MultiTaskElasticNet", "MultiTaskElasticNetCV",
    "MultiTaskLasso", "MultiTaskLassoCV", "PLSCanonical",
    # leave scikit-learn in 1.10
    "PassiveAggressiveClassifier", "PassiveAggressiveRegressor",
}  # fmt: skip
ROWS = np.random.default_rng(0).normal(size=(120, 4))


def public(kind: Kind) -> dict[str, Any]:
    """Find the estimators of scikit-learn that need no other estimator."""
    return {
        name: estimator
        for name, estimator in all_estimators(type_filter=kind.value)
        if all(
            parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD
            for parameter in inspect.signature(estimator).parameters.values()
        )
    }


@pytest.mark.parametrize("kind", list(Kind))
def test_all_of_scikit_learn_is_known_but_what_is_left_out_for_a_reason(kind: Kind) -> None:
    known = {name: module for (name, its), module in MODULES.items() if its is kind}
    there = public(kind)
    assert set(known) == set(there) - LEFT_OUT
    assert {name for name in known if hasattr(there[name], "partial_fit")} == set(UPDATABLE) & set(known)
    assert {name: ".".join(there[name].__module__.split(".")[:2]) for name in known} == known


@pytest.mark.parametrize(("name", "kind"), sorted(MODULES))
@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn")
def test_each_is_trained_stored_and_read_again_with_the_same_predictions(name: str, kind: Kind) -> None:
    rows = np.abs(np.floor(ROWS * 2)) if name == "CategoricalNB" else ROWS
    positive = name in ("ComplementNB", "MultinomialNB")
    rows = np.abs(rows) if positive else rows
    labels = (ROWS[:, 0] > 0).astype(np.int64) if kind is Kind.CLASSIFIER else np.exp(ROWS[:, 0] / 2)
    small = {key: 5 for key in ("n_estimators", "max_iter") if key in pipeline_parameters(name)}
    model = pipeline.build(Model(store="file:///m", estimator=name, parameters=small))
    model.fit(rows, labels)
    again = pipeline.load(pipeline.dump(model), name, sklearn.__version__)
    assert np.array_equal(model.predict(rows), again.predict(rows))


@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
def test_it_is_known_which_give_probabilities_and_all_classifiers_rank_rows() -> None:
    gates = (Gate(metric="accuracy"), Gate(metric="log_loss"))
    losses = SGDClassifier.loss_functions
    cases: list[tuple[str, dict[str, Any]]] = [(name, {}) for name, kind in MODULES if kind is Kind.CLASSIFIER]
    cases += [("SGDClassifier", {"loss": loss}) for loss in losses]
    cases += [(name, {"probability": given}) for name in ("SVC", "NuSVC") for given in (True, False)]
    for name, parameters in cases:
        model = Model(store="file:///m", estimator=name, parameters=parameters)
        estimator = pipeline.build(model)[-1]
        gives = hasattr(estimator, "predict_proba")
        assert gives or hasattr(estimator, "decision_function"), f"roc_auc has nothing of {name}"
        with nullcontext() if gives else pytest.raises(StepError, match="gives no probabilities"):
            require_probabilities(gates, model)


def pipeline_parameters(name: str) -> set[str]:
    """Return the parameters that make a training shorter."""
    quick = {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor", "MLPClassifier", "MLPRegressor"}
    trees = {"n_estimators"} if "Forest" in name or "Trees" in name or "Boost" in name or "Bagging" in name else set()
    return {"max_iter"} if name in quick else trees


def test_features_are_prepared_as_the_estimator_needs_them() -> None:
    def steps(name: str) -> list[str]:
        return [step for step, _ in pipeline.build(Model(store="file:///m", estimator=name)).steps]

    assert steps("SGDClassifier") == ["fill", "scale", "estimator"]
    assert steps("HistGradientBoostingClassifier") == ["scale", "estimator"]
    assert steps("MultinomialNB") == ["fill", "estimator"]


def test_scales_are_learned_while_warming_up_and_then_stand_still() -> None:
    model = pipeline.build(Model(store="file:///m", estimator="SGDClassifier"))
    labels = (ROWS[:, 0] > 0).astype(np.int64)
    rows, moved = (Rows.of(features, labels, labels) for features in (ROWS, ROWS + 100))
    pipeline.update(model, rows, np.array([0, 1]), warm=False)
    scale = model["scale"].mean_.copy()
    pipeline.update(model, moved, np.array([0, 1]), warm=True)
    assert np.array_equal(model["scale"].mean_, scale)
    pipeline.update(model, moved, np.array([0, 1]), warm=False)
    assert model["scale"].mean_ == pytest.approx(scale + 100 / 2)
