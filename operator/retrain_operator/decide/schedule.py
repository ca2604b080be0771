"""Slots of a cron schedule: which one came last, which one comes next. Cron rules are Debian's, by cronsim.

A slot in a gap of the clock comes once, at the next instant; a slot in an overlap comes once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from retrain_operator.decide.hashed import spread
from retrain_operator.model.trigger import CRON_FIELDS, ScheduleTrigger

OVERLAP = timedelta(hours=3)
"""No clock is set back further than this at the end of a summer time."""


def mistake(schedule: ScheduleTrigger, owner: str) -> str:
    """What is wrong with the schedule of a policy (namespace/name), naming the field; empty when nothing is."""
    try:
        ZoneInfo(schedule.time_zone)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        return f"timeZone {schedule.time_zone!r} is not an IANA time zone such as Europe/Berlin"
    fields = schedule.cron.split(" ")
    if len(fields) != 5:
        return f"cron {schedule.cron!r} needs five fields: minute hour day-of-month month day-of-week"
    for index, (name, _, span) in enumerate(CRON_FIELDS):
        alone = ["*"] * 5
        alone[index] = fields[index]
        if not _understood(" ".join(alone), owner):
            return f"cron {schedule.cron!r}: {name} (field {index + 1}) is {alone[index]!r}, but must be {span}"
    if not _understood(schedule.cron, owner):
        return f"cron {schedule.cron!r} names a day that never comes"
    return ""


def _understood(cron: str, owner: str) -> bool:
    try:
        CronSim(spread(cron, owner), datetime(2000, 1, 1))  # noqa: DTZ001  # the date plays no part in reading the fields
    except (CronSimError, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of one policy's schedule. All times are aware; answers are in the time zone of the question."""

    cron: str
    zone: ZoneInfo

    @classmethod
    def of(cls, schedule: ScheduleTrigger, owner: str) -> "Slots":
        """Those of a schedule without mistakes, for the policy of that namespace/name."""
        return cls(spread(schedule.cron, owner), ZoneInfo(schedule.time_zone))

    def after(self, at: datetime) -> datetime:
        """The first slot after a time."""
        # In the second hour of an overlap, cronsim's first answer lies in the first one, which is over.
        slot: datetime = next(slot for slot in CronSim(self.cron, at.astimezone(self.zone)) if slot > at)
        return slot.astimezone(at.tzinfo)

    def until(self, now: datetime) -> datetime:
        """The newest slot that is not later than a time."""
        start = (now + timedelta(minutes=1)).astimezone(self.zone)
        if start.fold:
            # cronsim counts back by the wall clock, on which the second hour of an overlap is as early as the first.
            start = (now + OVERLAP).astimezone(self.zone)
        slot: datetime = next(slot for slot in CronSim(self.cron, start, reverse=True) if slot <= now)
        return slot.astimezone(now.tzinfo)

    def count(self, after: datetime, until: datetime, most: int) -> int:
        """How many slots are later than `after` and not later than `until`; counting stops at `most`."""
        slots = (slot for slot in CronSim(self.cron, after.astimezone(self.zone)) if slot > after)
        return sum(1 for _ in islice(takewhile(lambda slot: slot <= until, slots), most))
