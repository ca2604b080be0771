"""The scheduler: every check at its slot, one request for equal queries, and no crowd before a source that is slow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

from retrain_operator.model.observation import Observation, Sample
from retrain_operator.queue import Key
from retrain_operator.schedule import IN_FLIGHT, Check, Scheduler
from tests.builders import APolicy, a_policy
from tests.no_time import in_no_time, now

CHURN, FRAUD = Key("policy", "shop", "churn"), Key("policy", "bank", "fraud")
INTERVAL = timedelta(seconds=30)
DRIFT = Check("max(drift)", INTERVAL)
POLICY = a_policy().watching("drift", max=0.1)


class Source:
    """A Prometheus that notes who asked what, and takes its time."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.asked: list[tuple[str, datetime]] = []
        self.at_once = self.most_at_once = 0
        self.told: list[tuple[Key, str, Observation]] = []
        self.late = 0
        self.scheduler = Scheduler(self.ask, self.seen, self.count_late, now)

    async def ask(self, query: str, at: datetime) -> Observation:
        self.asked.append((query, at))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.takes)
        self.at_once -= 1
        return Sample(at, 0.02)

    def seen(self, key: Key, trigger: str, observation: Observation) -> None:
        self.told.append((key, trigger, observation))

    def count_late(self) -> None:
        self.late += 1

    def watch(self, key: Key, policy: APolicy = POLICY) -> None:
        self.scheduler.watch(key, policy.policy)

    @contextlib.asynccontextmanager
    async def running(self, span: float = 0.0) -> AsyncIterator[None]:
        """While inside, and before that for so many seconds, the scheduler runs."""
        task = asyncio.create_task(self.scheduler.run())
        await asyncio.sleep(span)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def for_(self, span: float) -> None:
        async with self.running(span):
            pass


def test_a_new_check_is_asked_at_once_and_then_at_every_slot() -> None:
    async def story() -> list[tuple[str, datetime]]:
        source = Source()
        source.watch(CHURN)
        await source.for_(95)
        return source.asked

    (query, first), *slots = in_no_time(story())
    expected = [DRIFT.slot_after(first + number * INTERVAL) for number in range(4)]
    assert (query, [at for _, at in slots]) == ("max(drift)", expected)


def test_equal_queries_are_one_request_and_everybody_is_told() -> None:
    async def story() -> Source:
        source = Source()
        source.watch(CHURN)
        source.watch(FRAUD)
        await source.for_(29)
        return source

    source = in_no_time(story())
    assert len(source.asked) == 2, "one at once and one at the slot"
    assert [key for key, _, _ in source.told] == [CHURN, FRAUD, CHURN, FRAUD]


def test_a_thousand_policies_with_one_query_are_one_request_when_the_operator_starts() -> None:
    async def story() -> Source:
        source = Source(takes=1)
        async with source.running():
            for number in range(1000):
                source.watch(Key("policy", "shop", f"churn-{number}"))
            await asyncio.sleep(1.5)
        return source

    source = in_no_time(story())
    assert len({at for _, at in source.asked}) == len(source.asked) <= 2
    assert len({key for key, _, _ in source.told}) == 1000


def test_the_newest_answer_is_what_a_pass_sees() -> None:
    async def story() -> None:
        source = Source(takes=1)
        source.watch(CHURN)
        assert source.scheduler.observations(CHURN) == {}
        async with source.running(40):
            newest = source.asked[-1][1]
            assert source.scheduler.observations(CHURN) == {"drift": Sample(newest, 0.02)}
            assert source.scheduler.observations(FRAUD) == {}

    in_no_time(story())


def test_watching_again_what_is_watched_asks_nothing() -> None:
    async def story() -> int:
        source = Source()
        source.watch(CHURN)
        async with source.running(1):
            for _ in range(10):
                source.watch(CHURN)
            await asyncio.sleep(1)
        return len(source.asked)

    assert in_no_time(story()) == 1


def test_a_forgotten_policy_is_not_asked_for_and_told_nothing() -> None:
    async def story() -> Source:
        source = Source(takes=1)
        source.watch(CHURN)
        async with source.running(0.5):
            source.scheduler.forget(CHURN)
            source.scheduler.forget(FRAUD)
            await asyncio.sleep(100)
        assert source.scheduler.observations(CHURN) == {}
        return source

    source = in_no_time(story())
    assert (len(source.asked), source.told) == (1, [])


def test_what_one_policy_forgets_another_keeps() -> None:
    async def story() -> Source:
        source = Source()
        source.watch(CHURN)
        source.watch(FRAUD)
        async with source.running(1):
            source.scheduler.forget(CHURN)
            source.told.clear()
            await asyncio.sleep(60)
        return source

    assert {key for key, _, _ in in_no_time(story()).told} == {FRAUD}


def test_a_changed_interval_counts_at_once_and_the_old_one_no_longer() -> None:
    async def story() -> Source:
        source = Source()
        source.watch(CHURN)
        async with source.running(1):
            for interval in ("10s", "30s", "10s"):
                source.watch(CHURN, POLICY.with_spec(interval=interval))
            await asyncio.sleep(0)
            assert len(source.asked) == 3, "each new interval asks at once"
            await asyncio.sleep(60)
        return source

    asked = [at for _, at in in_no_time(story()).asked[3:]]
    assert [after - before for before, after in pairwise(asked)] == [timedelta(seconds=10)] * 5


def test_a_check_that_comes_and_goes_has_one_place_in_the_queue() -> None:
    async def story() -> list[tuple[str, datetime]]:
        source = Source()
        async with source.running():
            for _ in range(20):
                source.watch(CHURN)
                source.scheduler.forget(CHURN)
            source.watch(CHURN)
            await asyncio.sleep(1)
            source.asked.clear()
            await asyncio.sleep(90)
        return source.asked

    assert len(in_no_time(story())) == 3


def test_late_slots_are_skipped_and_counted_and_the_newest_is_asked() -> None:
    async def story() -> Source:
        source = Source()
        source.watch(CHURN)
        await source.for_(1)
        source.asked.clear()
        await asyncio.sleep(100)  # a time in which nobody ran
        await source.for_(1)
        return source

    source = in_no_time(story())
    assert source.late == 1
    slot = DRIFT.slot_after(source.asked[0][1])
    assert len(source.asked) == 1
    assert source.asked[0][1] == slot - INTERVAL


def test_a_slow_source_is_not_asked_again_before_it_has_answered() -> None:
    async def story() -> Source:
        source = Source(takes=100)
        source.watch(CHURN)
        await source.for_(299)
        return source

    source = in_no_time(story())
    assert source.most_at_once == 1
    assert len(source.asked) == 3
    assert source.late == 8
    times = [observation.at for _, _, observation in source.told]
    assert times == sorted(times)


def test_no_more_than_eight_requests_go_out_at_once() -> None:
    async def story() -> Source:
        source = Source(takes=2)
        for number in range(30):
            source.watch(Key("policy", "shop", f"p{number}"), a_policy().watching(f"drift-{number}", max=0.1))
        await source.for_(9)
        return source

    source = in_no_time(story())
    assert source.most_at_once == IN_FLIGHT == 8


def test_it_stops_when_it_is_told_to_even_if_a_policy_came_that_very_moment() -> None:
    async def story() -> bool:
        source = Source()
        task = asyncio.create_task(source.scheduler.run())
        await asyncio.sleep(1)
        source.watch(CHURN)
        task.cancel()
        await asyncio.wait([task], timeout=60)
        return task.cancelled()

    assert in_no_time(story())
