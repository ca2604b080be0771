"""When a batch is refused for its words, and a policy for what it says of them."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome, Fault
from tests.trainer.regions import REGIONS, hung_on_words, renamed
from tests.trainer.world import WEEK, Edit, World, ended, merge


@pytest.fixture
def world(world: World) -> World:
    world.task = merge(world.task, {"data": {"categories": [{"column": "region"}]}})
    return world


class TestRefused:
    """What is wrong with a later batch, or with what a policy says of it."""

    @pytest.fixture
    def world(self, world: World) -> World:
        world.add(*range(6), edit=hung_on_words)
        world.promote(world.run("first"))
        return world

    def refused(self, world: World, edit: Edit) -> str:
        world.add(6, edit=lambda columns: edit(hung_on_words(columns)))
        said = ended(world.run("second"), CollectOutcome.DATA_INVALID)
        return said.removeprefix("Batch week-006.parquet, column region, check ")

    def test_unseen_words(self, world: World) -> None:
        assert self.refused(world, renamed) == (
            "unseen words: expected at most 10% with a word that the champion does not know, seen 31% (leave this "
            "check out: data.validation.skipChecks: [UnseenWords])."
        )
        run = world.run("third", data={"validation": {"skipChecks": ["UnseenWords"]}})
        assert run.collect.outcome is CollectOutcome.COLLECTED

    def test_missing_words(self, world: World) -> None:
        some = np.arange(WEEK) % 4 == 0
        said = self.refused(world, lambda c: {**c, "region": pa.array(c["region"].to_pylist(), mask=some)})
        assert said.startswith("nulls: expected at most 10% without a value, seen 25% (leave this check out")

    def test_one_word_alone(self, world: World) -> None:
        said = self.refused(world, lambda c: {**c, "region": ["north"] * WEEK})
        assert said.startswith("constant: expected words that differ, seen one same word in all rows (leave this")

    def test_one_word_far_more_often(self, world: World) -> None:
        some = np.arange(WEEK) % 3 > 0
        said = self.refused(world, lambda c: {**c, "region": np.where(some, "west", c["region"].to_pylist())})
        assert said.startswith("most common value: expected at most 5")

    def test_numbers(self, world: World) -> None:
        said = self.refused(world, lambda c: {**c, "region": np.ones(WEEK)})
        assert said == "type: expected words, integers or booleans, seen numbers."

    def test_no_column(self, world: World) -> None:
        said = self.refused(world, lambda c: {name: c[name] for name in ("time", *"abc", "y")})
        assert said == "columns: expected a column region, seen a, b, c, time, y."

    @pytest.mark.parametrize(
        ("categories", "words"),
        [([], "none"), ([{"column": "region", "buckets": 9}], "region in 9 buckets")],
        ids=["none", "buckets"],
    )
    def test_other_categories_than_the_champions(self, world: World, categories: Any, words: str) -> None:
        world.add(6, edit=hung_on_words)
        said = world.step("collect", "second", data={"categories": categories})
        assert isinstance(said, Fault)
        assert said.message == (
            f"The champion was trained with categories region, the policy says {words}. A model of other columns needs "
            "a store of its own (model.store)."
        )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"exclude": ["region"]}, "categories names region, which is label, timeColumn or in exclude"),
            ({"label": "region"}, "categories names region, which is label, timeColumn or in exclude"),
            ({"categories": [{"column": "region"}] * 2}, "categories names region twice"),
        ],
    )
    def test_a_column_of_another_use(self, world: World, changes: dict[str, Any], words: str) -> None:
        said = world.step("collect", "second", data=changes)
        assert isinstance(said, Fault)
        assert words in said.message

    def test_a_range_of_words(self, world: World) -> None:
        rules = {"ranges": [{"column": "region", "min": 0}]}
        world.add(6, edit=hung_on_words)
        said = world.step("collect", "second", data={"validation": rules})
        assert isinstance(said, Fault)
        assert said.message == (
            "data.validation.ranges names region, which holds words and no numbers; there are a, b, c."
        )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([f"w{n}" for n in range(WEEK)], "at most 255 different words (give the column buckets in data.categories), "),
        (["x" * 257, "y"] * (WEEK // 2), "words of at most 256 bytes (give the column buckets in data.categories), "),
        ([None] * WEEK, "words, integers or booleans, seen numbers."),
    ],
    ids=["too many", "too long", "none"],
)
def test_words_that_no_model_should_have_inputs_for(world: World, values: list[Any], words: str) -> None:
    world.add(*range(6), edit=lambda columns: {**columns, "region": values})
    assert f"expected {words}" in ended(world.run("first"), CollectOutcome.DATA_INVALID)


def test_all_features_together_are_bounded(world: World) -> None:
    buckets = [{"column": "region", "buckets": 4096}]
    world.add(*range(6), edit=hung_on_words)
    said = ended(world.run("first", data={"categories": buckets}), CollectOutcome.DATA_INVALID)
    assert "expected at most 4,096 features, each word and each bucket one, seen 4,099." in said


def test_a_column_that_is_called_as_a_word_of_another(world: World) -> None:
    world.add(*range(6), edit=lambda columns: {**hung_on_words(columns), "region=north": columns["a"]})
    said = ended(world.run("first"), CollectOutcome.DATA_INVALID)
    assert "column region=north, check columns: expected each name of a feature once, seen it twice, once for" in said


def test_columns_in_buckets_have_no_slices(world: World) -> None:
    asked = {"gates": [{"metric": "accuracy"}], "slices": {"columns": ["region"]}}
    world.add(*range(6), edit=hung_on_words)
    buckets = {"categories": [{"column": "region", "buckets": 8}]}
    said = world.step("collect", "first", data=buckets, evaluation=asked)
    assert isinstance(said, Fault)
    assert said.message == "evaluation.slices names region, which holds words in buckets; there are a, b, c."


def test_a_first_batch_that_is_refused_settles_no_words(world: World) -> None:
    world.add(0, edit=lambda columns: {**columns, "region": ["nowhere"] * WEEK, "y": [None] * 9 + [1] * (WEEK - 9)})
    world.add(*range(1, 6), edit=hung_on_words)
    run = world.run("first", data={"validation": {"onBadBatch": "Skip"}})
    assert "Left out: Batch week-000.parquet, column y, check label" in run.collect.message
    layout = json.loads((world.store / "v000001-first" / "profile.json").read_bytes())["layout"]
    assert layout["categories"][0]["words"] == sorted(REGIONS)


def test_rows_without_a_label_take_their_words_with_them(world: World) -> None:
    def edit(columns: dict[str, Any]) -> dict[str, Any]:
        words = [*["unlabelled"] * 2, *columns["region"].to_pylist()[2:]]
        return {**columns, "region": words, "y": [None] * 2 + columns["y"][2:].tolist()}

    world.add(*range(6), edit=hung_on_words)
    world.promote(world.run("first"))
    world.add(6, 7, 8, edit=lambda columns: edit(hung_on_words(columns)))
    (score,) = world.run("second").evaluate.scores
    assert score.candidate > 0.9
    (seen,) = json.loads((world.store / "v000002-second" / "profile.json").read_bytes())["words"]
    assert (seen["column"], seen["nullRatio"], seen["unseen"]) == ("region", 0, 0)


def test_bytes_that_are_no_text_make_an_unreadable_batch(world: World) -> None:
    broken = pa.array([b"\xff\xfe", b"north"] * (WEEK // 2)).view(pa.string())
    world.add(*range(6), edit=lambda columns: {**columns, "region": broken})
    assert "check readable: expected a whole Parquet" in ended(world.run("first"), CollectOutcome.DATA_INVALID)
