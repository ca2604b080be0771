"""Plays the stream week by week against the cluster, follows every run, and takes a right away once to see what happens.

The stream goes on while the operator only watches, and stands still while a run trains or rolls out: in life a run
takes minutes of a week, here it would take many weeks. It goes on, too, while a run is blocked.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from retrain_operator.model.run import RunState, RunStatus, StepState
from tests.demo import stage
from tests.demo.access import DemoError, wait_for
from tests.demo.observe import Eyes, Seen
from tests.demo.screen import Screen
from tests.demo.serving import Predicted, Servers
from tests.demo.story import Block, Diary, RunTold, Target, WeekTold, rejected
from tests.demo.stream import Stream

PACE = 1.2
"""Seconds that a week takes at least."""
BLOCKED_WEEKS = 3
"""Weeks that are played while a run is blocked, before the right is given back."""
RUN_TIMEOUT = 240.0
ENDED = (StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.BLOCKED)


class Replay:
    """One playing of the stream. What happened is in `diary`."""

    def __init__(self, stream: Stream, eyes: Eyes, servers: Servers, screen: Screen) -> None:
        self._stream, self._eyes, self._servers, self._screen = stream, eyes, servers, screen
        self.diary = Diary(eyes.healthy)
        self._late: Predicted | None = None
        self._right = stage.DeployRight()
        self._block: tuple[Block, int] | None = None
        self._started: dict[str, float] = {}
        self._before = eyes.target()
        self._lander = ThreadPoolExecutor(1)
