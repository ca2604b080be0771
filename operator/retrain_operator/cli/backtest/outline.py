"""A long line of values, drawn narrow: what each column of a picture has to show so that no leap is lost."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Scale:
    """The time from start to end, over so many columns."""

    start: datetime
    end: datetime
    width: int

    @property
    def span(self) -> timedelta:
        """From the first column's beginning to the last one's end; never nothing."""
        return (self.end - self.start) or timedelta(seconds=1)

    def column(self, at: datetime) -> int:
        """The column of a time between start and end."""
        return min(self.width - 1, int((at - self.start) / self.span * self.width))

    def edges(self) -> list[datetime]:
        """Where columns begin, but for the first."""
        return [self.start + self.span * column / self.width for column in range(1, self.width)]


@dataclass(frozen=True, slots=True)
class Stroke:
    """The values of one column, and whether there is no gap between the stroke before and this one."""

    column: int
    at: datetime
    """When its first moment was."""
    first: float
    low: float
    high: float
    last: float
    joined: bool


def outline(times: Sequence[datetime], values: Sequence[float | None], scale: Scale) -> Iterator[Stroke]:
    """A stroke for each column that has a value. No data tears the line; columns between two moments do not."""
    inner = [bisect_left(times, edge) for edge in scale.edges()]
    joined = False
    for column, (begin, end) in enumerate(zip([0, *inner], [*inner, len(times)], strict=True)):
        part = values[begin:end]
        known = [value for value in part if value is not None]
        if known:
            unbroken = joined and part[0] is not None
            yield Stroke(column, times[begin], known[0], min(known), max(known), known[-1], unbroken)
        if part:
            joined = part[-1] is not None
