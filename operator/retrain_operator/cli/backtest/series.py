"""What a policy's triggers saw over time: one list of moments, and one of values for each trigger that asks a query.

A CSV file is one way to come by it, with no cluster at all.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from statistics import median_high

from retrain_operator.decide.replay import Row
from retrain_operator.model.plain import plain
from retrain_operator.model.trigger import Trigger

TIME = "time"
"""What the first column is called."""


class SeriesError(ValueError):
    """What is wrong with the values, and where, in a sentence."""


@dataclass(frozen=True, slots=True)
class Series:
    """Moments in UTC, each later than the one before, and what each trigger saw at them. None is no data."""

    times: Sequence[datetime]
    values: Mapping[str, Sequence[float | None]]

    def rows(self) -> Iterator[Row]:
        """Moment by moment: the values by name of trigger."""
        names = tuple(self.values)
        for at, *seen in zip(self.times, *self.values.values(), strict=True):
            yield at, dict(zip(names, seen, strict=True))

    @property
    def spacing(self) -> timedelta:
        """How far moments usually lie apart; zero when there is but one."""
        return median_high([after - before for before, after in pairwise(self.times)] or [timedelta(0)])


def read(path: Path, triggers: Sequence[Trigger]) -> Series:
    """The file's series. Raises SeriesError, which names line and column.

    The first column is `time` in ISO 8601, in UTC where it says no offset. One column follows for each trigger that has
    a query, in any order. An empty cell, NaN and infinity are no data, as they are for the operator.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, skipinitialspace=True)
            try:
                return _series(lines, triggers)
            except csv.Error as error:
                raise SeriesError(f"{path}:{lines.line_num}: This is not CSV: {error}.") from None
            except _CellError as error:
                raise SeriesError(f"{path}:{max(lines.line_num, 1)}: {error}") from None
    except OSError as error:
        raise SeriesError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SeriesError(f"{path} is not text in UTF-8. Save it as CSV in UTF-8.") from None


class _CellError(Exception):
    """What is wrong in the line that was read last, in a sentence."""


def _series(lines: Iterator[list[str]], triggers: Sequence[Trigger]) -> Series:
    names = _columns(next(lines, []), triggers)
    times, rows = _body(lines, names)
    if not times:
        raise _CellError("There is no line below the header, so there is nothing to replay.")
    return Series(times, dict(zip(names, zip(*rows, strict=True), strict=True)))


def _columns(header: list[str], triggers: Sequence[Trigger]) -> list[str]:
    """Which trigger each column but the first is of."""
    asked = [trigger.name for trigger in triggers if trigger.query]
    expected = f"The header must be {','.join([TIME, *asked])}"
    if not any(header):
        raise _CellError(f"The file is empty or begins with an empty line. {expected}.")
    first, *names = [name.strip() for name in header]
    if first != TIME:
        raise _CellError(f"Column 1 is {plain(first, 60)!r}. {expected}.")
    for number, name in enumerate(names, 2):
        if name not in asked:
            raise _CellError(f"Column {number} is {plain(name, 60)!r}, {_stranger(name, asked, triggers)}. {expected}.")
        if name in names[: number - 2]:
            raise _CellError(f"Column {number} is {name!r}, which was there already. {expected}.")
    if missing := [name for name in asked if name not in names]:
        raise _CellError(f"There is no column for trigger {', '.join(missing)}. {expected}, in any order after {TIME}.")
    return names


def _stranger(name: str, asked: Sequence[str], triggers: Sequence[Trigger]) -> str:
    if name in {trigger.name for trigger in triggers}:
        return "a schedule, which has no values"
    close = get_close_matches(name, asked, n=1)
    return f"no trigger of the policy (did you mean {close[0]}?)" if close else "no trigger of the policy"


def _body(lines: Iterator[list[str]], names: Sequence[str]) -> tuple[list[datetime], list[list[float | None]]]:
    times: list[datetime] = []
    rows: list[list[float | None]] = []
    before = datetime.min.replace(tzinfo=UTC)
    for cells in lines:
        if not cells:
            continue
        if len(cells) != len(names) + 1:
            raise _CellError(f"There are {len(cells)} cells, but {len(names) + 1} columns.")
        at = _time(cells[0])
        if at <= before:
            fault = "was there already" if at == before else "is earlier than the line before"
            raise _CellError(f"Column {TIME}: {plain(cells[0], 60)} {fault}. Sort the lines by time, each time once.")
        before = at
        times.append(at)
        try:
            rows.append([_number(cell) if cell else None for cell in cells[1:]])
        except ValueError:
            raise _CellError(_wrong_cell(cells[1:], names)) from None
    return times, rows


def _time(cell: str) -> datetime:
    try:
        # Digits alone would be read as a date, though they might as well be seconds since 1970.
        at = datetime.fromisoformat(cell.rstrip() if cell[4] == "-" else "")
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, IndexError, OverflowError):
        sample = "2024-06-01T10:00:00Z"
        raise _CellError(f"Column {TIME}: {plain(cell, 60)!r} is no time in ISO 8601 such as {sample}.") from None


def _number(cell: str) -> float | None:
    value = float(cell)
    if "_" in cell:
        raise ValueError("a number in Python alone")
    return value if math.isfinite(value) else None


def _wrong_cell(cells: Sequence[str], names: Sequence[str]) -> str:
    for name, cell in zip(names, cells, strict=True):
        try:
            _number(cell or "0")
        except ValueError:
            return f"Column {name}: {plain(cell, 60)!r} is no number such as 0.12. Leave the cell empty for no data."
    raise AssertionError("only called when a cell is wrong")
