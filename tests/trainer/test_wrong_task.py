"""A task that cannot be done as it is written is a fault that names what to write instead."""

from typing import Any

import pytest

from retrain_trainer.contract import Fault
from tests.trainer.world import World


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"evaluation": {"gates": [{"metric": "accurracy"}]}},
            "Metric accurracy is unknown for SGDClassifier, a classifier. Known ones: accuracy, balanced_accuracy, f1, "
            "precision, recall, roc_auc, log_loss, brier.",
        ),
        (
            {"evaluation": {"gates": [{"metric": "rmse"}]}},
            "Metric rmse is unknown for SGDClassifier, a classifier. Known ones: ",
        ),
        (
            {"model": {"estimator": "SGDClasifier"}},
            "model.estimator SGDClasifier is no scikit-learn classifier or regressor that can be trained. Did you mean "
            "SGDClassifier or ",
        ),
        (
            {"model": {"estimator": "XGBClassifier"}},
            "model.estimator XGBClassifier is not of scikit-learn: a trainer of your own can train it "
            "(docs/contract.md). Nearest here is HistGradientBoostingClassifier.",
        ),
        (
            {"model": {"estimator": "LGBMRegressor"}},
            "model.estimator LGBMRegressor is not of scikit-learn: a trainer of your own can train it "
            "(docs/contract.md). Nearest here is HistGradientBoostingRegressor.",
        ),
        (
            {"model": {"estimator": "KMeans"}},
            "model.estimator KMeans learns without a label, and a policy has one to predict: name a classifier or a "
            "regressor.",
        ),
        (
            {"model": {"estimator": "StackingClassifier"}},
            "model.estimator StackingClassifier wraps other estimators, which parameters cannot name: name one of ",
        ),
        (
            {"model": {"estimator": "RandomForestClassifier"}},
            "RandomForestClassifier cannot be updated batch by batch. Use mode Refit, or one of BernoulliNB, ",
        ),
        (
            {"model": {"parameters": {}}, "evaluation": {"gates": [{"metric": "accuracy"}, {"metric": "log_loss"}]}},
            "SGDClassifier with loss hinge gives no probabilities, which log_loss needs: take loss log_loss, or gate "
            "on another metric.",
        ),
        (
            {
                "model": {"estimator": "SVC", "parameters": {}, "mode": "Refit"},
                "evaluation": {"gates": [{"metric": "brier"}]},
            },
            "SVC with probability false gives no probabilities, which brier needs: take probability true, or gate ",
        ),
        (
            {
                "model": {"estimator": "RidgeClassifier", "parameters": {}, "mode": "Refit"},
                "evaluation": {"gates": [{"metric": "brier"}]},
            },
            "RidgeClassifier gives no probabilities, which brier needs: take another estimator, or gate on another ",
        ),
        (
            {"data": {"source": "s3://My_Bucket/*.csv"}},
            "s3://My_Bucket/*.csv names no bucket: lower case letters, digits, '-' and '.' make one, as in ",
        ),
        ({"data": {"source": "file:///data/../etc/*.csv"}}, "file:///data/../etc/*.csv may not contain .. or %."),
        (
            {"run": "../../escape"},
            "'../../escape' is no name of a run: lower case letters, digits, '-' and '.' make one.",
        ),
    ],
)
def test_a_task_that_cannot_be_done_is_a_fault(world: World, changes: dict[str, Any], message: str) -> None:
    world.add(*range(6))
    world.workspace("first")
    answer = world.step("collect", "first", **changes)
    assert isinstance(answer, Fault)
    assert answer.message.startswith(message)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alfa": 1}, "SGDClassifier has no parameter alfa. Did you mean alpha? It has alpha, average, class_weight, "),
        ({"loss": "hinges"}, "model.parameters: The 'loss' parameter of SGDClassifier must be a str among {"),
    ],
)
def test_wrong_parameters_are_named(world: World, parameters: dict[str, Any], message: str) -> None:
    world.add(*range(6))
    run = world.run("first", model={"parameters": parameters})
    assert isinstance(run.trained, Fault)
    assert run.trained.message.startswith(message)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"estimator": "MLPClassifier", "parameters": {"solver": "lbfgs"}},
            "MLPClassifier cannot learn from rows with these model.parameters: partial_fit is only available for "
            "stochastic optimizers. lbfgs is not stochastic.",
        ),
        (
            {"estimator": "LinearDiscriminantAnalysis", "parameters": {"shrinkage": 0.1}, "mode": "Refit"},
            "LinearDiscriminantAnalysis cannot learn from rows with these model.parameters: shrinkage not supported "
            "with 'svd' solver.",
        ),
        (
            {"estimator": "BaggingClassifier", "parameters": {"estimator": "x"}, "mode": "Refit"},
            "model.parameters: The 'estimator' parameter of BaggingClassifier must be an object implementing 'fit' and "
            "'predict' or None. Got 'x' instead.",
        ),
        (
            {"estimator": "AdaBoostClassifier", "parameters": {"estimator": "x"}, "mode": "Refit"},
            "model.parameters: The 'estimator' parameter of AdaBoostClassifier must be an object implementing 'fit' "
            "and 'predict' or None. Got 'x' instead.",
        ),
    ],
)
def test_parameters_that_do_not_go_together_are_told(world: World, model: dict[str, Any], message: str) -> None:
    world.add(*range(6))
    run = world.run("first", model=model)
    assert isinstance(run.trained, Fault)
    assert run.trained.message == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"exclude": ["b"]},
            "The champion predicts from column b, which the policy no longer leaves it. A model of other ",
        ),
        (
            {"timeColumn": None},
            "The champion was trained with label y and time column time, the policy says y and no time column. ",
        ),
    ],
)
def test_other_columns_than_the_champions_need_another_store(
    world: World, change: dict[str, Any], message: str
) -> None:
    world.begin(6)
    world.add(6)
    world.workspace("second")
    answer = world.step("collect", "second", data=change)
    assert isinstance(answer, Fault)
    assert answer.message.startswith(message)
