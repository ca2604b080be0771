"""The scheduler: one heap that knows which trigger is asked when, and the newest answers.

A check falls on a slot of its interval, shifted by a hash of its query, so that thousands of policies spread evenly and
policies with the same query fall due together and share one request. A slot is skipped and counted when a newer one has
come, or while the check before it has no answer yet: a slow source never gathers a crowd.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zlib import crc32

from retrain_operator.model.observation import Observation
from retrain_operator.model.world import Policy
from retrain_operator.queue import Key

EPOCH = datetime.fromtimestamp(0, UTC)
IN_FLIGHT = 8
"""Requests to the source at the same time."""


@dataclass(frozen=True, slots=True)
class Check:
    """One query, asked at an interval."""

    query: str
    interval: timedelta

    def slot_after(self, at: datetime) -> datetime:
        """The first slot later than a time."""
        shift = self.interval * (crc32(self.query.encode()) / 2**32)
        number = (at - EPOCH - shift) // self.interval + 1
        return EPOCH + shift + number * self.interval


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    check: Check = field(compare=False)


Ask = Callable[[str, datetime], Awaitable[Observation]]
Seen = Callable[[Key, str, Observation], None]
Clock = Callable[[], datetime]


class Scheduler:
    """Checks of all policies.

    `ask` puts a query to the source, `seen` is told every answer with its policy's key, `late` of every slot skipped.
    """

    def __init__(self, ask: Ask, seen: Seen, late: Callable[[], None], clock: Clock) -> None:
        self._ask, self._seen, self._late, self._clock = ask, seen, late, clock
        self._heap: list[_Due] = []
        self._in_heap: set[Check] = set()
        self._watchers: dict[Check, dict[tuple[Key, str], None]] = {}
        self._of: dict[Key, dict[str, Check]] = {}
        self._answers: dict[tuple[Key, str], Observation] = {}
        self._changed = asyncio.Event()
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._asking: dict[Check, asyncio.Task[None]] = {}

    def watch(self, key: Key, policy: Policy) -> bool:
        """Check a policy's metric triggers from now on, as they stand in its spec now. A new one is asked at once.

        Returns whether that changed anything.
        """
        wanted = {
            trigger.name: Check(trigger.prometheus.query, policy.spec.interval)
            for trigger in policy.spec.triggers
            if trigger.prometheus
        }
        if wanted == self._of.get(key):
            return False
        self.forget(key)
        self._of[key] = wanted
        for name, check in wanted.items():
            self._watchers.setdefault(check, {})[key, name] = None
            if check not in self._in_heap:
                self._push(check, self._clock())
            if check not in self._asking:
                self._start(check, self._clock())
        self._changed.set()
        return True

    def forget(self, key: Key) -> None:
        """Stop checking for a policy, and drop what was seen for it."""
        for name, check in self._of.pop(key, {}).items():
            self._answers.pop((key, name), None)
            watchers = self._watchers[check]
            watchers.pop((key, name), None)
            if not watchers:
                del self._watchers[check]

    def observations(self, key: Key) -> dict[str, Observation]:
        """The newest observation of each metric trigger of a policy that was checked at least once."""
        names = self._of.get(key, {})
        return {name: self._answers[key, name] for name in names if (key, name) in self._answers}

    async def run(self) -> None:
        """Ask whatever falls due, until cancelled."""
        while True:
            self._changed.clear()
            while self._heap and self._heap[0].at <= self._clock():
                self._fire(heapq.heappop(self._heap))
            pause = (self._heap[0].at - self._clock()).total_seconds() if self._heap else None
            # Not wait_for: until Python 3.12 it swallows a cancellation that meets a change, and run() would never end.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    def _fire(self, due: _Due) -> None:
        check = due.check
        self._in_heap.discard(check)
        if check not in self._watchers:
            return
        following = self._push(check, self._clock())
        newest = following - check.interval
        if newest > due.at or check in self._asking:
            self._late()
        if check not in self._asking:
            self._start(check, newest)

    def _push(self, check: Check, after: datetime) -> datetime:
        slot = check.slot_after(after)
        self._in_heap.add(check)
        heapq.heappush(self._heap, _Due(slot, check))
        return slot

    def _start(self, check: Check, at: datetime) -> None:
        task = self._asking[check] = asyncio.create_task(self._answer(check, at))
        task.add_done_callback(lambda _: self._asking.pop(check))

    async def _answer(self, check: Check, at: datetime) -> None:
        async with self._slots:
            observation = await self._ask(check.query, at)
        for key, name in tuple(self._watchers.get(check, ())):
            self._answers[key, name] = observation
            self._seen(key, name, observation)
