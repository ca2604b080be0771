"""A year by the clock, both changes of it included: one run a day, and one for all that an outage missed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from retrain_operator.decide.replay import FIRED, Assumption, replay
from retrain_operator.decide.slot import COUNTED_AT_MOST
from retrain_operator.decide.start import Start
from retrain_operator.model.run import Outcome
from retrain_operator.model.world import Policy
from tests.builders import APolicy, a_policy, clock_time
from tests.decide.case import case

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CLOCKS = ["Europe/Berlin", "America/New_York"]


def fired(policy: Policy, until: datetime) -> list[datetime]:
    """When runs start that last ten minutes each."""
    told = replay(policy, (), until, Assumption(10 * MINUTE, Outcome.SUCCEEDED))
    return [each.at for each in told if each.decision == FIRED]


def by_the_wall_clock(year: int, wall: time, zone: ZoneInfo) -> Iterator[datetime]:
    """For each day of a year, the first instant at which a clock on the wall shows that time or a later one."""
    for number in range(-1, 366):
        day = date(year, 1, 1) + number * DAY
        at = datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)
        if at.astimezone(zone).time() != wall:
            # The clock jumps over it: the first instant after the jump.
            at = next(
                instant
                for minutes in range(-180, 180)
                if (instant := at + minutes * MINUTE).astimezone(zone).date() == day
                and instant.astimezone(zone).time() >= wall
            )
        if at.year == year:
            yield at


# At half past one New York's clock goes back as Berlin's does at half past two: it is so late twice.
@pytest.mark.parametrize("wall", [time(2, 0), time(2, 30), time(1, 30)], ids=str)
@pytest.mark.parametrize("zone", CLOCKS)
@pytest.mark.parametrize("year", [2024, 2026])
def test_once_each_day_of_a_year_to_the_minute(year: int, zone: str, wall: time) -> None:
    nightly = a_policy().by_the_clock(f"{wall.minute} {wall.hour} * * *", timeZone=zone).resting()
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    policy = nightly.created_at(f"{start - MINUTE:%Y-%m-%d %H:%M:%S}").policy
    starts = fired(policy, end - MINUTE)
    assert starts == list(by_the_wall_clock(year, wall, ZoneInfo(zone)))
    local = [at.astimezone(ZoneInfo(zone)).date() for at in starts]
    assert len(set(local)) == len(starts) == (366 if year == 2024 else 365)


CHANGES = [
    case("Berlin goes forward", given=("Europe/Berlin", "2024-03-30", "2024-04-01"),
         then=["03-31 01:00", "04-01 00:30"]),
    case("Berlin goes back", given=("Europe/Berlin", "2024-10-26", "2024-10-28"),
         then=["10-27 00:30", "10-28 01:30"]),
    case("New York goes forward", given=("America/New_York", "2024-03-09", "2024-03-11"),
         then=["03-10 07:00", "03-11 06:30"]),
    case("New York goes back", given=("America/New_York", "2024-11-02", "2024-11-04"),
         then=["11-03 07:30", "11-04 07:30"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "then"), CHANGES)
def test_an_operator_that_looks_every_minute_starts_one_run_a_night(
    given: tuple[str, str, str], then: list[str]
) -> None:
    zone, first, last = given
    policy = a_policy().by_the_clock("30 2 * * *", timeZone=zone).resting().created_at(f"{first} 12:00:00")
    policy, started = policy.at(f"{first} 12:00:00"), []
    while policy.now < clock_time(f"{last} 12:00:00"):
        if isinstance(policy.decision, Start):
            started.append(f"{policy.now:%m-%d %H:%M}")
            policy = policy.passed().training().run_ended(Outcome.SUCCEEDED)
        policy = policy.passed().later("1m")
    assert started == then
    assert policy.trigger("nightly").skipped_slots == 0


def test_a_leap_day_comes_when_there_is_one() -> None:
    leap = a_policy().by_the_clock("0 2 29 2 *", timeZone="Europe/Berlin").created_at("2023-12-31 00:00:00").policy
    starts = fired(leap, datetime(2034, 1, 1, tzinfo=UTC))
    assert starts == [datetime(year, 2, 29, 1, 0, tzinfo=UTC) for year in (2024, 2028, 2032)]


# After an outage

NIGHTLY = (
    a_policy().by_the_clock("0 2 * * *", startingDeadline="12h").resting()
    .created_at("2024-05-31 12:00:00").at("2024-06-01 02:00:00")
)  # fmt: skip


def served(policy: APolicy) -> APolicy:
    """The run that is due now is over ten minutes later."""
    assert isinstance(policy.decision, Start)
    return policy.passed().training().later("10m").run_ended(Outcome.SUCCEEDED).passed()


def skipped(policy: APolicy) -> tuple[int, str]:
    trigger = policy.trigger("nightly")
    return trigger.skipped_slots, f"{trigger.skipped_until:%m-%d %H:%M}" if trigger.skipped_until else ""


MISSED = "2 slots were skipped so far, the newest of 2024-06-03 02:00 UTC."


def after_an_outage() -> APolicy:
    """Served on the first of June, not looked at for three days, and looked at again."""
    return served(NIGHTLY).operator_restarted().at("2024-06-04 10:00:00")


def after_a_suspend() -> APolicy:
    """Served on the first of June, and suspended for three days in which the operator looked every ten minutes."""
    policy = served(NIGHTLY).edited(suspend=True)
    while policy.now < clock_time("2024-06-04 10:00:00"):
        policy = policy.passed().later("10m")
        assert not isinstance(policy.decision, Start)
    return policy.edited(suspend=False)


def test_after_an_outage_of_three_days_the_newest_slot_is_made_up_for_and_the_others_are_counted() -> None:
    back = after_an_outage()
    assert skipped(back) == (2, "06-03 02:00")
    assert back.trigger("nightly").message == f"The slot of 2024-06-04 02:00 UTC of nightly has come. {MISSED}"
    over = served(back)
    assert over.status.last_schedule_time == clock_time("2024-06-04 02:00:00")
    assert over.trigger("nightly").message == f"Waiting for the next slot of 0 2 * * *. {MISSED}"
    assert not isinstance(over.later("1h").decision, Start), "one run, not three"
    assert isinstance(over.at("2024-06-05 02:00:00").decision, Start), "and the clock goes on"


def test_after_a_suspend_of_three_days_too() -> None:
    back = after_a_suspend()
    assert skipped(back) == (2, "06-03 02:00")
    over = served(back)
    assert over.status.last_schedule_time == clock_time("2024-06-04 02:00:00")
    assert not isinstance(over.later("1h").decision, Start)
    assert isinstance(over.at("2024-06-05 02:00:00").decision, Start)


@pytest.mark.parametrize("back", [after_an_outage, after_a_suspend])
def test_a_slot_that_is_too_old_is_counted_too_and_the_next_one_is_served(back: Callable[[], APolicy]) -> None:
    assert isinstance(back().at("2024-06-04 14:00:00").decision, Start), "12h is the deadline"
    late = back().at("2024-06-04 14:00:01")
    assert not isinstance(late.decision, Start)
    assert skipped(late) == (3, "06-04 02:00")
    assert skipped(late.passed().later("1h")) == (3, "06-04 02:00"), "counted once"
    served(late.passed().at("2024-06-05 02:00:00"))


def test_since_when_a_schedule_waits_or_is_due_is_told() -> None:
    known = NIGHTLY.at("2024-06-01 00:00:00").passed()
    assert known.trigger("nightly").since == clock_time("2024-06-01 00:00:00")
    due = known.suspended().at("2024-06-01 02:00:00").passed()
    next_due = due.at("2024-06-02 02:00:00").passed()
    assert next_due.trigger("nightly").since == due.trigger("nightly").since == clock_time("2024-06-01 02:00:00")
    late = next_due.at("2024-06-02 15:00:00").passed()
    assert late.trigger("nightly").since == clock_time("2024-06-02 15:00:00")


def test_a_slot_that_no_run_served_is_told_once_it_is_too_old() -> None:
    known = NIGHTLY.limited(failureLimit=1).at("2024-06-01 00:00:00").passed()
    stuck = known.after_a_run(Outcome.FAILED).with_status(failures_in_a_row=1).at("2024-06-01 02:00:00").passed()
    assert (stuck.status.state, skipped(stuck)) == ("Stalled", (0, ""))
    late = stuck.at("2024-06-01 14:00:01").passed()
    assert skipped(late) == (1, "06-01 02:00")
    assert late.trigger("nightly").message == (
        "Waiting for the next slot of 0 2 * * *. 1 slot was skipped so far, the newest of 2024-06-01 02:00 UTC."
    )


def test_a_year_of_minutes_later_one_run_starts_at_once() -> None:
    busy = served(a_policy().by_the_clock("* * * * *").resting().created_at("09:59:00"))
    assert skipped(busy) == (9, "06-01 10:09"), "one run for the slots that came while the one before it trained"
    back = busy.at("2025-06-01 10:00:20")
    began = perf_counter()
    decision = back.decision
    assert perf_counter() - began < 2, "half a million slots are not counted one by one"
    assert isinstance(decision, Start)
    assert decision.cause.at == clock_time("2025-06-01 10:00:00")
    assert skipped(back) == (9 + COUNTED_AT_MOST - 1, "06-01 09:59"), "but for the one that is made up for"
