"""The scheduler: one heap that knows which trigger is asked when, and the newest answers.

A check falls on a slot of its interval, shifted by a hash of source and query, so that thousands of policies spread
evenly and those that ask the same of the same fall due together and share one request. A slot is skipped and counted
when a newer one has come, or while the check before it has no answer yet: a slow source never gathers a crowd.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zlib import crc32

from retrain_operator.model.observation import Observation
from retrain_operator.model.source import Source
from retrain_operator.model.trigger import Query, Trigger
from retrain_operator.model.world import Policy
from retrain_operator.queue import Key

EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """One query, put to one source at an interval."""

    source: Source
    query: str
    interval: timedelta

    def slot_after(self, at: datetime) -> datetime:
        """The first slot later than a time."""
        shift = self.interval * (crc32(f"{self.source} {self.query}".encode()) / 2**32)
        number = (at - EPOCH - shift) // self.interval + 1
        return EPOCH + shift + number * self.interval


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    check: Check = field(compare=False)


Whom = Callable[[Policy, Query], Source]
Ask = Callable[[Source, str, datetime], Awaitable[Observation]]
Seen = Callable[[Key, Trigger, Observation | None, Observation], None]
Clock = Callable[[], datetime]


class Scheduler:
    """Checks of all policies.

    `whom` tells the source of a policy's query, and `ask` asks it. `seen` is told every answer with the policy's key,
    the trigger and the answer before, if any; `late` every slot skipped. `clock` may be set back without harm.
    """

    def __init__(self, whom: Whom, ask: Ask, seen: Seen, late: Callable[[], None], clock: Clock) -> None:
        self._whom, self._ask, self._seen, self._late, self._clock = whom, ask, seen, late, clock
        self._heap: list[_Due] = []
        self._in_heap: set[Check] = set()
        self._watchers: dict[Check, dict[tuple[Key, str], None]] = {}
        self._of: dict[Key, dict[str, Check]] = {}
        self._triggers: dict[tuple[Key, str], Trigger] = {}
        self._answers: dict[tuple[Key, str], Observation] = {}
        self._changed = asyncio.Event()
        self._asking: dict[Check, asyncio.Task[None]] = {}
        self._latest = EPOCH

    def watch(self, key: Key, policy: Policy) -> bool:
        """Check a policy's metric triggers from now on, as they stand in its spec now. A new one is asked at once.

        Returns whether that changed anything.
        """
        asking = [(trigger, trigger.query) for trigger in policy.spec.triggers if trigger.query]
        wanted = {
            trigger.name: Check(self._whom(policy, query), query.query, policy.spec.interval)
            for trigger, query in asking
        }
        changed = wanted != self._of.get(key)
        if changed:
            self.forget(key)
        # What is healthy may change although what is asked does not.
        self._triggers |= {(key, trigger.name): trigger for trigger, _ in asking}
        if not changed:
            return False
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
            self._triggers.pop((key, name), None)
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
            self._look_at_the_clock()
            while self._heap and self._heap[0].at <= self._clock():
                self._fire(heapq.heappop(self._heap))
            pause = (self._heap[0].at - self._clock()).total_seconds() if self._heap else None
            # Not wait_for: until Python 3.12 it swallows a cancellation that meets a change, and run() would never end.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    def _look_at_the_clock(self) -> None:
        """A clock that was set back would leave every check waiting for the time it had before."""
        now = self._clock()
        if now < self._latest:
            self._heap = [_Due(check.slot_after(now), check) for check in self._in_heap]
            heapq.heapify(self._heap)
        self._latest = now

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
        observation = await self._ask(check.source, check.query, at)
        for key, name in tuple(self._watchers.get(check, ())):
            before = self._answers.get((key, name))
            self._answers[key, name] = observation
            self._seen(key, self._triggers[key, name], before, observation)
