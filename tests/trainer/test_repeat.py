"""A run may be killed and repeated at any moment: it goes on where it was, and leaves no half version."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from retrain_trainer.contract import Fault, TrainOutcome
from retrain_trainer.learn import incremental
from retrain_trainer.store import folder
from tests.trainer.world import World, flipped


class TestARunThatIsRepeated:
    def test_answers_from_its_version_and_trains_nothing(self, world: World) -> None:
        world.add(*range(6))
        first = world.run("first")
        before = sorted(path.stat().st_mtime_ns for path in world.store.rglob("*"))
        world.task["nonce"] = "another nonce 16"
        again = world.run("first")
        assert sorted(path.stat().st_mtime_ns for path in world.store.rglob("*")) == before
        for one, two in zip((first.collect, first.train), (again.collect, again.train), strict=True):
            assert one.model_dump(exclude={"nonce"}) == two.model_dump(exclude={"nonce"})
        assert first.evaluate.model_dump(exclude={"nonce"}) == again.evaluate.model_dump(exclude={"nonce"})

    def test_answers_from_its_version_also_when_its_data_has_become_known(self, world: World) -> None:
        world.add(*range(6))
        first = world.run("first")
        again = world.run("first", knownData=first.collect.data_digest)
        assert again == first
        assert [path.name for path in world.store.iterdir()] == ["v000001-first"]

    def test_with_another_task_is_another_run(self, world: World) -> None:
        world.add(*range(6))
        world.run("first")
        run = world.run("first", model={"parameters": {"loss": "hinge"}})
        assert run.evaluate.candidate is not None
        assert run.evaluate.candidate.uri == f"{world.store_uri}/v000002-first"

    def test_goes_on_after_the_last_saved_batch(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        world.add(*range(12))
        whole = world.run("whole")
        world.workspace("killed")
        world.step("collect", "killed")
        save, learn, learned = incremental.save, incremental.learn_batch, []

        def killed_after_five(progress: incremental.Progress, *rest: object) -> None:
            save(progress, *rest)  # type: ignore[arg-type]
            if len(progress.updates) == 5:
                raise KeyboardInterrupt

        def counted(progress: incremental.Progress, name: str, *rest: object, **how: object) -> None:
            learned.append(name)
            learn(progress, name, *rest, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(incremental, "save", killed_after_five)
        monkeypatch.setattr(incremental, "learn_batch", counted)
        with pytest.raises(KeyboardInterrupt):
            world.step("train", "killed")
        monkeypatch.setattr(incremental, "save", save)
        assert world.step("train", "killed").batches == 10
        assert learned == [f"week-{week:03d}.parquet" for week in range(10)]
        killed = world.step("evaluate", "killed")
        assert killed.scores == whole.evaluate.scores
        golden = [(world.store / name / "golden.json").read_bytes() for name in ("v000001-whole", "v000002-killed")]
        assert golden[0] == golden[1]

    def test_begins_again_when_the_batches_changed_their_order(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.task["data"]["timeColumn"] = None
        world.task["data"]["exclude"] = ["time"]
        world.add(*range(12))
        world.workspace("first")
        before = world.step("collect", "first")
        world.step("train", "first")
        learn, learned = incremental.learn_batch, []

        def counted(progress: incremental.Progress, name: str, *rest: object, **how: object) -> None:
            learned.append(name)
            learn(progress, name, *rest, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(incremental, "learn_batch", counted)
        world.step("train", "first")
        assert learned == []
        data = world.root / "data"
        (data / "week-009.parquet").rename(data / "week-000b.parquet")
        after = world.step("collect", "first")
        assert after.data_digest == before.data_digest
        world.step("train", "first")
        assert learned[:2] == ["week-000.parquet", "week-000b.parquet"]
        assert len(learned) == 10

    def test_stopped_at_any_file_of_a_commit_leaves_no_version(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.add(*range(6))
        world.workspace("first")
        world.step("collect", "first")
        world.step("train", "first")
        save = folder._save
        written: list[str] = []

        def stopped(path: Path, content: bytes | Path) -> str:
            if len(written) == last:
                raise KeyboardInterrupt
            written.append(path.name)
            return save(path, content)

        monkeypatch.setattr(folder, "_save", stopped)
        for last in range(20):  # noqa: B007 - `stopped` reads it
            written.clear()
            try:
                world.step("evaluate", "first")
                break
            except KeyboardInterrupt:
                assert list(world.store.glob("v*")) == []
                assert "manifest.json" not in written
        assert [path.name for path in world.store.iterdir()] == ["v000001-first"]
        assert last == len(list((world.store / "v000001-first").iterdir()))

    def test_killed_in_a_commit_is_carried_on_by_the_next_attempt(self, world: World) -> None:
        world.add(*range(6))
        workspace = world.workspace("first")
        world.step("collect", "first")
        world.step("train", "first")
        environment = {**os.environ, **world.environment("first"), "RETRAIN_WORKSPACE": str(workspace)}
        command = [sys.executable, "-c", SLOW_COMMIT]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as attempt:
            assert attempt.stdout is not None
            assert attempt.stdout.readline() == b"profile.json\n"
            attempt.send_signal(signal.SIGKILL)
        assert [path.name[:19] for path in world.store.iterdir()] == [".draft-churn-first-"]
        assert world.step("evaluate", "first").candidate.uri.endswith("/v000001-first")
        assert [path.name for path in world.store.iterdir()] == ["v000001-first"]


SLOW_COMMIT = """
import time
from retrain_trainer.store import folder
from retrain_trainer import steps
save = folder._save
def slow(path, content):
    save(path, content)
    if path.name == "profile.json":
        print(path.name, flush=True)
        time.sleep(60)
folder._save = slow
steps.run("evaluate")
"""


def test_a_workspace_of_another_run_is_refused(world: World) -> None:
    world.add(*range(6))
    world.run("first")
    answer = world.step("train", "other")
    assert isinstance(answer, Fault)
    assert answer.message.endswith(
        "belongs to run churn-first, not to churn-other: use an empty workspace for each run."
    )


def test_a_batch_that_changes_during_the_run_is_not_trained_on(world: World) -> None:
    world.add(*range(6))
    world.workspace("first")
    world.step("collect", "first")
    world.add(2, edit=flipped)
    answer = world.step("train", "first")
    assert isinstance(answer, Fault)
    assert answer.message.startswith("Batch week-002.parquet was changed ")


def test_train_without_collect_says_which_file_is_missing(world: World) -> None:
    world.workspace("first")
    answer = world.step("train", "first")
    assert isinstance(answer, Fault)
    assert answer.message.endswith("plan.json is missing: the step that writes it has not run in this workspace.")
    assert TrainOutcome.SKIPPED not in answer.message
