"""What a server counts: accuracy from late labels, drift from the bins of its own data."""

import json
import re
import time
from typing import Any

import numpy as np
import pytest

from retrain_trainer.data.profile import psi
from retrain_trainer.serve.feedback import feedback_of
from retrain_trainer.telling.faults import InputError
from tests.trainer.client import rows, serving
from tests.trainer.world import World


async def test_accuracy_is_correct_feedback_over_all_feedback(world: World, uri: str) -> None:
    features, truth = rows(world, 9)
    this, other = 'model="store",version="v000001-first"', 'model="store",version="v000000-old"'
    async with serving(uri) as client:
        assert (await client.metrics())[f"retrain_feedback_total{{{this}}}"] == 0
        _, answer = await client.infer(features)
        said = answer["outputs"][0]["data"]
        assert await client.post("/feedback", {"predicted": said, "actual": truth}) == (200, {"accepted": 336})
        late = {"predicted": [0, 0], "actual": [7, 0], "model_version": "v000000-old"}
        assert await client.post("/feedback", late) == (200, {"accepted": 2})
        series = await client.metrics()
    assert series[f"retrain_predictions_total{{{this}}}"] == 336
    assert series[f"retrain_feedback_total{{{this}}}"] == 336
    correct = sum(one == two for one, two in zip(said, truth, strict=True))
    assert series[f"retrain_feedback_correct_total{{{this}}}"] == correct
    assert 250 < correct < 336
    assert series[f"retrain_feedback_total{{{other}}}"] == 2
    assert series[f"retrain_feedback_correct_total{{{other}}}"] == 1
    assert time.time() - series['retrain_last_feedback_timestamp_seconds{model="store"}'] < 60
    info = next(name for name in series if name.startswith("retrain_model_info"))
    assert re.search('digest="sha256:[0-9a-f]{64}",model="store",version="v000001-first"', info)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"predicted": [1]}, 'Feedback is {"predicted": [...], "actual": [...]}, two lists of the same length.'),
        ({"predicted": [1], "actual": [1, 2]}, 'Feedback is {"predicted": [...], "actual": [...]}, two lists of '),
        (
            {"predicted": [1], "actual": [1], "model_version": "x" * 900},
            "model_version is no name of a version, such as ",
        ),
        ({"predicted": [1], "actual": [1], "version": "x"}, "Feedback has no field version; it has predicted, actual "),
        (
            {"predicted": [0, 1], "actual": [1, None]},
            "actual[1] is null: leave out rows whose truth is not known yet.",
        ),
        (
            {"predicted": ["0"], "actual": [0]},
            "predicted[0] is text; the classes of this model are numbers, such as 0.",
        ),
        ({"predicted": [0], "actual": [[0]]}, "actual[0] is no single value; the classes of this model are numbers"),
        (
            '{"predicted": [0], "actual": [NaN]}',
            "actual[0] is no number below 1e100; the classes of this model are numbers",
        ),
    ],
)
async def test_feedback_that_is_none(uri: str, body: Any, error: str) -> None:
    async with serving(uri) as client:
        status, answer = await client.post("/feedback", body)
        assert status == 400
        assert answer["error"].startswith(error)
        assert (await client.metrics())['retrain_feedback_total{model="store",version="v000001-first"}'] == 0
        for number in range(99):
            version = f"v{number:06d}-x"
            assert (await client.post("/feedback", {"predicted": [], "actual": [], "model_version": version}))[0] == 200
        status, answer = await client.post("/feedback", {"predicted": [1], "actual": [1], "model_version": "v999999-x"})
    assert status == 400
    assert answer["error"].endswith("v999999-x is one too many.")


async def test_drift_is_seen_in_the_bins_of_the_data_the_version_comes_from(world: World, uri: str) -> None:
    drift = 'retrain_feature_psi{{feature="{}",model="store"}}'.format
    async with serving(uri, window=300) as client:
        await client.infer(rows(world, 9)[0][:100])
        assert not any("psi" in name for name in await client.metrics())
        await client.infer(rows(world, 9)[0][100:300])
        calm = await client.metrics()
        for week in (10, 11):
            await client.infer(rows(world, week)[0] + [3, 0, 0])
        moved = await client.metrics()
    assert calm[drift("a")] < 0.15
    assert calm['retrain_prediction_psi{model="store"}'] < 0.15
    assert moved[drift("a")] > 2
    assert moved[drift("b")] < 0.15
    assert moved['retrain_prediction_psi{model="store"}'] > 1
    bins = [moved[f'retrain_feature_bin_total{{bin="{n}",feature="a",model="store"}}'] for n in range(10)]
    assert sum(bins) == 300 + 2 * 336
    profile = json.loads((world.store / "v000001-first" / "profile.json").read_text())
    last = np.concatenate([rows(world, week)[0][:, 0] + 3 for week in (10, 11)])[-300:]
    edges, shares = (profile["features"][0]["bins"][name] for name in ("edges", "shares"))
    counts = np.bincount(np.searchsorted(edges, last), minlength=10)
    assert moved[drift("a")] == pytest.approx(psi(shares, counts / 300))


def test_of_classes_in_words_the_truth_is_a_word_even_one_that_the_model_does_not_know() -> None:
    told = feedback_of({"predicted": ["no", "yes"], "actual": ["perhaps", "yes"]}, "v000001-a", ["no", "yes"])
    assert (told.version, told.correct) == ("v000001-a", 1)
    with pytest.raises(InputError, match=r"^actual\[0\] is a number; the classes of this model are text, such as 'no'"):
        feedback_of({"predicted": ["no"], "actual": [1]}, "v000001-a", ["no", "yes"])


UNFIT = {
    '"x"': "text; this model predicts numbers.",
    "null": "null: leave out rows whose truth is not known yet.",
    "-Infinity": "no number below 1e100; this model predicts numbers.",
    "9" * 400: "no number below 1e100; this model predicts numbers.",
    "-1e308": "no number below 1e100; this model predicts numbers.",
}


async def test_a_regression_counts_how_far_it_was_off(world: World) -> None:
    model = {"estimator": "SGDRegressor", "parameters": {}}
    run = world.begin(6, model=model, evaluation={"gates": [{"metric": "r2"}]})
    assert run.evaluate.candidate is not None
    async with serving(run.evaluate.candidate.uri) as client:
        _, answer = await client.infer(rows(world, 9)[0])
        assert answer["outputs"][0]["datatype"] == "FP64"
        assert (await client.post("/feedback", {"predicted": [1.5, 2], "actual": [1, 4]}))[0] == 200
        for odd, said in UNFIT.items():
            status, error = await client.post("/feedback", f'{{"predicted": [1, 1], "actual": [1, {odd}]}}')
            assert (status, error["error"]) == (400, f"actual[1] is {said}")
        series = await client.metrics()
    assert series['retrain_feedback_absolute_error_total{model="store",version="v000001-first"}'] == 2.5
    assert not any("correct" in name for name in series)
