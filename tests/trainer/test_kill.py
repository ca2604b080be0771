"""kill -9 at fifty random moments of train and of commit: no half version, and the next attempt makes the same one.

The moments are spread over what the same step takes on this machine when it is left alone.
"""

import os
import random
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from retrain_trainer.files.batches import file_digest
from retrain_trainer.learn import pipeline
from retrain_trainer.store.manifest import GOLDEN, HOLDOUT, METRICS
from retrain_trainer.store.versions import open_version
from tests.trainer.kills import Cluster, drafts
from tests.trainer.world import World

KILLS = {"train": 7, "evaluate": 3, "commit": 7}
"""For each of three settings, 51 together. Those that come too late are tried again a little earlier."""
FOREST = {"estimator": "RandomForestClassifier", "parameters": {"n_estimators": 10, "max_depth": 5}, "mode": "Refit"}
SETTINGS: dict[str, dict[str, Any]] = {"first": {}, "update": {"replay": 0.5}, "refit": FOREST}


def substance(folder: Path) -> dict[str, Any]:
    """Check a version's every file, load it, and return all that it says and predicts.

    That is everything but the bytes of the model, which skops never writes the same twice.
    """
    version = open_version(f"file://{folder}", None)
    assert set(version.manifest.files) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for name in version.manifest.files:
        version.path_of(name)
    pipeline.load_model(version)
    return {
        **version.manifest.model_dump(exclude={"files"}),
        **{name: version.read(name) for name in (GOLDEN, HOLDOUT, METRICS)},
    }


@dataclass
class Scene:
    """A run that has been collected, and what becomes of it when nobody disturbs it."""

    world: World
    cluster: Cluster
    version: Path
    others: list[str]
    clean: dict[str, Any]
    seconds: dict[str, float]

    @classmethod
    def set(cls, world: World, setting: str) -> "Scene":
        world.task["model"].update(SETTINGS[setting])
        if setting == "update":
            world.begin(6)
        world.add(*range(6, 14))
        cluster, others = Cluster(world), [path.name for path in world.store.glob("v*")]
        world.workspace("run")
        attempts = {step: cluster.attempt(step, "run") for step in ("collect", "train", "evaluate")}
        assert [attempt.code for attempt in attempts.values()] == [0, 0, 0]
        seconds = {step: attempt.lasted for step, attempt in attempts.items()}
        version = next(path for path in world.store.glob("v*-run"))
        scene = cls(world, cluster, version, others, substance(version), seconds)
        scene.clear()
        world.step("collect", "run")
        world.step("train", "run")
        committed = cluster.attempt("evaluate", "run", in_commit=True)
        assert committed.commit is not None
        scene.seconds["commit"] = committed.commit
        scene.clear()
        return scene

    def clear(self) -> None:
        """Forget that the run has ever been."""
        shutil.rmtree(self.version)
        shutil.rmtree(self.world.workspace("run"))
        self.world.workspace("run")

    def kill(self, moment: str, share: float) -> bool:
        """Kill the run after a share of the time that it takes, and check what it leaves; False when it was quicker."""
        step = "evaluate" if moment == "commit" else moment
        for before in {"train": ("collect",), "evaluate": ("collect", "train")}[step]:
            self.world.step(before, "run")
        attempt = self.cluster.attempt(step, "run", share * self.seconds[moment], in_commit=moment == "commit")
        assert attempt.killed or attempt.code == 0
        if self.version.exists():
            assert substance(self.version) == self.clean
        assert len(list(self.world.store.glob("v*-run"))) <= 1
        return attempt.killed

    def repeat(self, *, new_pod: bool) -> None:
        """Run again, with the workspace as it was left or with an empty one, and check that nothing is different."""
        if new_pod:
            shutil.rmtree(self.world.workspace("run"))
            self.world.workspace("run")
            self.world.step("collect", "run")
        self.world.step("train", "run")
        answer = self.world.step("evaluate", "run")
        assert answer.candidate.uri == f"file://{self.version}"
        assert answer.candidate.digest == file_digest(self.version / "manifest.json")
        assert substance(self.version) == self.clean
        assert sorted(path.name for path in self.world.store.iterdir()) == sorted([*self.others, self.version.name])
        assert drafts(self.world.workspace("run")) == []


@pytest.fixture(params=SETTINGS)
def scene(request: pytest.FixtureRequest, world: World) -> Scene:
    return Scene.set(world, request.param)


def test_a_killed_run_is_repeated_as_if_nothing_had_been(scene: Scene) -> None:
    seed = int(os.environ.get("RETRAIN_SEED") or secrets.randbits(32))
    print(f"RETRAIN_SEED={seed} repeats this. Seconds of a clean run: {scene.seconds}")
    chance, missed = random.Random(seed), 0
    for moment, number in [(moment, number) for moment, kills in KILLS.items() for number in range(kills)]:
        # One in each equal part of the time, so that no long stretch goes untried.
        share, killed = (number + chance.random()) / KILLS[moment], False
        while not killed:
            killed = scene.kill(moment, share)
            share, missed = share * 0.8, missed + (not killed)
            scene.repeat(new_pod=chance.random() < 0.5)
            scene.clear()
    print(f"{sum(KILLS.values())} kills; {missed} came too late.")


def test_a_step_that_is_told_to_end_does_so_by_itself() -> None:
    """Process 1 of a container is only ended by a signal that it handles, so the exit code is one of its own."""
    script = """
import os, signal, sys, types
from retrain_trainer import __main__
sys.modules["retrain_trainer.steps"] = types.SimpleNamespace(run=lambda step: os.kill(os.getpid(), signal.SIGTERM))
__main__.main(["train"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (143, "")
