"""Requests that are answered together: each gets what it would get alone, to the bit, and bears only its own fault."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from retrain_trainer.contract import Model
from retrain_trainer.data.rows import Floats
from retrain_trainer.learn import pipeline
from retrain_trainer.learn.estimators import MODULES, Kind
from retrain_trainer.serve.served import Served, load
from retrain_trainer.serve.server import Settings
from retrain_trainer.serve.together import LINEAR, TREES, say, scores
from retrain_trainer.serve.waiting import Waiting
from retrain_trainer.store.versions import open_version
from retrain_trainer.telling.faults import InputError
from tests.trainer.client import rows, serving
from tests.trainer.world import World

BOTH = [{"name": "predict"}, {"name": "predict_proba"}]


class Divider:
    """Divides 60 by what is asked, and remembers in which company each was asked."""

    def __init__(self) -> None:
        self.companies: list[list[int]] = []

    def __call__(self, asked: Sequence[int]) -> list[float]:
        self.companies.append(list(asked))
        return [60 / number for number in asked]


async def test_who_asks_at_the_same_moment_is_answered_in_one_call() -> None:
    divider = Divider()
    waiting = Waiting(divider)
    assert await asyncio.gather(*(waiting.ask(number) for number in (1, 2, 3))) == [60, 30, 20]
    assert await waiting.ask(4) == 15
    assert divider.companies == [[1, 2, 3], [4]]


async def test_who_cannot_be_answered_spoils_no_answer_of_others() -> None:
    divider = Divider()
    waiting = Waiting(divider)
    answers = await asyncio.gather(*(waiting.ask(number) for number in (1, 0, 3)), return_exceptions=True)
    assert [repr(answer) for answer in answers] == ["60.0", "ZeroDivisionError('division by zero')", "20.0"]
    assert divider.companies == [[1, 0, 3], [1], [0], [3]]


async def test_who_went_away_is_not_answered() -> None:
    divider = Divider()
    waiting = Waiting(divider)
    gone, there = (asyncio.create_task(waiting.ask(number)) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await there == 30
    assert divider.companies == [[2]]


@pytest.mark.parametrize(
    ("estimator", "mode"),
    [
        ("SGDClassifier", "Incremental"),
        ("MLPClassifier", "Incremental"),
        ("RandomForestClassifier", "Refit"),
        ("HistGradientBoostingClassifier", "Refit"),
        ("SGDRegressor", "Incremental"),
    ],
)
async def test_together_each_gets_what_the_model_says_of_it_alone(world: World, estimator: str, mode: str) -> None:
    parameters = {"loss": "log_loss"} if estimator == "SGDClassifier" else {}
    uri = version(world, {"estimator": estimator, "mode": mode, "parameters": parameters})
    outputs = BOTH[: 1 if "Regressor" in estimator else 2]
    alone = pipeline.load_model(open_version(uri, None))
    features, _ = rows(world, 9)
    features[::7, 1] = np.nan
    # Most ask for one row; a few for several, and some for less than all there is to say.
    parts = np.split(features, [*range(1, 90), 100, 200])
    served = served_of(uri)
    wanted = [outputs[: 1 + place % len(outputs)] for place in range(len(parts))]
    answers = await asyncio.gather(
        *(served.infer(body(part, outputs=names)) for part, names in zip(parts, wanted, strict=True))
    )
    for part, names, answer in zip(parts, wanted, answers, strict=True):
        said = {output["name"]: output["data"] for output in answer["outputs"]}
        assert said == {each["name"]: getattr(alone, each["name"])(part).reshape(-1).tolist() for each in names}
    assert served.watch.features.seen == len(features)


@pytest.mark.parametrize("name", [name for name, _ in MODULES if name.startswith(TREES)])
def test_trees_say_of_a_row_the_same_in_any_company(name: str) -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(400, 5))
    score = features @ random.normal(size=5) + random.normal(size=400)
    classifies = (name, Kind.CLASSIFIER) in MODULES
    model = pipeline.build(Model(store="file:///m", estimator=name))
    model.fit(features, np.digitize(score, [-1, 1]) if classifies else score)
    for output in ("predict", "predict_proba")[: 1 + classifies]:
        ask = getattr(model, output)
        assert np.array_equal(ask(features)[:50], np.concatenate([ask(features[row : row + 1]) for row in range(50)]))


@pytest.mark.parametrize("name", [name for name, _ in MODULES if name.startswith(LINEAR)])
@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn.linear_model")
@pytest.mark.parametrize("edges", [[0], [-1, 1]], ids=["two classes", "three classes"])
def test_a_linear_classifier_scores_a_row_the_same_in_any_company(name: str, edges: list[int]) -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(600, 23))
    model = pipeline.build(Model(store="file:///m", estimator=name)).named_steps["estimator"]
    model.fit(features, np.digitize(features @ random.normal(size=23), edges))
    alone = [features[row : row + 1] for row in range(600)]
    theirs = np.concatenate([model.decision_function(row).reshape(1, -1) for row in alone])
    assert np.array_equal(scores(model, features), theirs)
    assert say(model, "predict", alone) == [model.predict(row) for row in alone]
    with pytest.raises(ValueError, match="Input X contains infinity"):
        say(model, "predict", [*alone, np.full((1, 23), np.inf)])


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
async def test_a_row_that_the_estimator_cannot_take_fails_alone(world: World) -> None:
    served = served_of(version(world, {"estimator": "RandomForestClassifier", "mode": "Refit", "parameters": {}}))
    features, _ = rows(world, 9)
    features[1, 0] = 1e300
    answers = await asyncio.gather(
        *(served.infer(body(features[row : row + 1])) for row in range(3)), return_exceptions=True
    )
    assert "too large for dtype('float32')" in str(answers[1])
    said = served.model.predict(features[[0, 2]]).tolist()
    assert [answers[row]["outputs"][0]["data"] for row in (0, 2)] == [[said[0]], [said[1]]]  # type: ignore[index]
    assert served.watch.features.seen == 2


async def test_an_estimator_without_probabilities_says_so(world: World) -> None:
    served = served_of(version(world, {"estimator": "Perceptron", "mode": "Incremental", "parameters": {}}))
    with pytest.raises(InputError, match=r"^Perceptron gives no probabilities\.$"):
        await served.infer(body(np.ones((1, 3)), outputs=BOTH))


async def test_clients_at_the_same_time_get_each_the_prediction_of_its_own_row(world: World, uri: str) -> None:
    model = pipeline.load_model(open_version(uri, None))
    features, _ = rows(world, 9)
    async with serving(uri) as client:
        asked = [client.infer(row.reshape(1, -1), id=str(number), outputs=BOTH) for number, row in enumerate(features)]
        wrong = [client.infer(np.ones((1, 2))) for _ in range(9)]
        *answers, last = await asyncio.gather(*asked, *wrong)
        series = await client.metrics()
    assert last[0] == 400
    for number, (status, answer) in enumerate(answers[: len(features)]):
        row = features[number : number + 1]
        assert (status, answer["id"]) == (200, str(number))
        assert answer["outputs"][0]["data"] == model.predict(row).tolist()
        assert answer["outputs"][1]["data"] == model.predict_proba(row)[0].tolist()
    assert series['retrain_predictions_total{model="store",version="v000001-first"}'] == len(features)


def version(world: World, model: dict[str, Any]) -> str:
    metric = "r2" if "Regressor" in model["estimator"] else "accuracy"
    candidate = world.begin(6, model=model, evaluation={"gates": [{"metric": metric}]}).evaluate.candidate
    assert candidate is not None
    return candidate.uri


def served_of(uri: str) -> Served:
    return load(Settings(uri=uri, name="store", digest=None, port=0, host=None, window=200))


def body(part: Floats, **more: Any) -> dict[str, Any]:
    data = [None if np.isnan(value) else value for value in part.reshape(-1).tolist()]
    return {"inputs": [{"name": "input", "shape": list(part.shape), "datatype": "FP64", "data": data}], **more}
