"""Models that know other classes than each other, or than are true, are scored by the same ones, as in scikit-learn."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as judged

from retrain_trainer.contract import Goal
from retrain_trainer.measure.metrics import Predicted, compared
from retrain_trainer.measure.missing import reason
from retrain_trainer.measure.score import lower_bound, score
from tests.trainer.test_score import KNOWN, ROWS, THREE, TWO, classes
from tests.trainer.world import World

OTHERS = pytest.mark.parametrize(
    "knows", [([0, 1], [0, 1, 2]), ([0, 1, 2], [0, 1])], ids=["two against three", "three against two"]
)


def knowing(known: list[int], skill: float, seed: int = 3) -> Predicted:
    """A model that knows some of three classes, the last of which only one row in 50 is of."""
    truth = np.random.default_rng(0).choice(3, ROWS, p=[0.5, 0.48, 0.02])
    random, labels = np.random.default_rng(seed), np.array(known)
    scores = random.normal(size=(ROWS, len(labels))) + skill * (truth[:, None] == labels)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Predicted(truth, labels[chances.argmax(axis=1)], np.arange(ROWS) // 50, labels, chances, chances)


def without(predicted: Predicted, label: int) -> Predicted:
    """The same model on rows of which none is of a class."""
    kept = predicted.truth != label
    assert predicted.probabilities is not None
    chances = predicted.probabilities[kept]
    return replace(
        predicted, truth=predicted.truth[kept], said=predicted.said[kept], blocks=predicted.blocks[kept],
        probabilities=chances, margins=chances,
    )  # fmt: skip


def widened(predicted: Predicted) -> np.ndarray[Any, Any]:
    """Probabilities of all three classes, 0 of one that the model does not know."""
    assert predicted.classes is not None
    assert predicted.probabilities is not None
    chances = np.zeros((len(predicted.truth), 3))
    chances[:, predicted.classes] = predicted.probabilities
    return chances


def of_both(metric: str, one: Predicted, two: Predicted) -> float:
    """What scikit-learn says of the first when it is told the classes that either knows, or names."""
    labels = np.unique(np.concatenate([one.truth, one.said, two.said]))
    told: dict[str, Any] = {"labels": labels, "average": "macro", "zero_division": 0.0}
    match metric:
        case "brier":
            return float(np.mean(np.sum((widened(one) - np.eye(3)[one.truth]) ** 2, axis=1)))
        case "roc_auc":
            true = np.unique(one.truth)
            return float(np.mean([judged.roc_auc_score(one.truth == each, widened(one)[:, each]) for each in true]))
        case "log_loss":
            return float(judged.log_loss(one.truth, widened(one), labels=[0, 1, 2]))
        case "accuracy" | "balanced_accuracy":
            return KNOWN[metric](one)
        case _:
            return float(getattr(judged, f"{metric}_score")(one.truth, one.said, **told))


@pytest.mark.filterwarnings("ignore:.*y_pred contains classes not in y_true")
@pytest.mark.parametrize("gone", [False, True], ids=["all three are true", "two are true"])
@OTHERS
@pytest.mark.parametrize("metric", sorted(KNOWN))
def test_models_of_other_classes_are_scored_by_the_same_ones(
    metric: str, knows: tuple[list[int], list[int]], gone: bool
) -> None:
    made = [knowing(known, skill) for known, skill in zip(knows, (0.5, 1.5), strict=True)]
    one, two = compared([without(each, 2) for each in made] if gone else made)
    assert score(metric, one) == pytest.approx(of_both(metric, one, two), rel=1e-9)
    assert score(metric, two) == pytest.approx(of_both(metric, two, one), rel=1e-9)


@OTHERS
@pytest.mark.parametrize("metric", sorted(KNOWN))
def test_a_worse_model_is_no_better_by_the_number_of_its_classes(
    metric: str, knows: tuple[list[int], list[int]]
) -> None:
    made = [without(knowing(known, skill), 2) for known, skill in zip(knows, (0.2, 2.0), strict=True)]
    worse, better = compared(made)
    goal = Goal.MINIMIZE if metric in ("log_loss", "brier") else Goal.MAXIMIZE
    forth, back = lower_bound(metric, worse, better, goal, 0.95), lower_bound(metric, better, worse, goal, 0.95)
    assert forth is not None
    assert back is not None
    assert forth < 0 < back


def test_models_of_the_same_classes_are_scored_as_each_alone() -> None:
    for made in ([TWO, classes([0, 1], skill=0.5)], [THREE, classes([0, 1, 2], skill=0.5)]):
        for metric in KNOWN:
            assert [score(metric, each) for each in compared(made)] == [score(metric, each) for each in made]


def test_the_area_is_that_of_the_classes_there_are() -> None:
    """A class that the model knows and no row is of has no area; it is no reason to know none."""
    predicted = without(knowing([0, 1, 2], 1.0), 2)
    assert predicted.probabilities is not None
    areas = [judged.roc_auc_score(predicted.truth == each, predicted.probabilities[:, each]) for each in (0, 1)]
    assert score("roc_auc", predicted) == pytest.approx(np.mean(areas), rel=1e-9)
    assert score("roc_auc", without(predicted, 1)) is None


def with_a_third(columns: dict[str, Any]) -> dict[str, Any]:
    """Three rows of a week are of a third class."""
    labels = columns["y"].copy()
    labels[:3] = 2
    return {**columns, "y": labels}


@pytest.mark.parametrize("metric", ["roc_auc", "f1"])
def test_a_class_that_has_gone_leaves_its_metric_and_its_slices(world: World, metric: str) -> None:
    evaluation = {"gates": [{"metric": metric}], "slices": {"columns": ["a"], "minRows": 60}}
    world.add(*range(4), edit=with_a_third)
    world.add(4, 5)
    world.promote(world.run("first", evaluation=evaluation))
    world.add(*range(6, 12))
    evaluated = world.run("second", evaluation=evaluation).evaluate
    (found,) = evaluated.scores
    assert found.lower_bound is not None
    assert found.candidate > 0.8
    assert evaluated.reference is not None
    assert evaluated.worst_slice is not None
    assert (evaluated.worst_slice.metric, evaluated.worst_slice.rows) == (metric, 168)


def test_a_model_of_one_class_less_is_not_promoted_by_that(world: World) -> None:
    """The champion knows a class that has gone, the candidate knows nothing: its Brier score was halved, and better."""

    def noisy(columns: dict[str, Any]) -> dict[str, Any]:
        flipped = np.random.default_rng(int(columns["a"][0] * 1e6) & 0xFFFF).random(len(columns["y"])) < 0.25
        return {**columns, "y": np.where(flipped, 1 - columns["y"], columns["y"])}

    brier = {"gates": [{"metric": "brier", "goal": "Minimize"}]}
    refit = {"estimator": "LogisticRegression", "parameters": {}, "mode": "Refit", "window": 6}
    world.add(*range(6), edit=lambda columns: with_a_third(noisy(columns)))
    world.promote(world.run("first", evaluation=brier, model=refit))
    world.add(*range(6, 16), edit=noisy)
    guess = {**refit, "estimator": "DummyClassifier"}
    (found,) = world.run("second", evaluation=brier, model=guess).evaluate.scores
    assert found.champion is not None
    assert found.champion < 0.45 < found.candidate


def test_one_class_alone_is_named_where_there_is_no_area(world: World) -> None:
    def one_week_of_ones(columns: dict[str, Any]) -> dict[str, Any]:
        return {**columns, "y": np.ones_like(columns["y"])}

    world.add(*range(4))
    world.add(4, 5, edit=one_week_of_ones)
    evaluated = world.run("first", evaluation={"gates": [{"metric": "roc_auc"}]}).evaluate
    assert evaluated.message == "roc_auc cannot be computed: the held-out rows hold only class 1."
    assert evaluated.scores == ()


def test_why_there_is_no_value_is_told_of_the_model_that_has_none() -> None:
    number = np.arange(40.0)
    same, far = (Predicted(truth, number, np.arange(40)) for truth in (np.ones(40), number * 1e300))
    known = Predicted(TWO.truth, TWO.said, TWO.blocks, TWO.classes)
    assert reason("brier", [known]) == "the candidate gives no probabilities"
    assert reason("brier", [TWO, known]) == "the champion gives no probabilities"
    assert reason("roc_auc", [TWO, known]) == "the champion gives nothing to rank rows by"
    alone = without(TWO, 1)
    assert reason("recall", [replace(alone, said=alone.truth)]) == "the held-out rows hold only class 0"
    assert reason("r2", [same]) == "the held-out rows hold only the label 1.0"
    with np.errstate(over="ignore", invalid="ignore"):
        assert reason("rmse", [far]) == "its value is not finite"
