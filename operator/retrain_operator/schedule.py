"""The scheduler: one heap that knows which trigger is asked when, and the newest answers.

A check falls on a slot of its interval, shifted by a hash of its query, so that thousands of policies spread evenly and
policies with the same query fall due together and share one request. A slot that comes too late is skipped and counted.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zlib import crc32

from retrain_operator.model.observation import Observation
from retrain_operator.model.world import Policy
from retrain_operator.queue import Key

IN_FLIGHT = 8
"""Requests to the source at the same time."""


@dataclass(frozen=True, slots=True)
class Check:
    """One query, asked at an interval."""

    query: str
    interval: timedelta

    def slot_after(self, at: datetime) -> datetime:
        """The first slot later than a time."""
        seconds = self.interval.total_seconds()
        shift = crc32(self.query.encode()) / 2**32 * seconds
        number = (at.timestamp() - shift) // seconds + 1
        return datetime.fromtimestamp(number * seconds + shift, UTC)


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
        self._asking: set[asyncio.Task[None]] = set()

    def watch(self, key: Key, policy: Policy) -> None:
        """Check a policy's metric triggers from now on, as they stand in its spec now. A new one is asked at once."""
        wanted = {
            trigger.name: Check(trigger.prometheus.query, policy.spec.interval)
            for trigger in policy.spec.triggers
            if trigger.prometheus
        }
        if wanted == self._of.get(key):
            return
        self.forget(key)
        self._of[key] = wanted
        for name, check in wanted.items():
            self._watchers.setdefault(check, {})[key, name] = None
            if check not in self._in_heap:
                self._push(check, self._clock())
            self._start(check, self._clock(), [(key, name)])
        self._changed.set()

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
            try:
                await asyncio.wait_for(self._changed.wait(), pause and max(pause, 0))
            except TimeoutError:
                continue

    def _fire(self, due: _Due) -> None:
        self._in_heap.discard(due.check)
        watchers = self._watchers.get(due.check)
        if watchers is None:
            return
        now = self._clock()
        self._push(due.check, max(due.at, now))
        if now - due.at > due.check.interval:
            self._late()
        self._start(due.check, due.at, watchers)

    def _push(self, check: Check, after: datetime) -> None:
        self._in_heap.add(check)
        heapq.heappush(self._heap, _Due(check.slot_after(after), check))

    def _start(self, check: Check, at: datetime, watchers: Iterable[tuple[Key, str]]) -> None:
        task = asyncio.create_task(self._answer(check, at, tuple(watchers)))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _answer(self, check: Check, at: datetime, watchers: tuple[tuple[Key, str], ...]) -> None:
        async with self._slots:
            observation = await self._ask(check.query, at)
        for key, name in watchers:
            if self._of.get(key, {}).get(name) == check:
                self._answers[key, name] = observation
                self._seen(key, name, observation)
