"""The scikit-learn estimators that a task may name, and where each lives.

Known without importing scikit-learn, so that `collect` can refuse a wrong name in its first second. Left out are
estimators that wrap others, take several labels at once, or are on their way out of scikit-learn.
"""

import difflib
import json
from enum import StrEnum

from pydantic import JsonValue

from retrain_trainer.contract import Gate, Model
from retrain_trainer.telling.faults import StepError


class Kind(StrEnum):
    """What an estimator predicts: one of some classes, or a number."""

    CLASSIFIER = "classifier"
    REGRESSOR = "regressor"


CLASSIFIERS = {
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier",
    "sklearn.ensemble": "AdaBoostClassifier BaggingClassifier ExtraTreesClassifier GradientBoostingClassifier "
    "HistGradientBoostingClassifier RandomForestClassifier",
    "sklearn.linear_model": "LogisticRegression LogisticRegressionCV Perceptron RidgeClassifier RidgeClassifierCV "
    "SGDClassifier",
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors": "KNeighborsClassifier NearestCentroid RadiusNeighborsClassifier",
    "sklearn.neural_network": "MLPClassifier",
    "sklearn.svm": "LinearSVC NuSVC SVC",
    "sklearn.tree": "DecisionTreeClassifier ExtraTreeClassifier",
}
REGRESSORS = {
    "sklearn.cross_decomposition": "PLSRegression",
    "sklearn.dummy": "DummyRegressor",
    "sklearn.ensemble": "AdaBoostRegressor BaggingRegressor ExtraTreesRegressor GradientBoostingRegressor "
    "HistGradientBoostingRegressor RandomForestRegressor",
    "sklearn.kernel_ridge": "KernelRidge",
    "sklearn.linear_model": "ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor Lars "
    "LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression OrthogonalMatchingPursuit "
    "OrthogonalMatchingPursuitCV PoissonRegressor QuantileRegressor RANSACRegressor Ridge RidgeCV SGDRegressor "
    "TheilSenRegressor TweedieRegressor",
    "sklearn.neighbors": "KNeighborsRegressor RadiusNeighborsRegressor",
    "sklearn.neural_network": "MLPRegressor",
    "sklearn.svm": "LinearSVR NuSVR SVR",
    "sklearn.tree": "DecisionTreeRegressor ExtraTreeRegressor",
}
UPDATABLE = [
    "BernoulliNB",
    "CategoricalNB",
    "ComplementNB",
    "GaussianNB",
    "MLPClassifier",
    "MLPRegressor",
    "MultinomialNB",
    "Perceptron",
    "SGDClassifier",
    "SGDRegressor",
]
"""Those with partial_fit."""

ELSEWHERE = ("XGB", "LGBM", "CatBoost")
UNLABELLED = ("KMeans", "DBSCAN", "Clustering", "Mixture", "IsolationForest", "OneClassSVM", "LocalOutlier", "PCA")
WRAPPERS = ("Stacking", "Voting", "Pipeline", "SearchCV", "Calibrated", "OneVs", "MultiOutput", "Chain", "SelfTraining")
"""Parts of the names of those that are asked for and are not here."""

MODULES = {
    (name, kind): module
    for kind, modules in ((Kind.CLASSIFIER, CLASSIFIERS), (Kind.REGRESSOR, REGRESSORS))
    for module, names in modules.items()
    for name in names.split()
}


def place_of(name: str) -> tuple[str, Kind]:
    """Return the module and the kind of an allowed estimator; StepError with the closest names for another."""
    for (known, kind), module in MODULES.items():
        if known == name:
            return module, kind
    raise StepError(f"model.estimator {name} {_why_not(name)}")


def _why_not(name: str) -> str:
    """Return the rest of a sentence: what is between this estimator and being trained, or which ones were meant."""
    if name.startswith(ELSEWHERE):
        alike = f"HistGradientBoosting{'Regressor' if 'Regressor' in name else 'Classifier'}"
        own = "a trainer of your own can train it (docs/contract.md)"
        return f"is not of scikit-learn: {own}. Nearest here is {alike}."
    if any(word in name for word in UNLABELLED):
        return "learns without a label, and a policy has one to predict: name a classifier or a regressor."
    if any(word in name for word in WRAPPERS):
        return "wraps other estimators, which parameters cannot name: name one of them."
    near = difflib.get_close_matches(name, [known for known, _ in MODULES], n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"is no scikit-learn classifier or regressor that can be trained.{hint}"


def require_updatable(name: str) -> None:
    """Raise StepError when the estimator has no partial_fit, which mode Incremental needs."""
    if name not in UPDATABLE:
        raise StepError(f"{name} cannot be updated batch by batch. Use mode Refit, or one of {', '.join(UPDATABLE)}.")


METRICS = {
    Kind.CLASSIFIER: (
        "accuracy",
        "balanced_accuracy",
        "f1",
        "precision",
        "recall",
        "roc_auc",
        "log_loss",
        "brier",
    ),
    Kind.REGRESSOR: ("r2", "rmse", "mae"),
}
"""What each kind is measured by."""
OF_PROBABILITIES = ("log_loss", "brier")
"""Metrics of what a model gives beside its answer; to rank rows for roc_auc, all that are allowed here give enough."""
WITHOUT_PROBABILITIES = ("LinearSVC", "Perceptron", "RidgeClassifier", "RidgeClassifierCV")
WITH_PROBABILITIES: dict[str, tuple[str, tuple[JsonValue, ...], JsonValue]] = {
    "SGDClassifier": ("loss", ("log_loss", "modified_huber"), "hinge"),
    "SVC": ("probability", (True,), False),
    "NuSVC": ("probability", (True,), False),
}
"""By which values of which parameter these give probabilities, and the one that it has by default."""
IN_UNITS_OF_THE_LABEL = ("rmse", "mae")


def require_known(gates: tuple[Gate, ...], estimator: str) -> None:
    """Raise StepError, naming those that exist, when a gate's metric is unknown for this estimator."""
    _, kind = place_of(estimator)
    for gate in gates:
        if gate.metric not in METRICS[kind]:
            known = ", ".join(METRICS[kind])
            raise StepError(f"Metric {gate.metric} is unknown for {estimator}, a {kind}. Known ones: {known}.")


def require_probabilities(gates: tuple[Gate, ...], model: Model) -> None:
    """Raise StepError, saying what would give them, when a gate needs probabilities that the model will not give."""
    asking = [gate.metric for gate in gates if gate.metric in OF_PROBABILITIES]
    if not asking:
        return
    name, advice = model.estimator, "take another estimator"
    if name in WITH_PROBABILITIES:
        parameter, right, default = WITH_PROBABILITIES[name]
        value = model.parameters.get(parameter, default)
        if value in right:
            return
        told = [json.dumps(each).strip('"') for each in (value, right[0])]
        name, advice = f"{name} with {parameter} {told[0]}", f"take {parameter} {told[1]}"
    elif name not in WITHOUT_PROBABILITIES:
        return
    raise StepError(f"{name} gives no probabilities, which {asking[0]} needs: {advice}, or gate on another metric.")
