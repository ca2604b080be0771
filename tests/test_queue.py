"""The work queue: each key by one worker at a time, once for many wishes, and later and later when it fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from retrain_operator.queue import PAUSE_LONGEST, Key, Queue

A, B = Key("policy", "shop", "churn"), Key("run", "shop", "churn-abcdefghij")
MOMENT = timedelta(milliseconds=20)


class Worked:
    """Passes that note what happened, and do as they are told."""

    def __init__(self) -> None:
        self.passes: list[Key] = []
        self.at_work: list[Key] = []
        self.results: list[timedelta | Exception | None] = []
        self.hold: asyncio.Event | None = None

    async def __call__(self, key: Key) -> timedelta | None:
        assert key not in self.at_work, "two workers on one key"
        self.at_work.append(key)
        self.passes.append(key)
        if self.hold:
            await self.hold.wait()
        await asyncio.sleep(0)
        self.at_work.remove(key)
        result = self.results.pop(0) if self.results else None
        if isinstance(result, Exception):
            raise result
        return result


@contextlib.asynccontextmanager
async def working(queue: Queue, workers: int = 2) -> AsyncIterator[None]:
    """While inside, so many workers work."""
    tasks = [asyncio.create_task(queue.work()) for _ in range(workers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def settle(done: Callable[[], bool] = lambda: False, seconds: float = 0.05) -> None:
    """Let the workers work until something holds, for so long at most."""
    end = asyncio.get_running_loop().time() + seconds
    while not done() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110  # what is waited for is a fact
        await asyncio.sleep(0.001)


async def test_a_key_added_many_times_is_worked_on_once() -> None:
    work = Worked()
    queue = Queue(work)
    for _ in range(5):
        queue.add(A)
    queue.add(B)
    assert len(queue) == 2
    async with working(queue):
        await settle()
    assert sorted(work.passes) == [A, B]


async def test_a_key_added_while_it_is_worked_on_is_worked_on_once_more_afterwards() -> None:
    work = Worked()
    work.hold = asyncio.Event()
    queue = Queue(work)
    queue.add(A)
    async with working(queue, workers=3):
        await settle(lambda: work.at_work == [A])
        for _ in range(3):
            queue.add(A)
        await settle(seconds=0.01)
        assert work.passes == [A]
        work.hold.set()
        await settle(lambda: len(work.passes) > 2)
    assert work.passes == [A, A]


async def test_two_keys_are_worked_on_at_the_same_time() -> None:
    work = Worked()
    work.hold = asyncio.Event()
    queue = Queue(work)
    queue.add(A)
    queue.add(B)
    async with working(queue):
        await settle(lambda: len(work.at_work) == 2)
        assert sorted(work.at_work) == [A, B]
        work.hold.set()
        await settle(lambda: not work.at_work)


async def test_a_pass_is_repeated_when_it_asks_for_it() -> None:
    work = Worked()
    work.results = [timedelta(0), MOMENT, None]
    queue = Queue(work)
    queue.add(A)
    async with working(queue):
        await settle(lambda: len(work.passes) == 3, 1)
        await settle()
    assert work.passes == [A, A, A]


async def test_a_wish_does_not_wait_for_the_pause() -> None:
    work = Worked()
    work.results = [timedelta(hours=1)]
    queue = Queue(work)
    queue.add(A)
    async with working(queue):
        await settle(lambda: len(work.passes) == 1)
        await settle(seconds=0.005)
        queue.add(A)
        await settle(lambda: len(work.passes) == 2)
        await settle()
    assert work.passes == [A, A]


async def test_of_several_pauses_the_one_that_ends_first_counts() -> None:
    work = Worked()
    queue = Queue(work)
    async with working(queue):
        queue.add_after(A, timedelta(hours=1))
        queue.add_after(A, MOMENT)
        queue.add_after(A, timedelta(minutes=1))
        queue.add_after(B, timedelta(seconds=-5))
        await settle(lambda: len(work.passes) == 2, 1)
        await settle()
    assert work.passes == [B, A]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses in seconds that a queue takes, none of which is waited for."""
    taken: list[float] = []
    take = Queue.add_after

    def noted(self: Queue, key: Key, pause: timedelta) -> None:
        taken.append(pause.total_seconds())
        take(self, key, timedelta(0))

    monkeypatch.setattr(Queue, "add_after", noted)
    return taken


async def failing(times: int) -> Worked:
    """What was done by the time a pass has failed so often, and then succeeded."""
    work = Worked()
    work.results = [RuntimeError("its text may hold what somebody else wrote")] * times
    queue = Queue(work)
    queue.add(A)
    async with working(queue):
        await settle(lambda: len(work.passes) > times, 5)
    return work


async def test_a_pass_that_fails_is_tried_again_after_growing_jittered_pauses(pauses: list[float]) -> None:
    assert len((await failing(10)).passes) == 11
    for pause, expected in zip(pauses, [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert expected / 2 <= pause <= expected * 1.5


async def test_a_pass_that_fails_for_days_stops_nobody(pauses: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR")
    await failing(1100)
    assert len(pauses) == 1100
    assert max(pauses) <= PAUSE_LONGEST * 1.5


async def test_a_pass_that_succeeds_starts_the_pauses_anew(pauses: list[float]) -> None:
    work = Worked()
    oops = RuntimeError()
    work.results = [oops, oops, oops, timedelta(0), oops]
    queue = Queue(work)
    queue.add(A)
    async with working(queue):
        await settle(lambda: len(work.passes) == 6, 1)
    assert pauses[3] == 0
    assert pauses[4] <= 0.75


async def test_what_is_logged_of_a_failure_is_its_kind_only(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    await failing(1)
    assert "RuntimeError" in caplog.text
    assert "somebody else" not in caplog.text
    assert len(pauses) == 1


async def test_a_failure_of_one_key_does_not_hold_up_another(pauses: list[float]) -> None:
    work = Worked()
    work.results = [RuntimeError(), None, None]
    queue = Queue(work)
    queue.add(A)
    queue.add(B)
    async with working(queue, workers=1):
        await settle(lambda: len(work.passes) == 3, 1)
    assert work.passes == [A, B, A]
    assert len(pauses) == 1
