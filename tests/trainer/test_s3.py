"""The whole loop on a bucket: batches are found there, versions live there, and nothing is fetched twice."""

import json
import os
from pathlib import Path

import pytest

from retrain_trainer.contract import CollectOutcome, Fault
from retrain_trainer.files import objects
from retrain_trainer.files.batches import listing
from retrain_trainer.files.fetch import matches
from retrain_trainer.files.objects import Object
from retrain_trainer.telling.faults import StepError
from tests.trainer.s3 import BucketWorld
from tests.trainer.world import ended

FOREST = {"estimator": "RandomForestClassifier", "parameters": {"n_estimators": 10, "max_depth": 5}, "mode": "Refit"}


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of what is copied from the bucket, in order."""
    keys: list[str] = []
    fetch = objects.Bucket.fetch

    def noted(bucket: objects.Bucket, found: Object, path: Path) -> str:
        keys.append(found.key)
        return fetch(bucket, found, path)

    monkeypatch.setattr(objects.Bucket, "fetch", noted)
    return keys


def weeks(*numbers: int) -> list[str]:
    return [f"data/week-{number:03d}.parquet" for number in numbers]


class TestTheLoop:
    def test_from_a_first_version_to_no_new_data(self, bucket_world: BucketWorld, fetched: list[str]) -> None:
        world = bucket_world
        first = world.begin(6)
        assert first.collect.message == "6 batches with 2,016 new rows; the newest 672 are held out."
        assert first.evaluate.candidate is not None
        assert first.evaluate.candidate.uri == f"{world.store_uri}/v000001-first"
        assert sorted(fetched) == weeks(*range(6))
        fetched.clear()
        world.add(6, 7, 8)
        second = world.promote(world.run("second"))
        assert second.collect.batches == 5
        assert second.evaluate.candidate is not None
        assert second.evaluate.candidate.uri == f"{world.store_uri}/v000002-second"
        champion = "models/churn/v000001-first/holdout.parquet"
        assert sorted(fetched) == [*weeks(4, 5, 6, 7, 8), champion]
        fetched.clear()
        message = ended(world.run("third"), CollectOutcome.NO_NEW_DATA)
        assert message == "No new data: the champion v000002-second has seen all 9 batches there are."
        assert fetched == []

    def test_a_repeated_run_answers_from_its_version(self, bucket_world: BucketWorld, fetched: list[str]) -> None:
        world = bucket_world
        world.add(*range(6))
        run = world.run("first")
        fetched.clear()
        assert world.run("first") == run
        assert fetched == []
        assert world.versions() == ["v000001-first"]

    def test_a_second_attempt_in_the_same_pod_copies_nothing_again(
        self, bucket_world: BucketWorld, fetched: list[str]
    ) -> None:
        world = bucket_world
        world.add(*range(6))
        world.workspace("first")
        collected = world.step("collect", "first")
        fetched.clear()
        assert world.step("collect", "first") == collected
        assert fetched == []

    def test_the_same_data_makes_the_same_model_as_from_a_volume(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        there = world.begin(6).evaluate
        world.champion = None
        place = {"data": {"source": f"file://{world.root}/data/*"}, "model": {"store": f"file://{world.root}/store"}}
        here = world.run("first", **place).evaluate
        assert (here.scores, here.holdout) == (there.scores, there.holdout)

    def test_refit_fetches_the_old_batches_of_its_window_alone(
        self, bucket_world: BucketWorld, fetched: list[str]
    ) -> None:
        world = bucket_world
        world.task["model"].update(FOREST, window=4)
        world.begin(6)
        world.add(6, 7, 8)
        fetched.clear()
        assert world.run("second").train.batches == 4
        assert sorted(fetched) == [*weeks(1, 2, 3, 4, 5, 6, 7, 8), "models/churn/v000001-first/holdout.parquet"]


class TestBatches:
    def test_changed_between_collect_and_train_are_trained_on_as_judged(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        world.add(*range(6))
        undisturbed = world.run("first").evaluate
        world.workspace("other")
        collected = world.step("collect", "other")
        for week in range(6):
            world.objects.put(f"data/week-{week:03d}.parquet", b"poison")
        world.step("train", "other")
        disturbed = world.step("evaluate", "other")
        assert (disturbed.scores, disturbed.holdout) == (undisturbed.scores, undisturbed.holdout)
        assert collected.batches == 6

    def test_a_copy_that_was_changed_stops_the_run(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        world.add(*range(6))
        workspace = world.workspace("first")
        world.step("collect", "first")
        for copy in (workspace / "batches").iterdir():
            os.utime(copy, ns=(0, 0))
        fault = world.step("train", "first")
        assert isinstance(fault, Fault)
        assert fault.message.startswith("Batch week-000.parquet was changed while the run was going on.")

    def test_rewritten_with_as_many_bytes_in_the_same_second_is_new(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        world.begin(6)
        known = json.loads((world.store / "v000001-first" / "manifest.json").read_text())["batches"][0]
        assert known["etag"]
        path = world.bucket / "data" / known["name"]
        world.objects.put(f"data/{known['name']}", path.read_bytes()[::-1])
        os.utime(path, ns=(known["modified"], known["modified"]))
        answer = world.run("second").collect
        assert answer.outcome is CollectOutcome.DATA_INVALID
        assert answer.message.startswith("Batch week-000.parquet, check ")

    def test_changed_while_it_is_fetched_is_left_to_the_next_attempt(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        world.add(0)
        (listed,) = world.objects.below("data")
        world.add(1, name="week-000.parquet")
        with pytest.raises(StepError) as refused:
            world.objects.fetch(listed, world.root / "copy.parquet")
        told = (
            f"s3://{world.bucket.name}/data/week-000.parquet was changed meanwhile. The next attempt takes it as it is."
        )
        assert str(refused.value) == told
        assert not (world.root / "copy.parquet").exists()

    def test_more_than_the_workspace_has_room_for(
        self, bucket_world: BucketWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = bucket_world
        world.add(0, 1)
        size = sum(one.size for one in world.objects.below("data"))
        monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": size - 1}))
        world.workspace("first")
        fault = world.step("collect", "first")
        source, room = f"s3://{world.bucket.name}/data/*", f"the workspace has {size - 1:,} left"
        assert fault.message == f"The new batches of {source} have {size:,} bytes, and {room}."

    def test_too_large_for_a_batch_is_told_and_not_fetched(
        self, bucket_world: BucketWorld, monkeypatch: pytest.MonkeyPatch, fetched: list[str]
    ) -> None:
        world = bucket_world
        world.add(0, 1)
        for module in ("files.batches", "files.fetch", "intake.checks"):
            monkeypatch.setattr(f"retrain_trainer.{module}.LARGEST", 100, raising=False)
        answer = world.run("first").collect
        assert answer.outcome is CollectOutcome.DATA_INVALID
        assert answer.message.startswith("Batch week-000.parquet, check size: expected a file of at most ")
        assert fetched == []

    @pytest.mark.parametrize(
        ("source", "why"),
        [
            ("s3://{bucket}/data/*.csv", "s3://{bucket}/data/*.csv matches no file."),
            ("s3://{bucket}/other/*", "s3://{bucket}/other/* matches no file."),
            ("s3://{bucket}", "s3://{bucket} matches no file."),
            (
                "s3://{bucket}-gone/data/*",
                "s3://{bucket}-gone/data is in no bucket that exists. Create the bucket, or correct its name.",
            ),
        ],
    )
    def test_that_are_not_there_are_an_answer(self, bucket_world: BucketWorld, source: str, why: str) -> None:
        world = bucket_world
        world.add(0)
        name = world.bucket.name
        run = world.run("first", data={"source": source.format(bucket=name)})
        message = ended(run, CollectOutcome.DATA_SOURCE_NOT_FOUND)
        assert message == f"Data source not found: {why.format(bucket=name)}"


TREE = [
    "a.parquet", "b.csv", ".hidden.parquet", "_SUCCESS", "2024/a.parquet", "2024/01/a.parquet", "2024/01/.a.parquet",
    "2024/.tmp/a.parquet", "2024/02/b.csv", "2024/_temporary/a.parquet", "x[1].parquet", "2025/01/02/03/a.parquet",
]  # fmt: skip
PATTERNS = [
    "*", "*.parquet", "**", "**/*", "**/*.parquet", "2024/*", "2024/*/*", "2024/**", "2024/**/*.parquet", "*/*/*.csv",
    "202[45]/**/a.parquet", "2024/[!_]*/a.parquet", "**/.tmp/*", "x[[]1].parquet", "**/**/**/a.parquet", "a.parquet",
    "2024/01/a.parquet", "**/01/**/a.parquet", "A.parquet",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_wildcards_mean_what_they_mean_on_a_volume(tmp_path: Path, pattern: str) -> None:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    there = set(listing(f"file://{tmp_path}/{pattern}"))
    assert {tmp_path / name for name in TREE if matches(name.split("/"), pattern.split("/"))} == there


def test_a_pattern_of_many_wildcards_is_matched_at_once() -> None:
    assert not matches(["a"] * 512, ["**", "a"] * 128 + ["b"])
    assert matches(["a"] * 512, ["**", "a"] * 128)
