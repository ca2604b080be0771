"""What a chart must show however many values share a column: every leap, every gap, every run."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.cli.backtest.chart import MARGIN, OTHER, OWN, ROWS, Panel, chart
from retrain_operator.cli.backtest.outline import Scale, outline
from retrain_operator.model.trigger import HealthyRange

T0 = datetime(2024, 6, 1, tzinfo=UTC)
HEALTHY = HealthyRange(min=None, max=0.1)
STEP = timedelta(seconds=30)


def moments(count: int) -> list[datetime]:
    return [T0 + number * STEP for number in range(count)]


def panel(values: Sequence[float | None], healthy: HealthyRange | None = HEALTHY) -> Panel:
    return Panel("drift", moments(len(values)), values, healthy, (), ())


def drawn(shown: Panel, width: int = 80) -> list[str]:
    return [line.plain for line in chart(shown, width)]


def red(shown: Panel) -> set[int]:
    """Columns in which something is drawn as out of range."""
    return {
        column - MARGIN
        for line in chart(shown, 80)
        for span in line.spans
        if span.style == "red"
        for column in range(span.start, span.end)
    }


def test_one_leap_among_86400_values_is_seen() -> None:
    values = [0.05] * 86_400
    values[50_000] = 0.3
    assert red(panel(values)) == {int(50_000 / 86_399 * 69)}
    assert drawn(panel(values))[1].startswith("      0.3 ┤")


def test_what_is_healthy_is_not_red() -> None:
    assert red(panel([0.01, 0.05, 0.02] * 100)) == set()
    assert red(panel([5.0, 0.05, 7.0] * 100, healthy=None)) == set()


def test_no_data_is_a_gap_and_coarse_values_are_joined() -> None:
    gap = drawn(panel([0.02, 0.02, None, 0.02, 0.02]))[ROWS]
    whole = drawn(panel([0.02, 0.02, 0.02, 0.02, 0.02]))[ROWS]
    assert gap[MARGIN + 20 : MARGIN + 50].strip() == ""
    assert len(whole[MARGIN:]) == 69
    assert " " not in whole[MARGIN:]


def test_without_any_data_it_says_so() -> None:
    lines = drawn(panel([None, None]))
    assert lines[1] == " " * MARGIN + "no data in all that time"
    assert len(lines) == 4


@pytest.mark.parametrize("values", [[0.1], [0.0, 0.0], [1e308, -1e308], [5e-324, 0.0], [-7.0]])
def test_strange_values_are_drawn_all_the_same(values: list[float]) -> None:
    for healthy in (HEALTHY, None):
        lines = drawn(panel(values, healthy))
        assert len(lines) == ROWS + 3
        assert max(map(len, lines)) <= 80
        assert any("⠀" < letter <= "⣿" for line in lines for letter in line)


def test_runs_stand_where_they_started() -> None:
    times = moments(101)
    marks = drawn(Panel("drift", times, [0.05] * 101, HEALTHY, (times[0], times[100]), (times[50],)))[ROWS + 1]
    assert marks == " " * (MARGIN - 1) + "└" + OWN + "─" * 33 + OTHER + "─" * 33 + OWN


VALUES = st.lists(st.none() | st.floats(-10, 10), min_size=1, max_size=200)


@given(values=VALUES, width=st.integers(1, 60))
def test_each_column_keeps_its_lowest_and_its_highest_value(values: list[float | None], width: int) -> None:
    times = moments(len(values))
    scale = Scale(times[0], times[-1], width)
    columns: dict[int, list[float]] = {}
    for at, value in zip(times, values, strict=True):
        if value is not None:
            columns.setdefault(scale.column(at), []).append(value)
    strokes = {stroke.column: stroke for stroke in outline(times, values, scale)}
    assert {column: (min(known), max(known)) for column, known in columns.items()} == {
        column: (stroke.low, stroke.high) for column, stroke in strokes.items()
    }
