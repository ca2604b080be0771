"""Stories that span hours, told in no time: an event loop whose clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tests.builders import T0

ResultT = TypeVar("ResultT")


class _Jumps(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nothing will ever happen"
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumps = _Jumps()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.now


def in_no_time(story: Coroutine[Any, Any, ResultT]) -> ResultT:
    """What the story returns. All it sleeps passes at once."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(story)


def now() -> datetime:
    """The time in a story; it begins at T0."""
    return T0 + timedelta(seconds=asyncio.get_running_loop().time())
