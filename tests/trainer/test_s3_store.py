"""A store in a bucket: one version for each run, whole or not at all, whoever else writes meanwhile."""

from typing import Any

import obstore
import pytest

from retrain_trainer import evaluate, steps
from retrain_trainer.contract import Digest
from retrain_trainer.files.workspace import Workspace
from retrain_trainer.store import prefix
from retrain_trainer.store.manifest import CARD, MANIFEST
from retrain_trainer.store.pruning import prune
from retrain_trainer.store.versions import Store, open_version
from retrain_trainer.telling.faults import StepError
from tests.trainer.s3 import BucketWorld

RUN = "churn-first"
FILES = {CARD: b"# a card", "model.skops": b"a model", "profile.json": b"{}"}


def seal(files: dict[str, Digest]) -> bytes:
    return repr(sorted(files.items())).encode()


@pytest.fixture
def shelf(bucket_world: BucketWorld) -> prefix.Prefix:
    return prefix.Prefix(bucket_world.store_uri)


def names(world: BucketWorld, version: str) -> dict[str, int]:
    """Names of the objects below a version, with their sizes."""
    return {one.key.rpartition("/")[2]: one.size for one in world.objects.below(f"models/churn/{version}")}


def begin(world: BucketWorld, version: str) -> None:
    """Leave what an attempt leaves that was killed before its manifest."""
    for name, content in FILES.items():
        world.objects.put(f"models/churn/{version}/{name}", content)


def long_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix, "DEAD_AFTER", -1.0)


class TestACommit:
    def test_is_the_manifest_which_comes_last(self, bucket_world: BucketWorld, shelf: prefix.Prefix) -> None:
        seen: list[set[str]] = []

        def sealed(files: dict[str, Digest]) -> bytes:
            seen.append(set(names(bucket_world, "v000001-first")))
            assert shelf.versions() == []
            return seal(files)

        shelf.put("v000001-first", RUN, FILES, sealed)
        assert seen == [set(FILES)]
        assert shelf.versions() == shelf.taken() == ["v000001-first"]
        assert names(bucket_world, "v000001-first").keys() == {*FILES, MANIFEST}

    def test_has_one_writer(self, bucket_world: BucketWorld, shelf: prefix.Prefix) -> None:
        begin(bucket_world, "v000001-first")
        with pytest.raises(StepError) as refused:
            shelf.put("v000001-first", RUN, {**FILES, "model.skops": b"another"}, seal)
        told = "Another attempt of churn-first is writing v000001-first. The next one sees what became of it."
        assert str(refused.value) == told
        assert shelf.read("v000001-first", "model.skops", 100) == b"a model"
        assert shelf.versions() == []

    def test_that_lost_the_race_drops_its_own(self, bucket_world: BucketWorld, shelf: prefix.Prefix) -> None:
        def overtaken(files: dict[str, Digest]) -> bytes:
            shelf.clean(RUN)
            shelf.put("v000002-first", RUN, FILES, seal)
            return seal(files)

        with pytest.raises(StepError) as refused:
            shelf.put("v000001-first", RUN, FILES, overtaken)
        told = "Another attempt of churn-first has taken over from this one, which was writing v000001-first."
        assert str(refused.value) == told
        assert shelf.versions() == ["v000002-first"]
        assert names(bucket_world, "v000001-first") == {MANIFEST: 0}

    def test_whose_answer_was_lost_is_one_all_the_same(self, bucket_world: BucketWorld, shelf: prefix.Prefix) -> None:
        def arrived(files: dict[str, Digest]) -> bytes:
            sealed = seal(files)
            bucket_world.objects.put(f"models/churn/v000001-first/{MANIFEST}", sealed)
            return sealed

        shelf.put("v000001-first", RUN, FILES, arrived)
        assert shelf.versions() == ["v000001-first"]

    def test_that_was_held_up_for_too_long_gives_up(
        self, shelf: prefix.Prefix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def late(files: dict[str, Digest]) -> bytes:
            monkeypatch.setattr(prefix, "DEAD_AFTER", 0.0)
            return seal(files)

        with pytest.raises(StepError, match=r"^The commit of v000001-first was held up for more than an hour\. "):
            shelf.put("v000001-first", RUN, FILES, late)
        assert shelf.versions() == []

    def test_of_the_faster_of_two_attempts_is_the_only_one(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        world.add(*range(6))
        slower = world.workspace("slower")
        world.step("collect", "first")
        world.step("train", "first")
        faster = world.run("first").evaluate
        task = steps.read_task(world.environment("first")["RETRAIN_TASK"])
        assert evaluate.evaluate(task, Workspace(slower)) == faster
        assert world.versions() == ["v000001-first"]

    def test_to_a_server_that_ignores_the_condition_is_refused(
        self, bucket_world: BucketWorld, shelf: prefix.Prefix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put = obstore.put

        def ignorant(*what: Any, mode: str = "", **how: Any) -> Any:
            return put(*what, **how)

        monkeypatch.setattr(obstore, "put", ignorant)
        with pytest.raises(StepError) as refused:
            shelf.put("v000001-first", RUN, FILES, seal)
        assert str(refused.value).startswith(f"{bucket_world.store_uri} cannot be a store: its server ignores the ")
        assert shelf.versions() == []


class TestWhatIsUnfinished:
    def test_of_this_run_is_closed_and_removed_at_once(self, bucket_world: BucketWorld, shelf: prefix.Prefix) -> None:
        begin(bucket_world, "v000001-first")
        begin(bucket_world, "v000002-other")
        shelf.clean(RUN)
        assert names(bucket_world, "v000001-first") == {MANIFEST: 0}
        assert names(bucket_world, "v000002-other").keys() == FILES.keys()
        assert shelf.others_commit(RUN)
        assert not shelf.others_commit("churn-other")
        assert shelf.versions() == []

    def test_of_a_dead_run_goes_with_the_next_commits(
        self, bucket_world: BucketWorld, shelf: prefix.Prefix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin(bucket_world, "v000001-dead")
        long_after(monkeypatch)
        assert not shelf.others_commit(RUN)
        shelf.clean(RUN)
        assert names(bucket_world, "v000001-dead") == {MANIFEST: 0}
        shelf.clean(RUN)
        assert shelf.taken() == []

    def test_of_other_hands_is_for_people_to_remove(
        self, bucket_world: BucketWorld, shelf: prefix.Prefix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        long_after(monkeypatch)
        for key in ("v000003-first/notes.txt", "readme.md", "v000004-first", "old/v000001-first/MODEL_CARD.md"):
            bucket_world.objects.put(f"models/churn/{key}", b"by hand")
        shelf.clean(RUN)
        assert len(list(bucket_world.objects.below("models/churn"))) == 4
        assert shelf.taken() == ["v000003-first"]
        assert shelf.versions() == []

    def test_is_no_model_to_anyone(self, bucket_world: BucketWorld, shelf: prefix.Prefix) -> None:
        uri = f"{bucket_world.store_uri}/v000001-first"
        begin(bucket_world, "v000001-first")
        with pytest.raises(StepError, match=r"v000001-first is no version: it has no manifest\.json\.$"):
            open_version(uri, None)
        shelf.clean(RUN)
        with pytest.raises(StepError, match=r"manifest\.json is no manifest of this trainer\.$"):
            open_version(uri, None)


class TestPruning:
    def test_keeps_the_newest_and_the_line_of_the_champion(self, bucket_world: BucketWorld) -> None:
        world = bucket_world
        world.begin(6)
        for number in range(6, 10):
            world.add(number, number + 10)
            world.promote(world.run(f"r{number}"))
        assert world.champion is not None
        champion = open_version(world.champion["uri"], None)
        store = Store(world.store_uri)
        assert store.shelf.versions() == world.versions()
        assert prune(store, "churn-next", champion, keep=1) == ["v000003-r7", "v000002-r6", "v000001-first"]
        assert world.versions() == ["v000004-r8", "v000005-r9"]

    def test_that_is_killed_leaves_no_version_and_nothing_for_long(
        self, shelf: prefix.Prefix, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shelf.put("v000001-first", RUN, FILES, seal)
        gone: list[str] = []
        delete = obstore.delete

        def killed(s3: Any, key: str) -> None:
            if len(gone) == 2:
                raise KeyboardInterrupt
            gone.append(key)
            delete(s3, key)

        with monkeypatch.context() as patch:
            patch.setattr(obstore, "delete", killed)
            with pytest.raises(KeyboardInterrupt):
                shelf.drop("v000001-first", RUN)
        assert gone[0].endswith(MANIFEST)
        assert shelf.versions() == []
        long_after(monkeypatch)
        shelf.clean("churn-next")
        shelf.clean("churn-next")
        assert shelf.taken() == []
