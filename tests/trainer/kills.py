"""Attempts at a step that are ended by SIGKILL, as a node that goes down ends a pod.

Each attempt is a process of its own, forked from one that has imported all that the steps need, so that its life is the
step itself and fifty of them can be killed within a minute.
"""

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from retrain_trainer import steps
from retrain_trainer.store import versions
from tests.trainer.world import World

PRELOADED = [f"retrain_trainer.{name}" for name in ("steps", "collect", "intake.plan", "train", "evaluate")]
FOREVER = 120.0


@dataclass(frozen=True)
class Attempt:
    """How an attempt ended, and the seconds since it began, or since its commit did: None when it never came there."""

    code: int
    lasted: float
    commit: float | None

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Cluster:
    """Where attempts run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([*PRELOADED, __name__])

    def attempt(self, step: str, name: str, kill_after: float = FOREVER, *, in_commit: bool = False) -> Attempt:
        """Run a step in the run's workspace, and kill it so many seconds after it began, or after its commit did."""
        environment = {**self.world.environment(name), "RETRAIN_WORKSPACE": os.environ["RETRAIN_WORKSPACE"]}
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.context.Process(target=_step, args=(step, environment, theirs))
        process.start()
        theirs.close()
        assert ours.poll(FOREVER)
        assert ours.recv() == "step"
        begun = time.monotonic()
        committing = None
        if in_commit and _next_word(ours, FOREVER):
            committing = time.monotonic()
        process.join(kill_after)
        process.kill()
        process.join()
        ended = time.monotonic()
        if committing is None and _next_word(ours, 0):
            committing = begun
        assert process.exitcode is not None
        return Attempt(process.exitcode, ended - begun, None if committing is None else ended - committing)


def _next_word(pipe: Connection, patience: float) -> bool:
    """Whether the process says within some seconds that its commit begins; False when it ends without a word."""
    with suppress(EOFError):
        return pipe.poll(patience) and pipe.recv() == "commit"
    return False


def _step(step: str, environment: dict[str, str], pipe: Connection) -> None:
    """Do the step as its container does, and say when it begins and when its commit does."""
    os.environ.update(environment)
    commit = versions.Store.commit

    def told(*arguments: object) -> None:
        pipe.send("commit")
        commit(*arguments)  # type: ignore[arg-type]

    versions.Store.commit = told  # type: ignore[assignment]
    pipe.send("step")
    os._exit(steps.run(step))


def drafts(folder: Path) -> list[str]:
    """Names of what killed attempts have left in a folder."""
    return sorted(path.name for path in folder.rglob(".*"))
