"""Metrics agree with scikit-learn, and bounds promise no more than they hold."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import t
from sklearn import metrics as judged

from retrain_trainer.contract import Goal
from retrain_trainer.data.rows import Labels
from retrain_trainer.measure.metrics import FORMULAS, Predicted
from retrain_trainer.measure.score import lower_bound, score

ROWS = 2000


def classes(names: list[Any], seed: int = 0, skill: float = 1.0, block: int = 50) -> Predicted:
    """Make predictions of some skill, with rows that resemble their neighbours."""
    random = np.random.default_rng(seed)
    labels = np.array(names)
    truth = random.integers(0, len(names), ROWS)
    scores = random.normal(size=(ROWS, len(names))) + np.repeat(
        random.normal(size=(ROWS // block, len(names))), block, 0
    )
    scores[np.arange(ROWS), truth] += skill
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    blocks = np.arange(ROWS) // block
    return Predicted(labels[truth], labels[chances.argmax(axis=1)], blocks, labels, chances, chances)


TWO, THREE, WORDS = classes([0, 1]), classes([0, 1, 2]), classes(["leaves", "stays"])
KNOWN: dict[str, Callable[[Predicted], float]] = {
    "accuracy": lambda p: judged.accuracy_score(p.truth, p.said),
    "balanced_accuracy": lambda p: judged.balanced_accuracy_score(p.truth, p.said),
    "f1": lambda p: judged.f1_score(p.truth, p.said, **averaged(p)),
    "precision": lambda p: judged.precision_score(p.truth, p.said, **averaged(p)),
    "recall": lambda p: judged.recall_score(p.truth, p.said, **averaged(p)),
    "log_loss": lambda p: judged.log_loss(p.truth, p.probabilities),
    "brier": lambda p: judged.brier_score_loss(p.truth, p.probabilities, labels=p.classes),
    "roc_auc": lambda p: (
        judged.roc_auc_score(p.truth == p.classes[1], p.probabilities[:, 1])  # type: ignore[index]
        if len(p.classes) == 2  # type: ignore[arg-type]
        else judged.roc_auc_score(p.truth, p.probabilities, multi_class="ovr")
    ),
}


def averaged(predicted: Predicted) -> dict[str, Any]:
    assert predicted.classes is not None
    two = len(predicted.classes) == 2
    return {"pos_label": predicted.classes[1]} if two else {"average": "macro"}


@pytest.mark.parametrize("predicted", [TWO, THREE, WORDS], ids=["two classes", "three classes", "words"])
@pytest.mark.parametrize("metric", KNOWN)
def test_a_class_metric_is_what_scikit_learn_says(metric: str, predicted: Predicted) -> None:
    if metric == "brier" and predicted is WORDS:
        expected = judged.brier_score_loss(predicted.truth == "stays", predicted.probabilities[:, 1])  # type: ignore[index]
    else:
        expected = KNOWN[metric](predicted)
    assert score(metric, predicted) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("metric", "known"),
    [
        ("r2", judged.r2_score),
        ("rmse", judged.root_mean_squared_error),
        ("mae", judged.mean_absolute_error),
    ],
)
def test_a_number_metric_is_what_scikit_learn_says(metric: str, known: Callable[[Labels, Labels], float]) -> None:
    random = np.random.default_rng(1)
    truth = random.normal(1000, 3, ROWS)
    said = truth + random.normal(0, 1, ROWS)
    assert score(metric, Predicted(truth, said, np.arange(ROWS) // 50)) == pytest.approx(known(truth, said), rel=1e-9)


def test_the_spread_is_that_of_scoring_each_draw_anew() -> None:
    """Score drawn rows the slow way, row by row, and compare with the formulas over sums of blocks."""
    random = np.random.default_rng(2)
    draws = random.multinomial(40, np.full(40, 1 / 40), size=5)
    for name in FORMULAS.keys() & KNOWN.keys():
        drawn = FORMULAS[name](THREE)
        assert drawn is not None
        for weights, value in zip(draws, drawn(draws.astype(float)), strict=True):
            rows = np.concatenate([np.flatnonzero(THREE.blocks == n) for n in np.repeat(np.arange(40), weights)])
            sample = Predicted(
                THREE.truth[rows], THREE.said[rows], THREE.blocks[rows], THREE.classes,
                THREE.probabilities[rows], THREE.probabilities[rows],  # type: ignore[index]
            )  # fmt: skip
            assert value == pytest.approx(KNOWN[name](sample), rel=1e-9), name


@pytest.mark.parametrize("metric", ["roc_auc", "recall", "balanced_accuracy"])
def test_one_class_alone_gives_no_score_where_it_would_mean_nothing(metric: str) -> None:
    alone = TWO.truth == 0
    assert TWO.probabilities is not None
    predicted = Predicted(
        TWO.truth[alone], TWO.truth[alone], TWO.blocks[alone], TWO.classes, TWO.probabilities[alone], None
    )
    if metric == "balanced_accuracy":
        assert score(metric, predicted) == 1
    else:
        assert score(metric, predicted) is None


def test_a_class_the_model_does_not_know_costs_it_dearly() -> None:
    assert TWO.probabilities is not None
    truth = np.where(np.arange(ROWS) == 0, 7, TWO.truth)
    stranger = Predicted(truth, TWO.said, TWO.blocks, TWO.classes, TWO.probabilities, TWO.probabilities)
    known, unknown = score("log_loss", TWO), score("log_loss", stranger)
    assert known is not None
    assert unknown is not None
    assert unknown > known + 30 / ROWS


@pytest.mark.parametrize("metric", sorted(FORMULAS.keys() & KNOWN.keys()))
def test_a_better_model_is_better_whatever_the_direction(metric: str) -> None:
    good, bad = classes([0, 1], skill=2.5), classes([0, 1], skill=0.5)
    goal = Goal.MINIMIZE if metric in ("log_loss", "brier") else Goal.MAXIMIZE
    assert np.array_equal(good.truth, bad.truth)
    forth, back = lower_bound(metric, good, bad, goal, 0.95), lower_bound(metric, bad, good, goal, 0.95)
    assert forth is not None
    assert back is not None
    assert forth > 0 > back
    assert lower_bound(metric, good, good, goal, 0.95) == 0


@pytest.mark.parametrize(("blocks", "worlds"), [(5, 1000), (14, 1000), (40, 250)])
def test_the_bound_of_two_equal_models_is_above_zero_no_more_often_than_it_says(blocks: int, worlds: int) -> None:
    """Two coins of the same bias, whose blocks are good or bad together; few blocks must not make it surer."""
    promotions = 0
    truth, number = np.ones(blocks * 25, np.int64), np.arange(blocks * 25) // 25
    for seed in range(worlds):
        random = np.random.default_rng(seed)
        mood = random.normal(size=(blocks, 2))[number]
        hits = random.normal(size=mood.shape) + mood > -0.8
        one, two = (Predicted(truth, hits[:, n].astype(np.int64), number) for n in (0, 1))
        bound = lower_bound("accuracy", one, two, Goal.MAXIMIZE, 0.95)
        assert bound is not None
        promotions += bound > 0
    assert promotions <= worlds * 0.05 + 2.5 * np.sqrt(worlds * 0.05 * 0.95)
    assert promotions >= 2


@pytest.mark.parametrize(("blocks", "confidence"), [(2, 0.95), (14, 0.5), (14, 0.9), (40, 0.999)])
def test_the_bound_of_a_mean_is_that_of_students_t(blocks: int, confidence: float) -> None:
    random = np.random.default_rng(3)
    number = np.arange(blocks * 1000) // 1000
    means = random.normal(size=(blocks, 2))
    said = (random.normal(size=(len(number), 2)) + means[number] > 0).astype(np.int64)
    one, two = (Predicted(np.ones(len(number), np.int64), said[:, n], number) for n in (0, 1))
    gains = (said[:, 0] - said[:, 1]).reshape(blocks, 1000).mean(axis=1)
    known = np.mean(gains) - t.ppf(confidence, blocks - 1) * np.std(gains, ddof=1) / np.sqrt(blocks)
    bound = lower_bound("accuracy", one, two, Goal.MAXIMIZE, confidence)
    assert bound == pytest.approx(known, abs=0.06 * abs(known - np.mean(gains)) + 1e-12)


def test_one_block_allows_no_bound() -> None:
    one, two = (replace(each, blocks=np.zeros_like(each.blocks)) for each in (TWO, classes([0, 1], skill=0.5)))
    assert lower_bound("accuracy", one, two, Goal.MAXIMIZE, 0.95) is None


def test_the_bound_of_neighbours_that_are_alike_is_lower_than_that_of_single_rows() -> None:
    random = np.random.default_rng(0)
    mood = np.repeat(random.normal(size=(40, 2)), 25, axis=0)
    hits = (random.normal(size=(1000, 2)) + 2 * mood + [1.0, 0.0] > 0).astype(np.int64)
    bounds = []
    for blocks in (np.arange(1000) // 25, np.arange(1000)):
        one, two = (Predicted(np.ones(1000, np.int64), said, blocks) for said in hits.T)
        bounds.append(lower_bound("accuracy", one, two, Goal.MAXIMIZE, 0.95))
    alike, single = bounds
    assert alike is not None
    assert single is not None
    assert alike < single - 0.05


def test_many_rows_are_ranked_in_steps_without_losing_the_area() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 100_000)
    margin = random.normal(size=100_000) + truth
    chances = np.stack([-margin, margin], axis=1)
    predicted = Predicted(truth, truth, np.arange(100_000) // 100, np.array([0, 1]), None, chances)
    drawn = FORMULAS["roc_auc"](predicted)
    assert drawn is not None
    exact = judged.roc_auc_score(truth, margin)
    assert drawn(np.ones((1, 1000)))[0] == pytest.approx(exact, abs=1e-5)
    assert score("roc_auc", predicted) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("blocks", [20, 2500])
def test_the_area_of_many_rows_is_drawn_in_bounded_memory(blocks: int) -> None:
    random = np.random.default_rng(0)
    truth, number = random.integers(0, 2, 100_000), np.arange(100_000) * blocks // 100_000
    margin = random.normal(size=100_000) + truth
    predicted = Predicted(truth, truth, number, np.array([0, 1]), None, np.stack([-margin, margin], axis=1))
    weights = random.multinomial(blocks, np.full(blocks, 1 / blocks), size=1000).astype(np.float64)
    tracemalloc.start()
    try:
        drawn = FORMULAS["roc_auc"](predicted)
        assert drawn is not None
        areas, peak = drawn(weights), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200 << 20
    exact = judged.roc_auc_score(truth, margin, sample_weight=weights[0][number])
    assert areas[0] == pytest.approx(exact, abs=1e-5)
