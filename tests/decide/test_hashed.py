"""H in cron fields: every policy has a time of its own, the same one always, and many policies are spread evenly."""

from collections import Counter

import pytest

from retrain_operator.decide.hashed import spread
from retrain_operator.decide.schedule import Slots, mistake
from retrain_operator.model.trigger import ScheduleTrigger
from tests.builders import a_policy, clock_time
from tests.decide.case import case

THOUSAND = [f"shop/policy-{number}" for number in range(1000)]
OWNER = "shop/churn"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("the minute and the hour", given="H H * * *", then="47 2 * * *"),
        case("a part of the hour", given="H(0-29) * * * *", then="17 * * * *"),
        case("every 15 minutes, from its own minute on", given="H/15 * * * *", then="2-59/15 * * * *"),
        case("every other hour of work", given="0 H(9-17)/2 * * *", then="0 9-17/2 * * *"),
        case("in a list, beside others", given="H,30 0 * * *", then="47,30 0 * * *"),
        case("twice in a list", given="0 H(0-5),H(12-17) * * *", then="0 2,14 * * *"),
        case("a day that every month has, a month, a day of the week", given="0 0 H H H", then="0 0 24 10 1"),
        case("in small letters", given="h h * * *", then="47 2 * * *"),
        case("days whose names have an h stay what they are", given="0 0 * MAR THU", then="0 0 * MAR THU"),
        case("what has no H stays as it is", given="*/5 0-6 1,15 * MON-FRI", then="*/5 0-6 1,15 * MON-FRI"),
    ],
)
def test_what_h_stands_for(given: str, then: str) -> None:
    assert spread(given, OWNER) == then
    assert mistake(ScheduleTrigger(cron=given), OWNER) == ""


# Written down once: another value on another machine or in another release would move everybody's runs.
OWN_TIMES = {
    "shop/churn": "47 2 * * *",
    "shop/fraud": "13 14 * * *",
    "shop/churn-eu": "52 13 * * *",
    "bank/churn": "10 15 * * *",
}


def test_the_same_policy_has_the_same_time_after_every_restart_and_in_every_release() -> None:
    assert {owner: spread("H H * * *", owner) for owner in OWN_TIMES} == OWN_TIMES


def test_the_operator_keeps_to_it() -> None:
    policy = a_policy().by_the_clock("H H * * *").passed()
    assert policy.status.next_schedule_time == clock_time("2024-06-02 02:47:00")
    served = policy.at("2024-06-02 02:47:00").passed()
    assert served.status.active_run
    assert served.status.active_run.cause.message == "The slot of 2024-06-02 02:47 UTC of nightly has come."
    assert policy.operator_restarted().passed().status == policy.status


@pytest.mark.parametrize(("field", "values"), [(0, 60), (1, 24), (2, 28), (3, 12), (4, 7)])
def test_a_thousand_policies_use_every_value(field: int, values: int) -> None:
    used = Counter(spread("H H H H H", owner).split()[field] for owner in THOUSAND)
    assert len(used) == values
    if field != 0:  # in a minute there are 17 of a thousand, and of so few chance makes more or less
        assert max(used.values()) <= 1.6 * 1000 / values


def test_a_thousand_policies_run_at_every_hour_and_at_none_all_together() -> None:
    minutes = Counter(spread("H H * * *", owner) for owner in THOUSAND)
    assert len(minutes) > 650, "of 1440 minutes a thousand throws hit 720, give or take"
    assert max(minutes.values()) <= 6


@pytest.mark.parametrize(
    ("cron", "field", "lowest", "highest"),
    [
        ("H(0-29) * * * *", 0, 0, 29),
        ("0 H(20-23) * * *", 1, 20, 23),
        ("0 0 H(1-31) * *", 2, 1, 31),
        ("0 0 H * *", 2, 1, 28),
        ("0 0 * H(6-8) *", 3, 6, 8),
        ("0 0 * * H(1-5)", 4, 1, 5),
        ("0 H(3-3) * * *", 1, 3, 3),
    ],
)
def test_a_range_is_kept_to_and_used_to_both_ends(cron: str, field: int, lowest: int, highest: int) -> None:
    used = {int(spread(cron, owner).split()[field]) for owner in THOUSAND}
    assert used == set(range(lowest, highest + 1))


@pytest.mark.parametrize(("cron", "a_day"), [("H/15 * * * *", 96), ("0 H(9-17)/2 * * *", None), ("H H/6 * * *", 4)])
def test_a_step_starts_at_each_policys_own_value(cron: str, a_day: int | None) -> None:
    counts, firsts = set(), set()
    for owner in THOUSAND[:50]:
        slots = Slots.of(ScheduleTrigger(cron=cron), owner)
        counts.add(slots.count(clock_time("2024-06-02 23:59:00"), clock_time("2024-06-03 23:59:00"), 1000))
        firsts.add(slots.after(clock_time("2024-06-02 23:59:00")))
    assert counts == ({a_day} if a_day else {4, 5}), "from 9 there are five odd hours up to 17, from 10 four even ones"
    assert len(firsts) > 1


def test_a_step_longer_than_its_range_leaves_one_value_of_the_range() -> None:
    used = {spread("H(5-9)/30 * * * *", owner) for owner in THOUSAND}
    assert used == {f"{minute}-9/30 * * * *" for minute in range(5, 10)}


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a range that ends before it begins", given="H(30-10) * * * *", then="minute (field 1) is 'H(30-10)'"),
        case("a minute too many", given="H(0-60) * * * *", then="minute (field 1) is 'H(0-60)'"),
        case("an hour too many", given="0 H(0-24) * * *", then="hour (field 2) is 'H(0-24)'"),
        case("a day 0", given="0 0 H(0-3) * *", then="day of month (field 3) is 'H(0-3)'"),
        case("a month 0", given="0 0 * H(0-3) *", then="month (field 4) is 'H(0-3)'"),
        case("a day of the week too many", given="0 0 * * H(0-8)", then="day of week (field 5) is 'H(0-8)'"),
        case("a step of nothing", given="H/0 * * * *", then="minute (field 1) is 'H/0'"),
        case("a range without parentheses", given="H-5 * * * *", then="minute (field 1) is 'H-5'"),
        case("no range in them", given="H() * * * *", then="minute (field 1) is 'H()'"),
        case("half a range", given="H(5) * * * *", then="minute (field 1) is 'H(5)'"),
        case("a range of names", given="0 0 * * H(MON-FRI)", then="day of week (field 5) is 'H(MON-FRI)'"),
        case("another letter", given="J * * * *", then="minute (field 1) is 'J'"),
    ],
)
def test_mistakes_are_named_whoever_makes_them(given: str, then: str) -> None:
    told = {mistake(ScheduleTrigger(cron=given), owner) for owner in THOUSAND[:50]}
    spans = {"minute": "0-59", "hour": "0-23", "day of month": "1-31", "month": "1-12 or JAN-DEC"}
    span = spans.get(then.partition(" (")[0], "0-7 or SUN-SAT")
    assert told == {f"cron {given!r}: {then}, but must be {span}"}


def test_a_day_that_february_lacks_never_comes() -> None:
    assert mistake(ScheduleTrigger(cron="H H 31 2 *"), OWNER) == "cron 'H H 31 2 *' names a day that never comes"
    assert mistake(ScheduleTrigger(cron="H H H 2 *"), OWNER) == ""
