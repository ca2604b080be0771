"""The answer of evaluate has 2 KiB: what can fit does, and what cannot is told before anything is trained."""

import pytest

from retrain_trainer.contract import Champion, Data, Evaluation, Fault, Model, Task
from retrain_trainer.learn.estimators import METRICS, Kind
from retrain_trainer.telling import answers, room
from retrain_trainer.telling.faults import StepError
from tests.trainer.world import World

ALL = [{"metric": metric} for metric in METRICS[Kind.CLASSIFIER]]


def evaluation(column: str) -> dict[str, object]:
    return {"gates": ALL, "slices": {"columns": [column]}}


def task(store: str) -> Task:
    return Task(
        run="churn-0123456789",
        nonce="n" * 32,
        data=Data(source="file:///data/*", label="y"),
        model=Model(store=store, estimator="SGDClassifier"),
        evaluation=Evaluation.model_validate(evaluation("c" * 40)),
        champion=Champion(uri=f"{store}/v000009-0123456789"),
    )


def test_eight_metrics_and_a_slice_fit() -> None:
    room.require_room(task("file:///models/churn-of-customers"))


def test_with_long_names_they_do_not() -> None:
    with pytest.raises(StepError, match="could be longer than 2048 bytes: shorten"):
        room.require_room(task("file:///" + "m" * 300))


def test_what_cannot_fit_is_a_fault_of_collect(world: World) -> None:
    world.add(*range(6))
    world.workspace("first")
    far = {"store": f"{world.store_uri}/{'m' * 380}"}
    answer = world.step("collect", "first", evaluation=evaluation("ü" * 128), model=far)
    assert isinstance(answer, Fault)
    assert answer.message == f"The answer to this task could be longer than 2048 bytes: {answers.SHORTER}."
