"""Data that would spoil the model: put back batch by batch, or betrayed by rows that it could not reach."""

from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from retrain_trainer.contract import Fault
from retrain_trainer.data.rows import Rows
from retrain_trainer.learn import guard, pipeline
from tests.trainer.world import WEEK, World, flipped

MEANING = "what the model knew. If the change is real, mode Refit learns it."
AWAY = f"the weights or the error run away. {guard.IF_ABSURD}"
RMSE = {"gates": [{"metric": "rmse"}]}
UNCHECKED = {"validation": {"skipChecks": ["InvertedLabels"]}}


class TestPoison:
    """Turned labels would be stopped by their own check; without it there is still what follows."""

    def test_flipped_labels_are_put_back_batch_by_batch(self, world: World) -> None:
        world.begin(8)
        world.add(*range(8, 12), edit=flipped)
        run = world.run("second", data=UNCHECKED)
        assert run.train.put_back == 2  # weeks 8 and 9; 10 and 11 are the holdout
        assert run.train.message.endswith(f" 2 of 4 batches were put back: they contradict {MEANING}")
        assert "put back" not in run.evaluate.message
        assert "more than half" not in (world.store / "v000002-second" / "report.html").read_text()
        reference = run.evaluate.reference
        assert reference is not None
        assert reference.candidate > reference.champion - 0.05
        assert run.evaluate.scores[0].lower_bound is not None
        assert run.evaluate.scores[0].lower_bound <= 0

    def test_one_batch_alone_is_told_in_the_singular(self, world: World) -> None:
        world.begin(8)
        world.add(8, edit=flipped)
        world.add(9, 10, 11)
        assert world.run("second").train.message.endswith(f" 1 of 4 batches was put back: it contradicts {MEANING}")

    def test_when_most_batches_are_put_back_evaluate_and_the_page_say_so(self, world: World) -> None:
        """What is to be learned may have changed for real: nobody can tell from here, so people are told of Refit."""
        world.begin(8)
        world.add(*range(8, 15), edit=flipped)
        run = world.run("second", data=UNCHECKED)
        told = f" 5 of 7 batches were put back: they contradict {MEANING}"
        assert run.train.message.endswith(told)
        assert run.evaluate.message.endswith(f".{told}")
        page = (world.store / "v000002-second" / "report.html").read_text()
        assert f"more than half: the candidate hardly knows what they tell. {MEANING.partition('. ')[2]}" in page
        refit = world.run("refit", model={"mode": "Refit", "window": 4}, data=UNCHECKED)
        assert refit.evaluate.scores[0].lower_bound is not None
        assert refit.evaluate.scores[0].lower_bound > 0.5

    def test_what_passes_on_a_poisoned_holdout_fails_on_the_reference(self, world: World) -> None:
        first = world.begin(8)
        world.add(*range(8, 16), edit=flipped)
        run = world.run("second", model={"mode": "Refit", "window": 6}, data=UNCHECKED)
        (score,) = run.evaluate.scores
        assert score.lower_bound is not None
        assert score.lower_bound > 0.5
        reference = run.evaluate.reference
        assert reference is not None
        assert first.evaluate.holdout is not None
        assert reference.holdout == first.evaluate.holdout.digest
        assert reference.candidate < 0.2
        assert reference.champion > 0.8

    def test_weights_that_run_away_are_put_back(self, world: World) -> None:
        how = {"model": {"estimator": "SGDRegressor", "parameters": {}}, "evaluation": {"gates": [{"metric": "r2"}]}}
        world.begin(8, **how)
        world.add(8, 9, 10, edit=lambda c: {**c, "y": c["y"] * 1e200})
        run = world.run("second", **how)
        assert run.train.put_back == 1

    @pytest.mark.parametrize("label", [1e100, 1e200])
    def test_an_update_that_leaves_no_finite_error_is_put_back(self, world: World, label: float) -> None:
        model = {"estimator": "MLPRegressor", "parameters": {"solver": "sgd", "random_state": 0}}
        world.add(*range(6), edit=sums)
        world.promote(world.run("first", model=model, evaluation=RMSE))
        world.add(6, edit=lambda c: sums(c, label))
        world.add(7, 8, edit=sums)
        run = world.run("second", model=model, evaluation=RMSE)
        assert run.train.message.endswith(f"1 of 3 batches was put back: its values make {AWAY}")

    def test_so_is_the_first_of_all_and_without_another_there_is_no_model(self, world: World) -> None:
        model = {"estimator": "SGDRegressor", "parameters": {}}
        world.add(0, edit=lambda c: sums(c, 1.7976931348623157e308))
        world.add(*range(1, 6), edit=sums)
        run = world.run("first", model=model, evaluation=RMSE)
        assert run.train.message.endswith(f"1 of 4 batches was put back: its values make {AWAY}")
        world.add(*range(1, 4), edit=lambda c: sums(c, 1.7976931348623157e308))
        alone = world.run("alone", model=model, evaluation=RMSE).trained
        assert isinstance(alone, Fault)
        assert alone.message == f"SGDRegressor could not learn any batch: its weights ran away. {guard.IF_ABSURD}"

    def test_a_label_that_no_error_can_be_told_of_does_not_become_a_guard_row(self, world: World) -> None:
        """Learned it may be, by a loss that grows slowly; but all batches after it would be put back because of it."""
        model = {"estimator": "SGDRegressor", "parameters": {"loss": "huber"}}
        world.add(*range(6), edit=sums)
        world.promote(world.run("first", model=model, evaluation=RMSE))
        world.add(6, edit=lambda c: sums(c, 1e200))
        world.add(*range(7, 12), edit=sums)
        assert world.run("second", model=model, evaluation=RMSE).train.put_back == 1


def sums(columns: dict[str, Any], label: float | None = None) -> dict[str, Any]:
    """Label rows with a number that follows from two columns; one of them with another, where it is given."""
    labels = columns["a"] * 2 + columns["b"]
    return {**columns, "y": labels if label is None else np.where(np.arange(len(labels)) == 7, label, labels)}


def test_work_grows_linearly_with_the_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    errors: list[int] = []
    update, error = pipeline.update, guard.Guard.error

    def counted(model: Pipeline, rows: Rows, *rest: object, **how: object) -> None:
        calls.append(len(rows.labels))
        update(model, rows, *rest, **how)  # type: ignore[arg-type]

    def checked(self: guard.Guard, model: Pipeline) -> float | None:
        errors.append(len(self.labels))
        return error(self, model)

    monkeypatch.setattr(pipeline, "update", counted)
    monkeypatch.setattr(guard.Guard, "error", checked)
    work = {}
    for batches in (4, 8, 16):
        world.add(*range(batches + 2))
        calls.clear()
        errors.clear()
        assert world.run(f"n{batches}", data={"holdout": {"fraction": 0.05}}).train.batches == batches
        assert calls == [WEEK] * batches
        assert len(errors) == 2 * batches
        assert max(errors) <= guard.GUARD_ROWS
        work[batches] = sum(calls)
    assert work[16] == 2 * work[8] == 4 * work[4]
