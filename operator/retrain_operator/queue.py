"""The work queue: keys that need a pass, each worked on by one worker at a time.

A key added while it waits is worked on once; added while it is worked on, once more afterwards. A pass that raises is
tried again after a growing, jittered pause. It keeps keys only, so a pass always looks at the world as it is now.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

PAUSE_FIRST, PAUSE_LONGEST = 0.5, 60.0


class Key(NamedTuple):
    """What a pass is about: a policy or a run, by its name."""

    kind: str
    namespace: str
    name: str


Pass = Callable[[Key], Awaitable[timedelta | None]]
"""One pass. It returns how long until the next one even if nothing happens; None for never, zero for at once."""


class Queue:
    """Keys in, passes out."""

    def __init__(self, one_pass: Pass) -> None:
        self._pass = one_pass
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}

    def __len__(self) -> int:
        return self._ready.qsize()

    def add(self, key: Key) -> None:
        """Ask for a pass about a key as soon as a worker is free."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, pause: timedelta) -> None:
        """Ask for a pass after a pause. Of several pauses the one that ends first counts."""
        loop = asyncio.get_running_loop()
        at = loop.time() + max(pause.total_seconds(), 0)
        timer = self._timers.get(key)
        if timer and timer.when() <= at:
            return
        if timer:
            timer.cancel()
        self._timers[key] = loop.call_at(at, self._ring, key)

    def _ring(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def work(self) -> None:
        """Work on keys, one after the other, until cancelled."""
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._working.add(key)
            try:
                await self._work_on(key)
            finally:
                self._working.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _work_on(self, key: Key) -> None:
        try:
            recheck = await self._pass(key)
        except Exception as error:  # noqa: BLE001  # one key's mishap must never stop another's work
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            doubled = PAUSE_FIRST * 2 ** min(failures - 1, 10)  # a power of two too large is no float any more
            pause = min(doubled, PAUSE_LONGEST) * random.uniform(0.5, 1.5)  # noqa: S311  # spreads load, guards nothing
            # Only the kind of error: its text may hold what somebody else wrote.
            logging.getLogger(__name__).warning("%s: %s, again in %.1f s", key, type(error).__name__, pause)
            self.add_after(key, timedelta(seconds=pause))
            return
        self._failures.pop(key, None)
        if recheck is not None:
            self.add_after(key, recheck)
