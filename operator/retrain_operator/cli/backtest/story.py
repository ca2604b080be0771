"""What a replay told, summed up: which runs would have started, and what was held back by what, how often and when."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from retrain_operator.decide.replay import FIRED, Told

WEEK = timedelta(days=7)
RUN_COLUMNS = ("Time", "Trigger", "Value", "Why")
HELD_COLUMNS = ("Trigger", "Reason", "Checks", "From", "To")


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How often, and between which times, one trigger was held back for one reason."""

    trigger: str
    decision: str
    checks: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """A replay, summed up."""

    start: datetime
    end: datetime
    runs: Sequence[Sequence[Told]]
    """For each run what fired together: one trigger, or with triggerMode All each of them."""
    held: Sequence[HeldBack]
    """The most frequent first."""

    @property
    def per_week(self) -> float:
        """Runs in seven days, on average over the whole time; zero when there is no time between start and end."""
        return len(self.runs) * (WEEK / (self.end - self.start)) if self.end > self.start else 0.0


def story(told: Iterable[Told], start: datetime, end: datetime) -> Story:
    """The sum of it all; `told` comes in the order of time."""
    runs: dict[datetime, list[Told]] = {}
    held: dict[tuple[str, str], HeldBack] = {}
    for each in told:
        if each.decision == FIRED:
            runs.setdefault(each.at, []).append(each)
            continue
        key = each.trigger, each.decision
        before = held.get(key)
        checks, first = (before.checks, before.first) if before else (0, each.at)
        held[key] = HeldBack(each.trigger, each.decision, checks + 1, first, each.at)
    return Story(start, end, tuple(runs.values()), sorted(held.values(), key=lambda each: -each.checks))


def run_cells(runs: Iterable[Sequence[Told]]) -> Iterator[tuple[str, ...]]:
    """Lines of a table of RUN_COLUMNS. Of several that fired together the first says why for all of them."""
    for run in runs:
        for each in run:
            time, why = (f"{each.at:%Y-%m-%d %H:%M:%S}", each.message) if each is run[0] else ("", "")
            yield time, each.trigger, "" if each.value is None else f"{each.value:.6g}", why


def held_cells(held: Iterable[HeldBack]) -> Iterator[tuple[str, ...]]:
    """Lines of a table of HELD_COLUMNS."""
    for each in held:
        yield each.trigger, each.decision, f"{each.checks:,}", minute(each.first), minute(each.last)


def minute(at: datetime) -> str:
    """A time as tables show it where seconds do not matter."""
    return f"{at:%Y-%m-%d %H:%M}"
