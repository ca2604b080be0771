"""What must hold whatever happens: no half version, no changed bytes, no foreign types, no way out of the store."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.pipeline import Pipeline

from retrain_trainer import guard, incremental, pipeline, store
from retrain_trainer.contract import Fault, TrainOutcome
from retrain_trainer.faults import StepError
from retrain_trainer.places import local_path
from retrain_trainer.store import open_version
from tests.trainer.world import WEEK, World, flipped


class TestPoison:
    def test_flipped_labels_are_put_back_batch_by_batch(self, world: World) -> None:
        world.begin(8)
        world.add(*range(8, 12), edit=flipped)
        run = world.run("second")
        assert run.train.put_back == 2  # weeks 8 and 9; 10 and 11 are the holdout
        assert run.train.message.endswith("2 of them made it worse on rows it knew, and were put back.")
        reference = run.evaluate.reference
        assert reference is not None
        assert reference.candidate > reference.champion - 0.05
        assert run.evaluate.scores[0].lower_bound is not None
        assert run.evaluate.scores[0].lower_bound <= 0

    def test_what_passes_on_a_poisoned_holdout_fails_on_the_reference(self, world: World) -> None:
        first = world.begin(8)
        world.add(*range(8, 16), edit=flipped)
        run = world.run("second", model={"mode": "Refit", "window": 6})
        (score,) = run.evaluate.scores
        assert score.lower_bound is not None
        assert score.lower_bound > 0.5
        reference = run.evaluate.reference
        assert reference is not None
        assert first.evaluate.holdout is not None
        assert reference.holdout == first.evaluate.holdout.digest
        assert reference.candidate < 0.2
        assert reference.champion > 0.8

    def test_weights_that_run_away_are_put_back(self, world: World) -> None:
        world.begin(8, model={"estimator": "SGDRegressor", "parameters": {}}, metrics=[{"name": "r2"}])
        world.add(8, 9, 10, edit=lambda c: {**c, "y": c["y"] * 1e200})
        run = world.run("second", model={"estimator": "SGDRegressor", "parameters": {}}, metrics=[{"name": "r2"}])
        assert run.train.put_back == 1


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

    def test_stopped_at_any_file_of_a_commit_leaves_no_version(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.add(*range(6))
        world.workspace("first")
        world.step("collect", "first")
        world.step("train", "first")
        save = store._save
        for last in range(9):
            written: list[str] = []

            def stopped(path: Path, content: bytes | Path, last: int = last, written: list[str] = written) -> str:
                if len(written) == last:
                    raise KeyboardInterrupt
                written.append(path.name)
                return save(path, content)

            monkeypatch.setattr(store, "_save", stopped)
            with pytest.raises(KeyboardInterrupt):
                world.step("evaluate", "first")
            assert list(world.store.glob("v*")) == []
        assert "manifest.json" not in written
        monkeypatch.setattr(store, "_save", save)
        world.step("evaluate", "first")
        assert [path.name for path in world.store.iterdir()] == ["v000001-first"]

    def test_killed_in_a_commit_is_carried_on_by_the_next_attempt(self, world: World) -> None:
        world.add(*range(6))
        folder = world.workspace("first")
        world.step("collect", "first")
        world.step("train", "first")
        environment = {**os.environ, **world.environment("first"), "RETRAIN_WORKSPACE": str(folder)}
        command = [sys.executable, "-c", SLOW_COMMIT]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as attempt:
            assert attempt.stdout is not None
            assert attempt.stdout.readline() == b"model.joblib\n"
            attempt.send_signal(signal.SIGKILL)
        assert [path.name[:19] for path in world.store.iterdir()] == [".draft-churn-first-"]
        assert world.step("evaluate", "first").candidate.uri.endswith("/v000001-first")
        assert [path.name for path in world.store.iterdir()] == ["v000001-first"]


SLOW_COMMIT = """
import time
from retrain_trainer import store, steps
save = store._save
def slow(path, content):
    save(path, content)
    if path.name == "model.joblib":
        print(path.name, flush=True)
        time.sleep(60)
store._save = slow
steps.run("evaluate")
"""


class TestTheStore:
    def test_the_digest_of_a_version_is_that_of_its_manifest(self, world: World) -> None:
        run = world.begin(6)
        assert run.evaluate.candidate is not None
        with pytest.raises(StepError, match="is not the version that was trained: its digest is sha256:"):
            open_version(run.evaluate.candidate.uri, "sha256:" + "0" * 64)

    @pytest.mark.parametrize("name", ["model.skops", "profile.json", "holdout.parquet", "manifest.json"])
    def test_a_changed_byte_stops_the_run(self, world: World, name: str) -> None:
        world.begin(6)
        world.add(6, 7, 8)
        path = world.store / "v000001-first" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        run = world.run("second")
        faults = [answer for answer in (run.collected, run.trained, run.evaluated) if isinstance(answer, Fault)]
        assert "digest is sha256:" in faults[0].message
        assert len(list(world.store.glob("v*"))) == 1

    @pytest.mark.parametrize(
        "uri", ["file:///models/other/v000001-first", "file://{store}/v000001-first/../v000001-first", "file://{store}"]
    )
    def test_a_champion_elsewhere_is_refused(self, world: World, uri: str) -> None:
        world.begin(6)
        world.add(6, 7, 8)
        world.champion = {"uri": uri.format(store=world.store)}
        run = world.run("second")
        assert isinstance(run.collected, Fault)
        assert "is no version in the store" in run.collected.message or "may not contain" in run.collected.message

    def test_a_link_out_of_the_store_is_no_version(self, world: World, tmp_path: Path) -> None:
        world.begin(6)
        (world.store / "v000001-first").rename(tmp_path / "elsewhere")
        (world.store / "v000001-first").symlink_to(tmp_path / "elsewhere")
        world.add(6, 7, 8)
        run = world.run("second")
        assert isinstance(run.collected, Fault)
        assert "is no version in the store" in run.collected.message

    def test_drafts_of_dead_runs_are_removed_and_those_of_others_are_not(self, world: World) -> None:
        world.store.mkdir()
        dead, mine, alive = (world.store / f".draft-{name}-00" for name in ("churn-old", "churn-first", "churn-other"))
        for draft in (dead, mine, alive):
            draft.mkdir()
        long_ago = time.time() - store.DEAD_AFTER - 1
        os.utime(dead, (long_ago, long_ago))
        world.begin(6)
        assert sorted(path.name for path in world.store.iterdir()) == [".draft-churn-other-00", "v000001-first"]

    def test_another_minor_version_of_scikit_learn_is_refused(self) -> None:
        with pytest.raises(StepError, match=r"v1 was made with scikit-learn 1\.2\.0, and this image has 1\."):
            pipeline.load(b"", "v1", "1.2.0")

    def test_a_type_that_is_not_reviewed_is_refused_before_it_is_built(self) -> None:
        content = skops.io.dumps({"model": Evil()})
        with pytest.raises(StepError, match=r"v1 holds types that are not allowed in a model: .*Evil"):
            pipeline.load(content, "v1", sklearn.__version__)

    def test_a_zip_that_calls_a_function_is_refused(self) -> None:
        schema = {
            "__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1,
            "content": {"module_path": "os", "function": "system"}, "protocol": 2, "_skops_version": "0.16.0",
        }  # fmt: skip
        content = BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            file.writestr("schema.json", json.dumps(schema))
        with pytest.raises(StepError, match=r"not allowed in a model: .*system"):
            pipeline.load(content.getvalue(), "v1", sklearn.__version__)

    @pytest.mark.parametrize(
        "uri", ["file:///a/../b", "file:///a/%2e%2e/b", "file://host/a", "http://a/b", "file:///a/.."]
    )
    def test_paths_stay_where_their_uri_says(self, uri: str) -> None:
        with pytest.raises(StepError):
            local_path(uri)


class Evil:
    """A type nobody has reviewed."""


def test_work_grows_linearly_with_the_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    errors: list[int] = []
    update, error = pipeline.update, guard.Guard.error

    def counted(model: Pipeline, features: np.ndarray, *rest: object, **how: object) -> None:
        calls.append(len(features))
        update(model, features, *rest, **how)  # type: ignore[arg-type]

    def checked(self: guard.Guard, model: Pipeline) -> float | None:
        errors.append(len(self.labels))
        return error(self, model)

    monkeypatch.setattr(pipeline, "update", counted)
    monkeypatch.setattr(guard.Guard, "error", checked)
    work = {}
    for batches in (4, 8, 16):
        world.add(*range(batches + 2))
        calls.clear()
        errors.clear()
        assert world.run(f"n{batches}", data={"holdout": {"fraction": 0.05}}).train.batches == batches
        assert calls == [WEEK] * batches
        assert len(errors) == 2 * batches
        assert max(errors) <= guard.GUARD_ROWS
        work[batches] = sum(calls)
    assert work[16] == 2 * work[8] == 4 * work[4]


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
