"""The scheduler: every check at its slot, one request for equal checks, and no crowd before a source that is slow."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from retrain_operator.model.observation import Sample
from retrain_operator.model.source import NamedSource, Source
from retrain_operator.queue import Key
from tests.builders import a_policy
from tests.checks import CHURN, DEFAULT, DRIFT, FRAUD, INTERVAL, POLICY, Asked
from tests.no_time import in_no_time


def test_a_new_check_is_asked_at_once_and_then_at_every_slot() -> None:
    async def story() -> list[tuple[str, datetime]]:
        source = Asked()
        source.watch(CHURN)
        await source.for_(100)
        return source.asked

    (query, first), *slots = in_no_time(story())
    expected = [DRIFT.slot_after(first + number * INTERVAL) for number in range(4)]
    assert (query, [at for _, at in slots]) == ("max(drift)", expected)


def test_equal_queries_are_one_request_and_everybody_is_told() -> None:
    async def story() -> Asked:
        source = Asked()
        source.watch(CHURN)
        source.watch(FRAUD)
        await source.for_(29)
        return source

    source = in_no_time(story())
    assert len(source.asked) == 2, "one at once and one at the slot"
    assert [key for key, _, _ in source.told] == [CHURN, FRAUD, CHURN, FRAUD]


def test_a_thousand_policies_with_one_query_are_one_request_when_the_operator_starts() -> None:
    async def story() -> Asked:
        source = Asked(takes=1)
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
        source = Asked(takes=1)
        source.watch(CHURN)
        assert source.scheduler.observations(CHURN) == {}
        async with source.running(40):
            newest = source.asked[-1][1]
            assert source.scheduler.observations(CHURN) == {"drift": Sample(newest, 0.02)}
            assert source.scheduler.observations(FRAUD) == {}

    in_no_time(story())


def test_watching_again_what_is_watched_asks_nothing() -> None:
    async def story() -> int:
        source = Asked()
        source.watch(CHURN)
        async with source.running(1):
            for _ in range(10):
                source.watch(CHURN)
            await asyncio.sleep(1)
        return len(source.asked)

    assert in_no_time(story()) == 1


def test_a_forgotten_policy_is_not_asked_for_and_told_nothing() -> None:
    async def story() -> Asked:
        source = Asked(takes=1)
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
    async def story() -> Asked:
        source = Asked()
        source.watch(CHURN)
        source.watch(FRAUD)
        async with source.running(1):
            source.scheduler.forget(CHURN)
            source.told.clear()
            await asyncio.sleep(60)
        return source

    assert {key for key, _, _ in in_no_time(story()).told} == {FRAUD}


def test_a_changed_interval_counts_at_once_and_the_old_one_no_longer() -> None:
    async def story() -> Asked:
        source = Asked()
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
        source = Asked()
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
    async def story() -> Asked:
        source = Asked()
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
    async def story() -> Asked:
        source = Asked(takes=100)
        source.watch(CHURN)
        await source.for_(299)
        return source

    source = in_no_time(story())
    assert source.most_at_once == 1
    assert len(source.asked) == 3
    assert source.late == 8
    times = [observation.at for _, _, observation in source.told]
    assert times == sorted(times)


DRIFTS: Any = {"name": "drift", "prometheus": {"query": "max(psi)", "healthyRange": {"max": 0.1}}}


def test_what_asks_for_other_sources_is_asked_apart() -> None:
    async def story() -> set[Source]:
        asked = Asked()
        named = {"name": "tenant", "prometheus": {**DRIFTS["prometheus"], "source": "mimir"}}
        policy = a_policy().edited(triggers=[DRIFTS, named]).policy
        for key in (CHURN, FRAUD):
            asked.scheduler.watch(key, replace(policy, namespace=key.namespace))
        await asked.for_(1)
        return set(asked.sources)

    assert in_no_time(story()) == {DEFAULT, NamedSource("mimir", "bank"), NamedSource("mimir", "shop")}


def test_data_volume_is_asked_and_a_schedule_is_not() -> None:
    async def story() -> Asked:
        asked = Asked()
        volume = {"name": "growth", "dataVolume": {"query": "sum(rows)", "growthPercent": 20}}
        clock = {"name": "nightly", "schedule": {"cron": "0 0 * * *"}}
        asked.watch(CHURN, a_policy().edited(triggers=[volume, clock]))
        await asked.for_(1)
        assert asked.scheduler.observations(CHURN).keys() == {"growth"}
        return asked

    assert [query for query, _ in in_no_time(story()).asked] == ["sum(rows)"]


def test_an_answer_is_told_with_the_one_before_and_the_trigger_as_it_is_now() -> None:
    async def story() -> Asked:
        asked = Asked()
        asked.watch(CHURN)
        async with asked.running(31):
            asked.watch(CHURN, a_policy().watching("drift", max=0.9))
            await asyncio.sleep(30)
        return asked

    asked = in_no_time(story())
    answers = [observation for _, _, observation in asked.told]
    assert [before for _, before in asked.before] == [None, *answers[:-1]]
    limits = [trigger.prometheus.healthy_range.max for trigger, _ in asked.before if trigger.prometheus]
    assert limits == [0.1, 0.1, 0.9]
    assert len(asked.asked) == 3, "another limit is not another question"


def test_a_clock_that_is_set_back_silences_nobody() -> None:
    async def story() -> Asked:
        asked = Asked()
        asked.watch(CHURN)
        asked.watch(FRAUD, a_policy().watching("other", max=0.1).with_spec(interval="10s"))
        async with asked.running(60):
            asked.set_back = timedelta(hours=1)
            await asyncio.sleep(31)
            asked.asked.clear()
            await asyncio.sleep(120)
        return asked

    asked = in_no_time(story())
    queries = [query for query, _ in asked.asked]
    assert (queries.count("max(drift)"), queries.count("max(other)")) == (4, 12)
    assert all(at.hour == 9 for _, at in asked.asked), "slots are those of the clock as it is now"


def test_it_stops_when_it_is_told_to_even_if_a_policy_came_that_very_moment() -> None:
    async def story() -> bool:
        source = Asked()
        task = asyncio.create_task(source.scheduler.run())
        await asyncio.sleep(1)
        source.watch(CHURN)
        task.cancel()
        await asyncio.wait([task], timeout=60)
        return task.cancelled()

    assert in_no_time(story())
