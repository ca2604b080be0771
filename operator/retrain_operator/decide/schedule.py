"""Slots of a cron schedule: which one came last, which one comes next. Cron rules are Debian's, by cronsim.

A slot in a gap of the clock comes once, at the next instant; a slot in an overlap comes once.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from retrain_operator.model.scalars import duration_text
from retrain_operator.model.trigger import CRON_FIELDS, ScheduleTrigger
from retrain_operator.model.world import PolicyWorld

SHORTEST_DEADLINE = timedelta(seconds=10)
"""A pass comes moments after its slot; with less than this a slot might always be missed."""
OVERLAP = timedelta(hours=3)
"""No clock is set back further than this at the end of a summer time."""


def mistake(schedule: ScheduleTrigger) -> str:
    """What is wrong with the schedule, naming the field and what it may hold; empty when nothing is."""
    try:
        ZoneInfo(schedule.time_zone)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        return f"timeZone {schedule.time_zone!r} is not an IANA time zone such as Europe/Berlin"
    if len(schedule.cron.split()) != 5:
        return f"cron {schedule.cron!r} needs five fields: minute hour day-of-month month day-of-week"
    for index, (name, _, span) in enumerate(CRON_FIELDS):
        alone = ["*"] * 5
        alone[index] = schedule.cron.split()[index]
        if not _understood(" ".join(alone)):
            return f"cron {schedule.cron!r}: {name} (field {index + 1}) is {alone[index]!r}, but must be {span}"
    if not _understood(schedule.cron):
        return f"cron {schedule.cron!r} names a day that never comes"
    if schedule.starting_deadline < SHORTEST_DEADLINE:
        return f"startingDeadline {duration_text(schedule.starting_deadline)} is too short to meet a slot, at least 10s"
    return ""


def _understood(cron: str) -> bool:
    try:
        CronSim(cron, datetime(2000, 1, 1))  # noqa: DTZ001  # the date plays no part in reading the fields
    except CronSimError:
        return False
    return True


def next_slot(schedule: ScheduleTrigger, after: datetime) -> datetime:
    """The first slot after a time."""
    slots = CronSim(schedule.cron, after.astimezone(ZoneInfo(schedule.time_zone)))
    # In the second hour of an overlap, cronsim's first answer lies in the first one, which is over.
    slot: datetime = next(slot for slot in slots if slot > after)
    return slot.astimezone(after.tzinfo)


def unserved_since(world: PolicyWorld) -> datetime:
    """After when a slot counts: the last that was served, and not from before the spec was as it is."""
    policy, status = world.policy, world.policy.status
    if status.observed_generation not in (0, policy.generation):
        return world.now
    return max(at for at in (policy.created, status.observed_since, status.last_schedule_time) if at)


def newest_slot(schedule: ScheduleTrigger, after: datetime, now: datetime) -> datetime | None:
    """The newest slot later than `after` and not later than `now`, unless it is missed by more than its deadline."""
    zone = ZoneInfo(schedule.time_zone)
    start = (now + timedelta(minutes=1)).astimezone(zone)
    if start.fold:
        # cronsim counts back by the wall clock, on which the second hour of an overlap is as early as the first.
        start = (now + OVERLAP).astimezone(zone)
    backwards = CronSim(schedule.cron, start, reverse=True)
    slot: datetime = next(slot for slot in backwards if slot <= now)
    missed = slot <= after or slot < now - schedule.starting_deadline
    return None if missed else slot.astimezone(now.tzinfo)
