"""Slices of the holdout: which there are, which is the worst, and that a candidate that gives one up is told apart."""

import json

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import Champion, Evaluation, Fault
from retrain_trainer.contract.verdict import Ground, verdict
from retrain_trainer.telling import naming
from tests.trainer.world import WEEK, Edit, World

OLD, NEW = (2, 1, -1), (-1, 2, 1)

ASKED = {"gates": [{"metric": "accuracy"}], "slices": {"columns": ["region", "a"], "minRows": 60, "tolerance": 0.1}}


def regions(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One row in five lies in region 2, the others in region 1."""
    region = np.where(np.arange(WEEK) % 5 == 0, 2.0, 1.0)
    return {"region": region, **columns}


def turned_in_region_2(rule: tuple[float, ...], seed: int) -> Edit:
    """Region 1 follows one rule. Region 2 follows the opposite of the first rule, then as now."""

    def edit(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        made, noise = regions(columns), np.random.default_rng(seed).normal(scale=0.2, size=WEEK)
        features = np.stack([made[name] for name in "abc"], axis=1)
        here, there = features @ np.array(rule) + noise > 0, features @ np.array(OLD) < 0
        return {**made, "y": np.where(made["region"] == 2, there, here).astype(np.int64)}

    return edit


def test_each_value_of_a_column_with_few_and_each_quartile_of_one_with_many(world: World) -> None:
    world.add(*range(6), edit=regions)
    run = world.run("first", evaluation=ASKED)
    slices = json.loads((world.store / "v000001-first" / "metrics.json").read_text())["slices"]
    names = {each["name"] for each in slices}
    assert {"region=1", "region=2"} < names
    assert sum(" a " in f" {name} " for name in names) == 4
    assert sum(each["rows"] for each in slices if each["name"].startswith("region")) == 2 * WEEK
    assert all(each["champion"] is None for each in slices)
    assert run.evaluate.worst_slice is not None
    assert run.evaluate.worst_slice.candidate == min(each["candidate"] for each in slices)


def test_a_candidate_that_gives_up_one_region_is_rejected_by_it(world: World) -> None:
    """The champion, a tree, knows both regions. The candidate, a line, learns what is new in one, and loses one."""
    world.add(*range(6), edit=turned_in_region_2(OLD, 0))
    tree = {"estimator": "HistGradientBoostingClassifier", "parameters": {}, "mode": "Refit"}
    world.promote(world.run("first", evaluation=ASKED, model=tree))
    world.add(*range(6, 12), edit=turned_in_region_2(NEW, 1))
    line = {"estimator": "LogisticRegression", "parameters": {}, "mode": "Refit", "window": 6}
    run = world.run("second", evaluation=ASKED, model=line)
    worst = run.evaluate.worst_slice
    assert worst is not None
    assert (worst.name, worst.rows) == ("region=2", 136)
    champion = Champion.model_validate(world.champion)
    judged = Evaluation.model_validate(ASKED | {"referenceTolerance": 1})
    found = verdict(judged, champion, run.evaluate)
    assert (found.ground, found.message) == (
        Ground.SLICE_REGRESSION,
        f"On the 136 rows with region=2 the candidate has accuracy {worst.candidate:.4g}, the champion "
        f"{worst.champion:.4g}: worse by more than 0.1.",
    )
    unsliced = judged.model_copy(update={"slices": None})
    assert verdict(unsliced, champion, run.evaluate).promote


@pytest.mark.parametrize("column", ["y", "time", "colour"])
def test_a_slice_of_no_feature_is_a_fault_at_once(world: World, column: str) -> None:
    world.add(*range(6), edit=regions)
    world.workspace("first")
    answer = world.step("collect", "first", evaluation=ASKED | {"slices": {"columns": [column]}})
    assert isinstance(answer, Fault)
    assert answer.message == f"evaluation.slices names {column}, which is no feature; there are region, a, b, c."


def test_a_column_of_words_without_any_word_is_one_slice(world: World) -> None:
    world.add(*range(6), edit=lambda columns: {"w": pa.nulls(WEEK, pa.string()), **columns})
    run = world.run("first", data={"categories": [{"column": "w"}]}, evaluation=ASKED | {"slices": {"columns": ["w"]}})
    assert run.evaluate.worst_slice is not None
    assert run.evaluate.worst_slice.name == "no known w"


def test_long_words_are_cut_and_still_told_apart(world: World) -> None:
    long = ["n" * 255 + end for end in "ab"]
    world.add(*range(6), edit=lambda columns: {"w": np.array(long)[np.arange(WEEK) % 2], **columns})
    run = world.run("first", data={"categories": [{"column": "w"}]}, evaluation=ASKED | {"slices": {"columns": ["w"]}})
    assert run.evaluate.worst_slice is not None
    slices = json.loads((world.store / "v000001-first" / "metrics.json").read_text())["slices"]
    assert {each["name"] for each in slices} == {naming.of_word("w", word) for word in long}
    assert len({each["name"] for each in slices}) == 2


@pytest.mark.parametrize(
    "word", ["n" * 256, "\N{SNOWMAN}" * 85, "\x01" * 256, '"' * 256, "\N{COLLISION SYMBOL}" * 16, "é"]
)
def test_a_name_is_as_long_as_was_foreseen_at_most(word: str) -> None:
    name, longest = naming.of_word("w", word), naming.longest("w", words=True)
    assert len(json.dumps(name, ensure_ascii=False).encode()) <= len(json.dumps(longest))
    assert len(naming.longest("c" * 128, words=True)) <= 256


@pytest.mark.parametrize(
    ("borders", "names"),
    [
        ([-0.692266240959074, 0.0284024829046144], ["a <= -0.6923", "-0.6923 < a <= 0.0284", "a > 0.0284"]),
        ([1.0, 1.0000001], ["a <= 1", "1 < a <= 1.0000001", "a > 1.0000001"]),
        ([1234560.5, 1e300], ["a <= 1234560", "1234560 < a <= 1e+300", "a > 1e+300"]),
    ],
)
def test_borders_are_told_by_as_many_digits_as_tell_them_apart(borders: list[float], names: list[str]) -> None:
    assert naming.between("a", borders) == names
    assert all(len(name) <= len(naming.longest("a", words=False)) for name in names)


def test_values_that_differ_have_names_that_differ() -> None:
    names = [naming.at("g", value) for value in (0.3, 0.1 + 0.2, -0.0, 7.0)]
    assert names == ["g=0.3", "g=0.30000000000000004", "g=0", "g=7"]


def test_large_numbers_are_told_in_full(world: World) -> None:
    world.add(*range(6), edit=lambda columns: {"store": 1_234_560.0 + np.arange(WEEK) % 3, **columns})
    run = world.run("first", evaluation=ASKED | {"slices": {"columns": ["store"], "minRows": 60}})
    slices = json.loads((world.store / "v000001-first" / "metrics.json").read_text())["slices"]
    assert {each["name"] for each in slices} == {"store=1234560", "store=1234561", "store=1234562"}
    assert run.evaluate.worst_slice is not None
