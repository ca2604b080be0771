"""A chart of one trigger for the terminal: its values as a line of Braille dots, its healthy range, and the runs.

Our own since a replay needs what the libraries at hand do not draw: gaps where there was no data, and every single leap
out of the healthy range, however many values share a column.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from operator import itemgetter

from rich.text import Text

from retrain_operator.cli.backtest.outline import Scale, Stroke, outline
from retrain_operator.model.trigger import HealthyRange

ROWS = 8
MARGIN = 11
"""Columns left of the line, for the numbers beside it."""
OWN, OTHER = "▲", "△"
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of a Braille character by column and row of the dot (Unicode chapter 21.1)."""
_BLANK = 0x2800


@dataclass(frozen=True, slots=True)
class Panel:
    """What one chart shows."""

    title: str
    times: Sequence[datetime]
    values: Sequence[float | None]
    healthy: HealthyRange | None
    own: Sequence[datetime]
    """When runs started for this trigger."""
    others: Sequence[datetime]
    """When runs started for another one."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """The ends of the healthy range that there are."""
        both = (self.healthy.min, self.healthy.max) if self.healthy else ()
        return tuple(bound for bound in both if bound is not None)

    def well(self, value: float) -> bool:
        """Whether a value is within the healthy range; without one every value is."""
        lowest, highest = (self.healthy.min, self.healthy.max) if self.healthy else (None, None)
        return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def chart(panel: Panel, width: int) -> Iterator[Text]:
    """The chart's lines, each at most `width` wide."""
    columns = width - MARGIN
    yield Text(panel.title, "bold")
    start, end = panel.times[0], panel.times[-1]
    known = [value for value in panel.values if value is not None]
    if known:
        low, high = min([*known, *panel.bounds]), max([*known, *panel.bounds])
        rows = _Rows(low, high if high / 2 > low / 2 else low + (abs(low) or 1))
        strokes = outline(panel.times, panel.values, Scale(start, end, 2 * columns))
        yield from _lines(panel, rows, _cells(strokes, rows), columns)
    else:
        yield Text(" " * MARGIN + "no data in all that time")
    yield _marks(panel, Scale(start, end, columns))
    first, last = f"{start:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}"
    yield Text(" " * MARGIN + (f"{first}{last:>{columns - len(first)}}" if end > start else first))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Values from low to high over the dots of all rows, counted from the top. Halves cannot overflow."""

    low: float
    high: float

    def dot(self, value: float) -> int:
        return round((self.high / 2 - value / 2) / (self.high / 2 - self.low / 2) * (4 * ROWS - 1))

    def row(self, value: float) -> int:
        return self.dot(value) // 4

    def middle(self, row: int) -> float:
        below = (4 * row + 1.5) / (4 * ROWS - 1)
        return self.high * (1 - below) + self.low * below


def _cells(strokes: Iterator[Stroke], rows: _Rows) -> Mapping[tuple[int, int], int]:
    """The Braille bits of each cell that has any, by row and column."""
    cells: dict[tuple[int, int], int] = {}

    def draw(x: int, one: float, other: float) -> None:
        for y in range(rows.dot(max(one, other)), rows.dot(min(one, other)) + 1):
            cell = y // 4, x // 2
            cells[cell] = cells.get(cell, 0) | _DOTS[x % 2][y % 4]

    before: Stroke | None = None
    for stroke in strokes:
        draw(stroke.column, stroke.low, stroke.high)
        if before and stroke.joined:
            steps = stroke.column - before.column
            between = [before.last * (1 - step / steps) + stroke.first * (step / steps) for step in range(steps + 1)]
            for step, (one, other) in enumerate(pairwise(between)):
                draw(before.column + step, one, other)
        before = stroke
    return cells


def _lines(panel: Panel, rows: _Rows, cells: Mapping[tuple[int, int], int], columns: int) -> Iterator[Text]:
    labels = {0: rows.high, ROWS - 1: rows.low} | {rows.row(bound): bound for bound in panel.bounds}
    bounds = {rows.row(bound) for bound in panel.bounds}
    for row in range(ROWS):
        label = _label(labels[row]) if row in labels else ""
        line = Text(f"{label:>{MARGIN - 2}} {'┤' if label else '│'}")
        style = "green" if panel.well(rows.middle(row)) else "red"
        empty = ("┄", "dim") if row in bounds else (" ", "")
        drawn = [
            (chr(_BLANK + cells[row, column]), style) if (row, column) in cells else empty for column in range(columns)
        ]
        for look, stretch in groupby(drawn, key=itemgetter(1)):
            line.append("".join(letter for letter, _ in stretch), look)
        line.rstrip()
        yield line


def _label(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1_000_000 else f"{value:.4g}"


def _marks(panel: Panel, scale: Scale) -> Text:
    marks = dict.fromkeys(map(scale.column, panel.others), OTHER) | dict.fromkeys(map(scale.column, panel.own), OWN)
    return Text(" " * (MARGIN - 1) + "└" + "".join(marks.get(column, "─") for column in range(scale.width)))
