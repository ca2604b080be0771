"""Scales and words of the charts: round numbers, places within the plot, and text that cannot become markup."""

import math

import pytest

from retrain_trainer.data.rows import Layout, Type
from retrain_trainer.report import svg
from retrain_trainer.report.wording import change, count, listed, number, percent, short, when

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.71, 0.93, [0.75, 0.8, 0.85, 0.9]),
        (-0.4, 0.43, [-0.4, -0.2, 0, 0.2, 0.4]),
        (0, 12_345, [0, 2500, 5000, 7500, 10_000]),
        (1e-7, 4e-7, [1e-7, 2e-7, 3e-7, 4e-7]),
    ],
)
def test_ticks_are_round_and_on_the_scale(low: float, high: float, expected: list[float]) -> None:
    assert svg.ticks(svg.Scale(low, high, 0, 100)) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[], [0.0], [5.0, 5.0], [math.inf, math.nan], [1e300, -1e300], [1e9, 1e9 + 1]])
def test_a_scale_has_room_for_whatever_comes(values: list[float]) -> None:
    scale = svg.around(values, 0, 100)
    assert scale.low < scale.high
    assert 1 <= len(svg.ticks(scale)) <= 6
    assert all(0 < scale.at(value) < 100 for value in values if math.isfinite(value))


def test_what_lies_beyond_a_scale_stands_at_its_end() -> None:
    scale = svg.Scale(0, 10, 100, 0)
    assert [scale.at(value) for value in (-5, 0, 5, 10, 99)] == [100, 100, 50, 0, 0]


def test_a_drawing_escapes_its_words() -> None:
    drawn = svg.drawing("name", 20, "<b>", "&", [svg.text((5, 10), "</svg><script>"), svg.dot((1, 2), "kind", '"<')])
    assert drawn == (
        '<svg class="chart" role="img" width="100%" height="20" aria-labelledby="name-title name-told">'
        '<title id="name-title">&lt;b&gt;</title><desc id="name-told">&amp;</desc>'
        '<text x="5%" y="10" text-anchor="start">&lt;/svg&gt;&lt;script&gt;</text>'
        '<circle cx="1%" cy="2" r="4" class="kind"><title>"&lt;</title></circle></svg>'
    )


def test_a_path_has_a_gap_where_a_place_is_missing() -> None:
    places = [(0.0, 1.0), (10.0, 2.0), None, (30.0, 3.0), (40.0, 4.0)]
    assert [(line.get("x1"), line.get("x2")) for line in svg.path(places, "line")] == [("0%", "10%"), ("30%", "40%")]


@pytest.mark.parametrize(
    ("value", "told", "signed"),
    [
        (0.81234, "0.8123", "+0.8123"),
        (-0.0277, f"{MINUS}0.0277", f"{MINUS}0.0277"),
        (0.0, "0.0000", "0.0000"),
        (0.000116, "0.000116", "+0.000116"),
        (12.345, "12.35", "+12.35"),
        (1234567.8, "1,234,568", "+1,234,568"),
        (3.2e9, "3.2e+09", "+3.2e+09"),
        (None, DASH, DASH),
        (math.nan, DASH, DASH),
        (math.inf, DASH, DASH),
    ],
)
def test_a_number_has_the_digits_that_count(value: float | None, told: str, signed: str) -> None:
    assert (number(value), change(value)) == (told, signed)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 3, "33 %"),
        (1, 100_000, "<0.1 %"),
        (99_999, 100_000, ">99.9 %"),
        (997, 1000, "99.7 %"),
        (1, 40, "2.5 %"),
        (0, 0, "0 %"),
    ],
)
def test_a_share_is_never_all_or_nothing_when_it_is_not(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


def test_words_fit_their_numbers() -> None:
    assert (count(1, "batch", "batches"), count(2000, "batch", "batches")) == ("1 batch", "2,000 batches")
    assert [listed(["a", "b", "c", "d", "e"][:n]) for n in range(6)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 1 more",
        "a, b, c and 2 more",
    ]
    assert [short(value) for value in (0.0, -0.0, -0.25, 1000, 2.5e7)] == ["0", "0", f"{MINUS}0.25", "1,000", "2.5e+07"]


def test_a_time_is_a_day_or_a_number() -> None:
    dated = Layout(features=("a",), label="y", label_type=Type.INTEGER, time="t", time_type=Type.TIME)
    counted = dated.model_copy(update={"time_type": Type.INTEGER})
    assert when(1_700_000_000_000_000, dated) == "2023-11-14"
    assert when(10**18 * 9, dated) == "9,000,000,000,000,000,000"
    assert when(1234, counted) == "1,234"
