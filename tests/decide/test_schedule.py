"""Slots of a schedule: what cron accepts, and which slot is due, in any time zone and across changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from retrain_operator.decide.schedule import Slots, mistake
from retrain_operator.model.trigger import ScheduleTrigger
from tests.builders import T0, clock_time
from tests.decide.case import case

BERLIN = "Europe/Berlin"
OWNER = "shop/churn"
MINUTE = timedelta(minutes=1)


def schedule(cron: str, time_zone: str = "UTC", deadline: str = "1h") -> ScheduleTrigger:
    return ScheduleTrigger.model_validate({"cron": cron, "timeZone": time_zone, "startingDeadline": deadline})


def of(given: ScheduleTrigger) -> Slots:
    return Slots.of(given, OWNER)


def local(text: str, time_zone: str = BERLIN, fold: int = 0) -> datetime:
    """A wall-clock time somewhere; fold 1 is the second time that it is so late that day."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("midnight", given=schedule("0 0 * * *"), then=""),
        case("steps, lists and names", given=schedule("*/15 9-17,22 1,15 jan-jun/2 MON-FRI"), then=""),
        case("a leap day", given=schedule("0 0 29 2 *"), then=""),
        case("Sunday as 7", given=schedule("0 0 * * 7"), then=""),
        case("the shortest deadline", given=schedule("0 0 * * *", deadline="10s"), then=""),
        case("in another zone", given=schedule("0 0 * * *", BERLIN), then=""),
        case(
            "a field too many in front",
            given=schedule("* * 0 0 *"),
            then="cron '* * 0 0 *': day of month (field 3) is '0', but must be 1-31",
        ),
        case(
            "no day has an hour 24",
            given=schedule("0 24 * * *"),
            then="cron '0 24 * * *': hour (field 2) is '24', but must be 0-23",
        ),
        case(
            "no month has a day 0",
            given=schedule("0 0 0 * *"),
            then="cron '0 0 0 * *': day of month (field 3) is '0', but must be 1-31",
        ),
        case(
            "minute 60",
            given=schedule("60 * * * *"),
            then="cron '60 * * * *': minute (field 1) is '60', but must be 0-59",
        ),
        case(
            "month 13",
            given=schedule("0 0 * 13 *"),
            then="cron '0 0 * 13 *': month (field 4) is '13', but must be 1-12 or JAN-DEC",
        ),
        case(
            "weekday 8",
            given=schedule("0 0 * * 8"),
            then="cron '0 0 * * 8': day of week (field 5) is '8', but must be 0-7 or SUN-SAT",
        ),
        case(
            "four fields",
            given=schedule("0 0 * *"),
            then="cron '0 0 * *' needs five fields: minute hour day-of-month month day-of-week",
        ),
        case(
            "six fields",
            given=schedule("0 0 0 1 * *"),
            then="cron '0 0 0 1 * *' needs five fields: minute hour day-of-month month day-of-week",
        ),
        case("30 February", given=schedule("0 0 30 2 *"), then="cron '0 0 30 2 *' names a day that never comes"),
        case(
            "a place that is no zone",
            given=schedule("0 0 * * *", "Europe/Berlni"),
            then="timeZone 'Europe/Berlni' is not an IANA time zone such as Europe/Berlin",
        ),
        case(
            "a continent that is no zone",
            given=schedule("0 0 * * *", "Europe"),
            then="timeZone 'Europe' is not an IANA time zone such as Europe/Berlin",
        ),
    ],
)
def test_mistakes(given: ScheduleTrigger, then: str) -> None:
    assert mistake(given, OWNER) == then


@each(st.text(alphabet="0123456789*/,-#LW MONJAN", max_size=20))
def test_what_has_no_mistake_has_a_next_slot(cron: str) -> None:
    given = ScheduleTrigger(cron=cron)
    if not mistake(given, OWNER):
        assert of(given).after(T0) > T0


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("the next slot is never the time itself", given=("0 10 * * *", T0), then=T0 + timedelta(days=1)),
        case("in UTC", given=("0 0 * * *", T0), then=clock_time("2024-06-02 00:00:00")),
        case("a leap day is years away", given=("0 0 29 2 *", T0), then=clock_time("2028-02-29 00:00:00")),
    ],
)
def test_the_next_slot(given: tuple[str, datetime], then: datetime) -> None:
    cron, after = given
    assert of(schedule(cron)).after(after) == then


def test_the_next_slot_in_another_time_zone() -> None:
    assert of(schedule("0 0 * * *", BERLIN)).after(T0) == clock_time("2024-06-01 22:00:00")
    assert of(schedule("30 5 * * *", "Asia/Kolkata")).after(T0) == clock_time("2024-06-02 00:00:00")


def slots(given: ScheduleTrigger, start: datetime, end: datetime) -> list[datetime]:
    """What an operator that looks every ten minutes serves."""
    served, now, found = start, start, []
    while now <= end:
        if (slot := of(given).until(now)) > served:
            found.append(slot)
            served = slot
        now += 10 * MINUTE
    return found


def test_a_slot_that_the_clock_jumps_over_comes_right_after_the_jump() -> None:
    # On 31 March 2024, Berlin's clock went from 02:00 to 03:00.
    given = schedule("30 2 * * *", BERLIN)
    found = slots(given, local("2024-03-30T12:00"), local("2024-04-01T12:00"))
    assert found == [local("2024-03-31T03:00"), local("2024-04-01T02:30")]


def test_a_slot_that_the_clock_passes_twice_comes_once() -> None:
    # On 27 October 2024, Berlin's clock went from 03:00 back to 02:00.
    given = schedule("30 2 * * *", BERLIN)
    found = slots(given, local("2024-10-26T12:00"), local("2024-10-28T12:00"))
    assert found == [local("2024-10-27T02:30"), local("2024-10-28T02:30")]


def test_the_second_time_it_is_ten_past_two_the_next_slot_is_tomorrow() -> None:
    given, now = schedule("30 2 * * *", BERLIN), local("2024-10-27T02:10", fold=1)
    assert of(given).after(now) == local("2024-10-28T02:30")
    assert of(given).until(now) == local("2024-10-27T02:30")


def test_every_hour_is_every_hour_of_the_day_that_has_25() -> None:
    given = schedule("0 * * * *", BERLIN)
    found = slots(given, local("2024-10-27T00:00"), local("2024-10-28T00:00"))
    assert len(found) == 25


DAILY = st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23))
# Lord Howe's clock changes by half an hour, Troll's by two.
ZONES = st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Kolkata", "UTC"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CHANGES = st.sampled_from(
    [
        local("2024-03-31T01:00"),
        local("2024-10-27T00:00"),
        local("2024-10-06T00:00", "Australia/Lord_Howe"),
        local("2024-04-07T00:00", "Australia/Lord_Howe"),
        local("2024-10-27T00:00", "Antarctica/Troll"),
        local("2024-11-03T00:00", "America/New_York"),
    ]
)
NEAR_A_CHANGE = st.builds(lambda change, minutes: change + minutes * MINUTE, CHANGES, st.integers(0, 360))


@each(DAILY, ZONES, MOMENTS | NEAR_A_CHANGE)
def test_the_next_slot_is_always_ahead(cron: str, zone: str, now: datetime) -> None:
    slot = of(schedule(cron, zone)).after(now)
    assert now < slot <= now + timedelta(hours=28)


@each(DAILY, ZONES, MOMENTS | NEAR_A_CHANGE)
def test_once_a_slot_has_come_it_is_the_newest(cron: str, zone: str, now: datetime) -> None:
    slots = of(schedule(cron, zone))
    slot = slots.after(now)
    assert slots.until(slot - timedelta(seconds=1)) <= now
    for late in (timedelta(0), MINUTE, 10 * MINUTE, 40 * MINUTE, timedelta(hours=3)):
        assert slots.until(slot + late) == slot
