"""Labels turned over, columns that tell them, values that cannot be: refused by name, and let pass where asked."""

import re
from typing import Any, ClassVar

import numpy as np
import pytest

from retrain_trainer.contract import Champion, CollectOutcome, EvaluateOutcome, Evaluation, Fault, wording
from retrain_trainer.contract.verdict import Ground, verdict
from retrain_trainer.intake import labels
from tests.trainer.world import WEEK, Edit, World, ended, flipped

REGRESSION: dict[str, Any] = {
    "model": {"estimator": "SGDRegressor", "parameters": {}},
    "evaluation": {"gates": [{"metric": "r2"}]},
}


def refused(world: World, name: str = "second", **changes: Any) -> str:
    return ended(world.run(name, **changes), CollectOutcome.DATA_INVALID)


def rare(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "y": (columns["a"] + columns["b"] > 1.8).astype(np.int64)}


def third(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "y": columns["y"] + (np.arange(WEEK) % 3 == 0)}


def summed(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "y": 2 * columns["a"] + columns["b"] + columns["y"]}


def skipping(*checks: str, **data: Any) -> dict[str, Any]:
    return {"data": {"validation": {"skipChecks": list(checks), **data}}}


class TestLabelsTurnedOver:
    """A champion that is wrong far more often than chance would be."""

    def test_are_refused(self, world: World) -> None:
        world.begin(6)
        world.add(6, 7, 8, edit=flipped)
        message = refused(world)
        expected = "expected the champion to be right in 40% of the held-out rows (mean of both classes), seen "
        assert message.startswith(f"All new batches, column y, check inverted labels: {expected}")
        assert re.search(
            r"seen \d% \(do the labels mean the opposite, or is it the champion that is wrong\?\) ", message
        )
        assert message.endswith(" (leave this check out: data.validation.skipChecks: [InvertedLabels]).")

    @pytest.mark.parametrize(("share", "told"), [(0.3961, "39.6%"), (0.39999, "39.999%"), (0.02, "2%"), (0.4, "40%")])
    def test_are_told_by_a_share_that_differs_from_the_one_expected(self, share: float, told: str) -> None:
        assert wording.share(share, labels.TURNED_OVER) == told

    def test_are_seen_where_one_class_is_rare(self, world: World) -> None:
        """Of rare classes the share of right answers says little: always the common one is right nine times of ten."""
        world.add(*range(6), edit=rare)
        world.promote(world.run("first"))
        world.add(6, 7, 8, edit=lambda c: flipped(rare(c)))
        assert "check inverted labels: " in refused(world)

    def test_may_pass(self, world: World) -> None:
        world.begin(6)
        world.add(6, 7, 8, edit=flipped)
        assert world.run("second", **skipping("InvertedLabels")).collect.outcome is CollectOutcome.COLLECTED

    def test_are_refused_where_a_number_has_the_opposite_sign(self, world: World) -> None:
        world.add(*range(6), edit=summed)
        world.promote(world.run("first", **REGRESSION))
        world.add(6, 7, 8, edit=lambda c: {**c, "y": -summed(c)["y"]})
        message = refused(world, **REGRESSION)
        expected = (
            "expected predictions of the champion that rise with the label, a rank correlation above -0.25, seen "
        )
        assert message.startswith(f"All new batches, column y, check inverted labels: {expected}-0.9")
        assert " (do the labels have the opposite sign, or is it the champion that is wrong?) (leave " in message

    def test_may_be_right_where_the_champion_learned_from_turned_ones(self, world: World) -> None:
        """Then the message names the way out, and with it a version that knows better is made."""
        world.add(*range(6), edit=flipped)
        world.promote(world.run("first"))
        world.add(*range(6, 12))
        message = refused(world)
        assert "the opposite, or is it the champion that is wrong?) (leave this check out: " in message
        assert "data.validation.skipChecks: [InvertedLabels]" in message
        said = world.run("third", model={"mode": "Refit", "window": 3}, **skipping("InvertedLabels"))
        assert said.evaluate.scores[0].candidate > 0.9
        asked = {**world.task["evaluation"], "referenceTolerance": 1}
        champion = Champion.model_validate(world.champion)
        judged = verdict(Evaluation.model_validate(asked), champion, said.evaluate)
        assert judged.ground is Ground.PROMOTED
        world.promote(said)
        world.add(12, 13, 14)
        assert world.run("fourth").collect.outcome is CollectOutcome.COLLECTED

    def test_are_not_asked_of_a_champion_that_never_knew_better_than_chance(self, world: World) -> None:
        wild = {**REGRESSION["model"], "parameters": {"learning_rate": "constant", "eta0": 1e6}, "mode": "Refit"}
        world.add(*range(6), edit=summed)
        first = world.run("first", **{**REGRESSION, "model": wild})
        assert first.evaluate.scores[0].candidate < 0
        world.promote(first)
        world.add(*range(6, 12), edit=lambda c: {**summed(c), **{name: -c[name] for name in "abc"}})
        run = world.run("second", **{**REGRESSION, "model": {"estimator": "Ridge", "parameters": {}, "mode": "Refit"}})
        assert run.collect.outcome is CollectOutcome.COLLECTED

    def test_are_not_seen_in_the_few_rows_of_a_rare_class(self, world: World) -> None:
        """The champion is wrong about the four rows of a class there are, which says nothing about the labels."""
        world.begin(6)
        world.add(6, 7, 8, edit=lambda c: {**c, "y": np.isin(c["a"], np.sort(c["a"])[:2]).astype(np.int64)})
        assert world.run("second").collect.outcome is CollectOutcome.COLLECTED

    def test_are_no_matter_of_more_classes(self, world: World) -> None:
        world.add(*range(6), edit=third)
        world.promote(world.run("first"))
        world.add(6, 7, 8, edit=lambda c: {**c, "y": 2 - third(c)["y"]})
        assert world.run("second").collect.outcome is CollectOutcome.COLLECTED


class TestAColumnThatTellsTheLabel:
    """Known only when the label is: no model would have it in time."""

    ADVICE = (
        " (is it known only later? leave it out with data.exclude) "
        "(leave this check out: data.validation.skipChecks: [Leakage])."
    )
    CASES: ClassVar[dict[str, Edit]] = {
        "a copy": lambda c: {**c, "b": c["y"].astype(float)},
        "turned over and in another unit": lambda c: {**c, "b": 7.0 - 3 * c["y"]},
        "a little noise": lambda c: {**c, "b": c["y"] + np.random.default_rng(0).normal(0, 0.15, WEEK)},
        "given only with one class": lambda c: {**c, "b": np.where(c["y"] == 1, c["b"], np.nan)},
    }

    @pytest.mark.parametrize("case", CASES)
    def test_is_refused_before_there_is_a_champion(self, world: World, case: str) -> None:
        world.add(*range(6), edit=self.CASES[case])
        message = refused(world, "first")
        expected = "All new batches, column b, check leakage: expected no column that alone tells the label, seen AUC "
        assert message.startswith(expected)
        assert message.endswith(self.ADVICE)

    def test_is_found_among_three_classes(self, world: World) -> None:
        world.add(*range(6), edit=lambda c: {**c, "y": (c["a"] > -0.5) + (c["a"] > 0.5) * 1})
        assert "column a, check leakage: " in refused(world, "first")

    def test_is_found_by_its_ranks_where_the_label_is_a_number(self, world: World) -> None:
        world.add(*range(6), edit=lambda c: {**c, "y": np.exp(-c["b"])})
        message = refused(world, "first", **REGRESSION)
        assert (
            "column b, check leakage: expected no column that alone tells the label, seen rank correlation 1" in message
        )

    def test_may_pass(self, world: World) -> None:
        world.add(*range(6), edit=self.CASES["a copy"])
        assert world.run("first", **skipping("Leakage")).collect.outcome is CollectOutcome.COLLECTED

    def test_is_not_seen_in_a_strong_one(self, world: World) -> None:
        world.add(*range(6), edit=lambda c: {**c, "b": c["y"] + np.random.default_rng(0).normal(0, 0.4, WEEK)})
        run = world.run("first")
        assert run.evaluate.scores[0].candidate > 0.93

    def test_is_not_seen_in_the_few_rows_of_a_rare_class(self, world: World) -> None:
        world.add(*range(6), edit=lambda c: {**c, "y": (np.arange(WEEK) == c["b"].argmax()).astype(np.int64)})
        assert world.run("first").collect.outcome is CollectOutcome.COLLECTED


class TestADeclaredRange:
    """What people know beforehand."""

    def test_stops_a_batch_with_more_than_one_in_a_hundred_rows_outside(self, world: World) -> None:
        world.add(*range(6))
        world.add(4, edit=lambda c: {**c, "b": np.where(np.arange(WEEK) < 4, -60.0, c["b"])})
        ranges = [{"column": "b", "min": -50}, {"column": "a", "max": 9.5}]
        message = refused(world, "first", **skipping(ranges=ranges))
        assert message == (
            "Batch week-004.parquet, column b, check declared range: expected values of at least -50 "
            "(data.validation.ranges) in 99% of rows, seen 1.2% outside."
        )

    def test_lets_fewer_pass(self, world: World) -> None:
        world.add(*range(6), edit=lambda c: {**c, "b": np.where(np.arange(WEEK) < 3, -60.0, c["b"])})
        run = world.run("first", **skipping("Range", ranges=[{"column": "b", "min": -50, "max": 50}]))
        assert run.collect.outcome is CollectOutcome.COLLECTED

    @pytest.mark.parametrize("column", ["y", "time", "typo"])
    def test_of_a_column_that_is_no_feature_is_a_mistake(self, world: World, column: str) -> None:
        world.add(*range(6))
        run = world.run("first", **skipping(ranges=[{"column": column, "min": 0}]))
        assert isinstance(run.collected, Fault)
        assert run.collected.message == (
            f"data.validation.ranges names {column}, which is no feature; there are a, b, c."
        )


SKIPPED: dict[str, tuple[str, Edit]] = {
    "Nulls": ("nulls", lambda c: {**c, "b": np.where(np.arange(WEEK) % 4 == 0, np.nan, c["b"])}),
    "Constant": ("constant", lambda c: {**c, "b": np.full(WEEK, 0.5)}),
    "MostCommonValue": (
        "most common value",
        lambda c: {**c, "b": np.where(np.arange(WEEK) % 10 < 3, 0.0, c["b"])},
    ),
    "Duplicates": ("duplicates", lambda c: {name: values[np.arange(WEEK) // 2] for name, values in c.items()}),
    "NewClass": ("new class", lambda c: {**c, "y": np.where(np.arange(WEEK) < 9, 2, c["y"])}),
    "MissingClass": ("missing class", lambda c: {name: values[c["y"] == 1] for name, values in c.items()}),
    "Range": ("range", lambda c: {**c, "b": c["b"] * 1000}),
}


@pytest.mark.parametrize("check", SKIPPED)
def test_a_check_that_is_not_wanted_does_not_stop_a_batch(world: World, check: str) -> None:
    name, edit = SKIPPED[check]
    world.begin(6)
    world.add(7, 8, 9)
    world.add(6, edit=edit)
    message = refused(world)
    assert f", check {name}: " in message
    assert message.endswith(f" (leave this check out: data.validation.skipChecks: [{check}]).")
    run = world.run("third", **skipping(check))
    assert (run.collect.outcome, run.evaluate.outcome) == (CollectOutcome.COLLECTED, EvaluateOutcome.EVALUATED)


def test_a_distance_that_is_not_wanted_does_not_stop_a_run(world: World) -> None:
    world.begin(6)
    world.add(6, 7, 8, 9, edit=lambda c: {**c, "b": c["b"] / 100 + 2})
    assert ", check distance: " in refused(world)
    assert world.run("third", **skipping("Distance")).collect.outcome is CollectOutcome.COLLECTED
