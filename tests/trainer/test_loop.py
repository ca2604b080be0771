"""The ways a model is made and measured, from files to a version in the store."""

import json

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome, EvaluateOutcome, TrainOutcome
from tests.trainer.world import WEEK, World, flipped

EARLY, LATE = (2, 1, -1), (-1, 2, 1)


def test_a_first_version_is_trained_on_the_older_rows_and_measured_on_the_newest(world: World) -> None:
    world.add(*range(6))
    run = world.run("first")
    assert (run.collect.outcome, run.collect.batches, run.collect.rows) == (CollectOutcome.COLLECTED, 6, 6 * WEEK)
    assert run.collect.message == "6 batches with 2,016 new rows; the newest 672 are held out."
    assert (run.train.outcome, run.train.batches, run.train.rows) == (TrainOutcome.TRAINED, 4, 4 * WEEK)
    assert run.train.message == "SGDClassifier learned from 1,344 rows in 4 batches."
    assert run.evaluate.outcome is EvaluateOutcome.EVALUATED
    assert run.evaluate.candidate is not None
    assert run.evaluate.candidate.uri == f"{world.store_uri}/v000001-first"
    (score,) = run.evaluate.scores
    assert score.candidate > 0.85
    assert (score.champion, score.improvement, score.lower_bound) == (None, None, None)
    assert run.evaluate.message.endswith("on 672 held-out rows; there is no champion to compare with.")
    held = run.evaluate.holdout
    assert held is not None
    assert (held.rows, held.blocks, str(held.start)) == (2 * WEEK, 14, "2024-01-29 00:00:00+00:00")


def test_after_real_change_the_candidate_is_better_than_the_champion_on_the_same_rows(world: World) -> None:
    world.begin()
    world.add(*range(6, 14), rule=LATE)
    run = world.run("second")
    (score,) = run.evaluate.scores
    assert score.champion is not None
    assert score.improvement is not None
    assert score.lower_bound is not None
    assert score.improvement == pytest.approx(score.candidate - score.champion, abs=1e-5)
    assert 0 < score.lower_bound < score.improvement
    assert run.evaluate.champion is not None
    assert world.champion == run.evaluate.champion.model_dump()
    assert "better by" in run.evaluate.message


def test_a_candidate_that_is_worse_says_so_with_a_negative_improvement(world: World) -> None:
    world.begin(8)
    world.add(8, 9, edit=flipped)
    world.add(10, 11)
    run = world.run(
        "second", model={"mode": "Refit", "window": 2, "estimator": "DecisionTreeClassifier", "parameters": {}}
    )
    (score,) = run.evaluate.scores
    assert score.improvement is not None
    assert score.lower_bound is not None
    assert score.lower_bound < score.improvement < -0.5
    assert "worse by" in run.evaluate.message


def test_rows_once_held_out_are_trained_on_next_time_and_rows_trained_on_never_again(world: World) -> None:
    world.begin(6)
    world.add(6, 7)
    run = world.run("second")
    assert run.collect.rows == 4 * WEEK
    assert run.train.rows == 2 * WEEK
    world.promote(run)
    manifest = json.loads((world.store / "v000002-second" / "manifest.json").read_bytes())
    assert [batch["behind"] for batch in manifest["batches"]] == [WEEK] * 6 + [0, 0]
    assert manifest["parent"]["uri"] == f"{world.store_uri}/v000001-first"


def test_a_batch_that_the_holdout_cuts_through_is_trained_on_up_to_there(world: World) -> None:
    world.add(*range(5))
    run = world.run("first", data={"holdout": {"minRows": 700}})
    held = run.evaluate.holdout
    assert held is not None
    assert held.rows == 700
    assert (run.train.batches, run.train.rows) == (3, 5 * WEEK - 700)


def test_refit_trains_anew_on_a_window_of_the_newest_batches(world: World) -> None:
    world.begin(6)
    world.add(*range(6, 14), rule=LATE)
    refit = {"mode": "Refit", "window": 3, "estimator": "RandomForestClassifier", "parameters": {"n_estimators": 10}}
    run = world.run("second", model=refit)
    assert (run.train.batches, run.train.rows) == (3, 3 * WEEK)
    (score,) = run.evaluate.scores
    assert score.lower_bound is not None
    assert score.lower_bound > 0


def test_refit_leaves_out_the_rows_that_the_champion_was_judged_on(world: World) -> None:
    world.begin(6)
    world.add(6, 7, 8)
    run = world.run("second", model={"mode": "Refit"})
    assert run.collect.rows == 5 * WEEK
    assert run.train.rows == 4 * WEEK + WEEK  # weeks 0-3 and week 6; 4 and 5 are the reference, 7 and 8 the holdout


def test_another_estimator_is_trained_from_the_first_batch_on(world: World) -> None:
    world.begin(6)
    world.add(6, 7, 8)
    run = world.run("second", model={"estimator": "GaussianNB", "parameters": {}})
    assert run.train.rows == 7 * WEEK


def test_csv_and_parquet_of_the_same_rows_give_the_same_model(world: World) -> None:
    world.add(*range(6), name="week-{}.csv")
    one = world.run("csv")
    for path in (world.root / "data").iterdir():
        path.unlink()
    world.add(*range(6))
    two = world.run("parquet")
    assert one.evaluate.scores == two.evaluate.scores
    csv, parquet = ((world.store / name / "golden.json").read_bytes() for name in ("v000001-csv", "v000002-parquet"))
    assert csv == parquet


def test_the_same_inputs_give_the_same_predictions(world: World) -> None:
    world.add(*range(6))
    model = {"estimator": "MLPClassifier", "parameters": {"hidden_layer_sizes": [8]}}
    one, two = world.run("one", model=model), world.run("two", model=model)
    assert one.evaluate.scores == two.evaluate.scores
    first, second = ((world.store / name / "golden.json").read_bytes() for name in ("v000001-one", "v000002-two"))
    assert first == second


def test_regression(world: World) -> None:
    def price(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {**columns, "y": 3 * columns["a"] - columns["b"] + 10}

    world.add(*range(6), edit=price)
    changes = {
        "model": {"estimator": "SGDRegressor", "parameters": {}},
        "evaluation": {
            "gates": [{"metric": "r2"}, {"metric": "rmse", "goal": "Minimize"}, {"metric": "mae", "goal": "Minimize"}]
        },
    }
    first = world.promote(world.run("first", **changes))
    assert {score.metric for score in first.evaluate.scores} == {"r2", "rmse", "mae"}
    assert first.evaluate.scores[0].candidate > 0.95
    world.add(*range(6, 12), edit=lambda columns: {**price(columns), "y": price(columns)["y"] + 2})
    second = world.run("second", **changes)
    r2, rmse, mae = second.evaluate.scores
    for score in (r2, rmse, mae):
        assert score.improvement is not None
        assert score.improvement > 0
    assert rmse.champion is not None
    assert rmse.champion > rmse.candidate


def gates(*metrics: str) -> dict[str, object]:
    return {"gates": [{"metric": metric} for metric in metrics]}


def test_labels_may_be_words_and_missing_values_are_filled(world: World) -> None:
    def gaps(columns: dict[str, np.ndarray]) -> dict[str, object]:
        holes = np.arange(WEEK) % 20 == 0
        words = np.where(columns["y"] == 1, "stays", "leaves")
        return {**columns, "a": pa.array(columns["a"], mask=holes), "y": pa.array(words.tolist())}

    world.add(*range(6), edit=gaps)
    run = world.promote(world.run("first", evaluation=gates("f1", "roc_auc", "brier")))
    assert [score.metric for score in run.evaluate.scores] == ["f1", "roc_auc", "brier"]
    assert run.evaluate.scores[0].candidate > 0.8


def test_without_a_time_column_the_order_of_batches_and_rows_is_taken(world: World) -> None:
    world.add(*range(6), edit=lambda columns: {name: columns[name] for name in "abcy"})
    run = world.promote(world.run("first", data={"timeColumn": None}))
    held = run.evaluate.holdout
    assert held is not None
    assert (held.rows, held.blocks, held.start) == (2 * WEEK, 2 * WEEK // 25, None)
    assert run.train.rows == 4 * WEEK
    world.add(6, 7, 8, edit=lambda columns: {name: columns[name] for name in "abcy"})
    assert world.run("second", data={"timeColumn": None}).train.rows == 3 * WEEK


def test_a_metric_that_cannot_be_computed_is_left_out(world: World) -> None:
    world.begin(6, model={"parameters": {"loss": "hinge"}})
    world.add(6, 7, 8)
    run = world.run("second", evaluation=gates("log_loss", "roc_auc", "accuracy"))
    assert [score.metric for score in run.evaluate.scores] == ["roc_auc", "accuracy"]
    assert run.evaluate.message == "log_loss cannot be computed: the champion gives no probabilities."
