"""Columns of words as features: what they bring, and in which files, slices and requests they come."""

import json
import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.learn import pipeline
from retrain_trainer.store.versions import open_version
from tests.trainer.client import serving
from tests.trainer.regions import REGIONS, as_type, hung_on_words, regions, renamed
from tests.trainer.world import WEEK, Edit, World, merge

TREES = {"estimator": "HistGradientBoostingClassifier", "parameters": {}, "mode": "Refit"}


@pytest.fixture
def world(world: World) -> World:
    world.task = merge(world.task, {"data": {"categories": [{"column": "region"}]}})
    return world


def profile(world: World, version: str = "v000001-first") -> Any:
    return json.loads((world.store / version / "profile.json").read_bytes())


@pytest.mark.parametrize("model", [{}, TREES], ids=["SGDClassifier", "HistGradientBoostingClassifier"])
def test_a_label_that_hangs_on_a_word_is_learned_from_the_word_alone(world: World, model: dict[str, Any]) -> None:
    world.add(*range(6), edit=hung_on_words)
    (without,) = world.run("without", data={"categories": [], "exclude": ["region"]}, model=model).evaluate.scores
    (score,) = world.promote(world.run("first", model=model)).evaluate.scores
    assert without.candidate < 0.65
    assert score.candidate > 0.9
    version = world.champion["uri"].rpartition("/")[2] if world.champion else ""
    assert profile(world, version)["layout"]["features"] == [*"abc", *(f"region={word}" for word in sorted(REGIONS))]
    assert "`region (8 words)`" in (world.store / version / "MODEL_CARD.md").read_text()
    world.add(*range(6, 9), edit=hung_on_words)
    (score,) = world.run("second", model=model).evaluate.scores
    assert score.candidate > 0.9
    assert score.champion is not None


def test_clean_weeks_of_eight_words_are_never_refused(world: World) -> None:
    """The rarest word is in one row of 200, so that some weeks are without it."""
    world.add(*range(6), edit=hung_on_words)
    world.promote(world.run("first"))
    missed = 0
    for week in range(6, 36):
        columns = hung_on_words(world.columns(week))
        missed += "ost+übersee" not in columns["region"].to_pylist()
        world.write(f"week-{week:03d}.parquet", pa.table(columns))
    assert 3 < missed < 27
    assert world.run("second").collect.batches == 30 + 2  # two weeks were held out at first


FILES: dict[str, tuple[str, Edit]] = {
    "text": ("week-{}.parquet", as_type(pa.string())),
    "large text": ("week-{}.parquet", as_type(pa.large_string())),
    "a dictionary": ("week-{}.parquet", as_type(pa.dictionary(pa.int8(), pa.string()))),
    "CSV": ("week-{}.csv", hung_on_words),
}


def test_the_same_words_in_any_kind_of_file_give_the_same_profile_and_predictions(world: World) -> None:
    found = set()
    for number, (name, edit) in enumerate(FILES.values(), start=1):
        world.add(*range(6), edit=edit, name=name)
        world.run("same")
        for path in (world.root / "data").iterdir():
            path.unlink()
        version = world.store / "v000001-same"
        found.add(tuple((version / file).read_bytes() for file in ("profile.json", "golden.json")))
        version.rename(world.root / f"kept-{number}")
    assert len(found) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.arange(WEEK) % 3 - 1, ["-1", "0", "1"]),
        (np.arange(WEEK) % 2 == 0, ["false", "true"]),
        (pa.array(["b", None] * (WEEK // 2)).dictionary_encode(), ["b"]),
        (pa.DictionaryArray.from_arrays(np.arange(WEEK) % 2, ["x", "z", "never"]), ["x", "z"]),
    ],
    ids=["integers", "booleans", "nulls", "a word that never occurs"],
)
def test_words_are_what_occurs_as_text(world: World, values: Any, words: list[str]) -> None:
    world.add(*range(6), edit=lambda columns: {**columns, "region": values})
    world.run("first")
    assert profile(world)["layout"]["categories"][0]["words"] == words


def test_in_buckets_every_word_is_known_and_falls_where_its_crc_says(world: World) -> None:
    world.task = merge(world.task, {"data": {"categories": [{"column": "region", "buckets": 16}]}})
    world.add(*range(6), edit=hung_on_words)
    world.promote(world.run("first"))
    found = profile(world)
    assert found["layout"]["features"] == [*"abc", *(f"region#{number}" for number in range(16))]
    shares = {feature["name"]: feature["bins"]["shares"][1] for feature in found["features"][3:]}
    taken = {f"region#{zlib.crc32(word.encode()) % 16}" for word in REGIONS}
    assert {name for name, share in shares.items() if share} == taken
    world.add(6, 7, 8, edit=lambda columns: renamed(hung_on_words(columns)))
    (score,) = world.run("second").evaluate.scores
    assert score.candidate > 0.75


def test_a_slice_is_each_known_word_and_all_other_rows(world: World) -> None:
    asked = {"gates": [{"metric": "accuracy"}], "slices": {"columns": ["region"], "minRows": 60, "tolerance": 0.1}}
    world.add(*range(5), edit=hung_on_words)
    world.add(5, edit=lambda columns: renamed(hung_on_words(columns)))
    world.run("first", evaluation=asked)
    slices = json.loads((world.store / "v000001-first" / "metrics.json").read_text())["slices"]
    held = np.concatenate([regions(WEEK, week) for week in (4, 5)])
    rows = {each["name"]: each["rows"] for each in slices}
    assert rows["region=north"] > 60
    assert rows["no known region"] > 60
    assert sum(rows.values()) == len(held)


async def test_the_server_takes_words_and_says_what_the_model_says(world: World) -> None:
    world.add(*range(6), edit=hung_on_words)
    world.promote(world.run("first", model={"replay": 0.2}))
    uri = f"{world.store_uri}/v000001-first"
    words = [*sorted(REGIONS), "unheard of", None]
    model, ones = pipeline.load_model(open_version(uri, None)), np.vstack([np.eye(8), np.zeros((2, 8))])
    features = np.hstack([np.zeros((10, 3)), ones])
    async with serving(uri) as client:
        _, metadata = await client.get("/v2/models/store")
        assert metadata["inputs"][2:] == [
            {"name": "c", "datatype": "FP64", "shape": [-1]},
            {"name": "region", "datatype": "BYTES", "shape": [-1]},
        ]
        tensors = [{"name": name, "shape": [10], "datatype": "FP64", "data": [0] * 10} for name in "abc"]
        tensors.append({"name": "region", "shape": [10], "datatype": "BYTES", "data": words})
        asked = [{"name": "predict_proba"}]
        path = "/v2/models/store/infer"
        status, by_word = await client.post(path, {"inputs": tensors, "outputs": asked})
        assert status == 200
        assert by_word["outputs"][0]["data"] == model.predict_proba(features).reshape(-1).tolist()
        assert (await client.infer(features, outputs=asked))[1]["outputs"] == by_word["outputs"]
        status, error = await client.post(path, {"inputs": [*tensors[:3], {**tensors[3], "data": [1.5] * 10}]})
    assert (status, error["error"]) == (400, "The data of tensor region are no words, integers or booleans.")


def test_a_step_that_is_repeated_leaves_the_same_bytes(world: World) -> None:
    world.add(*range(6), edit=hung_on_words)
    folder = world.workspace("first")
    left = [folder / "profile.json", folder / "holdout.parquet", folder / "plan.json"]
    found = []
    for _ in range(2):
        said = world.step("collect", "first")
        found.append((said, *(path.read_bytes() for path in left)))
    assert found[0] == found[1]
