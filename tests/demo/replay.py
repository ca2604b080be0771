"""Plays the stream week by week against the cluster: questions at once, labels and batches a week later.

The stream goes on while the operator only watches, and stands still while a run trains or rolls out: in life a run
takes minutes of a week, here it would take many weeks. While a run is blocked, the stream goes on.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from tests.demo import stage
from tests.demo.follow import Follower
from tests.demo.screen import Screen
from tests.demo.serving import Predicted, Servers
from tests.demo.story import Diary, WeekTold, beats
from tests.demo.stream import Stream

FIRST = 12
"""Weeks that are there before the demo starts; the first model is made of them."""
END = 104
"""Weeks in all: two years of the stream."""
PACE = 1.4
"""Seconds that a week takes at least."""


class Replay:
    """One playing of the stream, told on the screen and written into the diary."""

    def __init__(self, stream: Stream, servers: Servers, screen: Screen, diary: Diary) -> None:
        self._stream, self._servers, self._screen, self._diary = stream, servers, screen, diary
        self._late: Predicted | None = None

    def play(self, follower: Follower, deadline: float) -> None:
        """Play the weeks after the first ones. After `deadline`, a monotonic time, stop once every beat has come."""
        with ThreadPoolExecutor(1) as lander:
            for number in range(FIRST, END):
                with _pace():
                    landing = self._week(number, lander, blocked=follower.blocked)
                    landing.result()
                follower.attend(number)
                if time.monotonic() > deadline and all(beat.proof for beat in beats(self._diary)):
                    self._screen.line(f"All was seen by week {number}; the rest of the stream is left out for time.")
                    return

    def _week(self, number: int, lander: ThreadPoolExecutor, *, blocked: bool) -> Future[None]:
        week = self._stream.week(number)
        # Labels come a week late, and so does the batch that holds them.
        landing = lander.submit(stage.land, [self._stream.week(number - 1)])
        said = self._servers.predict(week)
        told = WeekTold(number, said.accuracy, self._servers.predict_frozen(week).accuracy, blocked)
        if self._late:
            self._servers.feed_back(self._late)
        self._late = said
        self._diary.weeks.append(told)
        self._screen.week(week, told, END)
        return landing


@contextmanager
def _pace() -> Iterator[None]:
    end = time.monotonic() + PACE
    yield
    time.sleep(max(end - time.monotonic(), 0))
