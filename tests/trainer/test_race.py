"""Attempts of one run, and runs of one store, that commit at the same moment: a version for each run, always whole."""

import threading
from dataclasses import dataclass, field

import pytest

from retrain_trainer import steps
from retrain_trainer.contract import Task
from retrain_trainer.files.batches import digest_of
from retrain_trainer.store.manifest import CARD, Manifest, inputs_of
from retrain_trainer.store.versions import Store, open_version
from retrain_trainer.telling.faults import StepError
from tests.trainer.s3 import BucketWorld
from tests.trainer.world import World

ROUNDS, ATTEMPTS = 25, 3


@dataclass(frozen=True)
class Race:
    """A store of either kind, and a first version in it that the others are made after."""

    task: Task
    first: Manifest
    start: threading.Barrier = field(default_factory=lambda: threading.Barrier(ATTEMPTS))

    def attempt(self, run: str, number: int, ended: list[bool]) -> None:
        """Commit as an attempt does that has bytes of its own, and say whether it ended well."""
        task = self.task.model_copy(update={"run": run})
        store = Store(task.model.store)
        name = store.next_version(run)
        manifest = self.first.model_copy(update={"version": name, "run": run, "task": inputs_of(task)})
        try:
            store.commit(manifest, {CARD: b"# a card", "model.skops": f"{name} of attempt {number}".encode() * 10_000})
        except (StepError, OSError):
            ended.append(False)
        else:
            ended.append(True)

    def at_once(self, *runs: str) -> list[bool]:
        """Have an attempt for each of these runs begin at the same moment."""
        ended: list[bool] = []

        def begin(run: str, number: int) -> None:
            self.start.wait()
            self.attempt(run, number, ended)

        threads = [threading.Thread(target=begin, args=(run, number)) for number, run in enumerate(runs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ended) == len(runs)
        return ended

    def versions(self, run: str) -> list[str]:
        suffix = run.rpartition("-")[2]
        return [name for name in Store(self.task.model.store).shelf.versions() if name.endswith(f"-{suffix}")]

    def require_whole(self, run: str) -> None:
        version = Store(self.task.model.store).version_of(self.task.model_copy(update={"run": run}))
        assert version is not None
        assert {name: digest_of(version.read(name)) for name in version.manifest.files} == version.manifest.files


@pytest.fixture(params=["volume", "bucket"])
def race(request: pytest.FixtureRequest) -> Race:
    world: World | BucketWorld = request.getfixturevalue({"volume": "world", "bucket": "bucket_world"}[request.param])
    run = world.begin(6)
    assert run.evaluate.candidate is not None
    task = steps.read_task(world.environment("first")["RETRAIN_TASK"])
    return Race(task, open_version(run.evaluate.candidate.uri, None).manifest)


def test_attempts_of_one_run(race: Race) -> None:
    gave_way = 0
    for number in range(ROUNDS):
        run = f"churn-race{number}"
        ended = race.at_once(*[run] * ATTEMPTS)
        assert len(race.versions(run)) <= 1
        if not race.versions(run):
            # All of them gave way to another; the Job begins one more.
            assert not any(ended)
            race.attempt(run, ATTEMPTS, ended)
            assert ended[-1]
            gave_way += 1
        assert len(race.versions(run)) == 1
        race.require_whole(run)
    print(f"In {gave_way} of {ROUNDS} rounds every attempt gave way to another.")


def test_runs_of_one_store(race: Race) -> None:
    for number in range(5):
        runs = [f"churn-run{number}.{place}" for place in range(ATTEMPTS)]
        assert race.at_once(*runs) == [True] * ATTEMPTS
        for run in runs:
            race.require_whole(run)
