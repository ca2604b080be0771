"""Labels and times that a type can hold and a model cannot use: refused by name, or counted as missing."""

from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome
from tests.trainer.world import WEEK, Edit, World, ended


def second_class(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "y": np.where(np.arange(WEEK) % 5 == 0, 2, columns["y"])}


class TestLabelsThatWereTrueAndFalse:
    @pytest.fixture
    def world(self, world: World) -> World:
        world.add(*range(6), edit=lambda c: {**c, "y": c["y"] == 1})
        world.promote(world.run("first"))
        return world

    @pytest.mark.parametrize(
        ("edit", "seen"),
        [(second_class, "2"), (lambda c: {**c, "y": np.where(c["y"] == 1, 0.7, 0.0)}, "0.7")],
        ids=["a third class", "fractions"],
    )
    @pytest.mark.parametrize("kind", ["parquet", "csv"])
    def test_are_not_made_of_other_numbers(self, world: World, edit: Edit, seen: str, kind: str) -> None:
        world.add(6, 7, edit=edit, name="week-{:03d}." + kind)
        assert ended(world.run("second"), CollectOutcome.DATA_INVALID).startswith(
            f"Batch week-006.{kind}, column y, check type: expected true and false, or 1 and 0, as the classes before, "
            f"seen {seen}."
        )

    def test_may_become_1_and_0(self, world: World) -> None:
        world.add(6, 7)
        world.add(8, edit=lambda c: {**c, "y": pa.array(c["y"].astype(float), mask=np.arange(WEEK) == 3)})
        assert world.run("second").evaluate.candidate is not None


REGRESSION = {"model": {"estimator": "SGDRegressor", "parameters": {}}, "evaluation": {"gates": [{"metric": "rmse"}]}}


def number(odd: float | None = None) -> Edit:
    """Make the label a number, one of which is odd."""

    def edit(columns: dict[str, Any]) -> dict[str, Any]:
        labels = columns["a"] * 2 - columns["b"]
        labels[7] = labels[7] if odd is None else odd
        return {**columns, "y": labels}

    return edit


class TestALabelThatIsNoNumber:
    @pytest.mark.parametrize("week", [0, 5], ids=["trained on", "held out"])
    def test_counts_as_none_where_numbers_are_learned(self, world: World, week: int) -> None:
        world.add(*range(6), edit=number())
        world.add(week, edit=number(np.nan))
        run = world.run("first", **REGRESSION)
        assert run.collect.rows == 6 * WEEK - 1, run.collect.message
        assert run.evaluate.candidate is not None, run.evaluate.message

    def test_counts_as_none_among_classes(self, world: World) -> None:
        world.begin()
        labels = [np.where(np.arange(WEEK) == 7, np.nan, world.columns(week)["y"]) for week in (6, 7)]
        world.add(6, edit=lambda c: {**c, "y": labels[0]})
        world.add(7, edit=lambda c: {**c, "y": pa.array(labels[1]).dictionary_encode()})
        run = world.run("second")
        assert run.collect.rows == 4 * WEEK - 2, run.collect.message
        assert run.evaluate.candidate is not None, run.evaluate.message

    def test_is_refused_in_more_than_one_row_of_a_hundred(self, world: World) -> None:
        world.add(0, edit=lambda c: {**c, "y": np.where(np.arange(WEEK) % 10 == 0, np.nan, c["y"])})
        message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
        assert message.endswith("column y, check label: expected a value in 99% of rows, seen 89.9%.")

    @pytest.mark.parametrize("odd", [np.inf, -np.inf])
    def test_is_refused_by_name_where_it_is_infinite(self, world: World, odd: float) -> None:
        world.add(*range(5), edit=number())
        world.add(5, edit=number(odd))
        assert ended(world.run("first", **REGRESSION), CollectOutcome.DATA_INVALID) == (
            f"Batch week-005.parquet, column y, check finite: expected no infinite label, seen {odd}."
        )


def late(columns: dict[str, Any]) -> dict[str, Any]:
    time = columns["time"].copy()
    time[-1] = np.datetime64("12024-01-01", "us")
    return {**columns, "time": time}


def seconds(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "time": columns["time"].astype(np.int64) / 1e6}


def endless(columns: dict[str, Any]) -> dict[str, Any]:
    time = seconds(columns)["time"]
    time[-1] = np.inf
    return {**columns, "time": time}


def stored(columns: dict[str, Any], kind: pa.DataType, times: float) -> dict[str, Any]:
    """Take microseconds, times a factor, for something else."""
    return {**columns, "time": pa.array((columns["time"].astype(np.int64) * times).astype(np.int64)).cast(kind)}


CALENDAR = "times from the year 1 to 9999 (are milliseconds stored as seconds?)"


class TestATimeThatNoCalendarHas:
    CASES: ClassVar[dict[str, tuple[Edit, Edit, str]]] = {
        "of one row": (dict, late, f"{CALENDAR}, seen 12024-01-01T00:00:00.000000."),
        "of milliseconds as seconds": (dict, lambda c: stored(c, pa.timestamp("s"), 1e-3), f"{CALENDAR}, seen "),
        "of nanoseconds as milliseconds": (dict, lambda c: stored(c, pa.timestamp("ms"), 1e3), f"{CALENDAR}, seen "),
        "of seconds as days": (
            dict,
            lambda c: {**c, "time": pa.array(seconds(c)["time"].astype(np.int32)).cast(pa.date32())},
            f"{CALENDAR}, seen ",
        ),
        "that never comes": (seconds, endless, "finite numbers to order rows by, seen inf."),
    }

    @pytest.mark.parametrize("champion", [False, True], ids=["a first version", "a champion"])
    @pytest.mark.parametrize("case", CASES)
    def test_is_refused_by_name(self, world: World, case: str, champion: bool) -> None:
        good, bad, expected = self.CASES[case]
        world.add(*range(6), edit=good)
        if champion:
            world.promote(world.run("first"))
        world.add(6, edit=bad)
        message = ended(world.run("second"), CollectOutcome.DATA_INVALID)
        assert message.startswith(f"Batch week-006.parquet, column time, check time: expected {expected}"), message
