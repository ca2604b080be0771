"""Each check on new data, with the sentence that names batch, column, check, what was expected and what was seen."""

import re
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome
from tests.trainer.world import WEEK, Edit, World, ended


class TestABadBatch:
    """One file among good ones."""

    @pytest.fixture
    def world(self, world: World) -> World:
        world.begin(6)
        world.add(6)
        return world

    def refused(self, world: World, **changes: Any) -> str:
        return ended(world.run("second", **changes), CollectOutcome.DATA_INVALID)

    CASES: ClassVar[dict[str, tuple[Edit, str]]] = {
        "a column is gone": (
            lambda c: {name: c[name] for name in ("time", "a", "c", "y")},
            "column b, check columns: expected a column b, seen a, c, time, y.",
        ),
        "a number became text": (
            lambda c: {**c, "b": [f"{value:.1f} EUR" for value in c["b"]]},
            "column b, check type: expected numbers (name it in data.categories, turn it into numbers, or leave it out "
            "with data.exclude), seen text.",
        ),
        "labels are missing": (
            lambda c: {**c, "y": pa.array(c["y"], mask=np.arange(WEEK) % 10 == 0)},
            "column y, check label: expected a value in 99% of rows, seen 89.9%.",
        ),
        "values are missing": (
            lambda c: {**c, "b": pa.array(c["b"], mask=np.arange(WEEK) % 4 == 0)},
            "column b, check nulls: expected at most 10% without a value, seen 25% (leave this check out: "
            "data.validation.skipChecks: [Nulls]).",
        ),
        "a column stands still": (
            lambda c: {**c, "b": np.full(WEEK, 0.5)},
            "column b, check constant: expected values that differ, seen 0.5 in all 336 rows (leave this check out: "
            "data.validation.skipChecks: [Constant]).",
        ),
        "zeros fill gaps": (
            lambda c: {**c, "b": np.where(np.arange(WEEK) % 10 < 3, 0.0, c["b"])},
            "column b, check most common value: expected at most 20% with one same value, seen 30% (leave this "
            "check out: data.validation.skipChecks: [MostCommonValue]).",
        ),
        "values are missing, hardly more than may be": (
            lambda c: {**c, "b": pa.array(c["b"], mask=np.arange(WEEK) < 34)},
            "column b, check nulls: expected at most 10% without a value, seen 10.1% (leave this check out: "
            "data.validation.skipChecks: [Nulls]).",
        ),
        "rows are repeated": (
            lambda c: {name: values[np.arange(WEEK) // 2] for name, values in c.items()},
            "check duplicates: expected at most 20% repeated rows, seen 50% (leave this check out: "
            "data.validation.skipChecks: [Duplicates]).",
        ),
        "the unit changed": (
            lambda c: {**c, "b": c["b"] * 1000},
            "column b, check range: expected most values from ",
        ),
        "a class is gone": (
            lambda c: {name: values[c["y"] == 1] for name, values in c.items()},
            "column y, check missing class: expected about ",
        ),
        "a class is new": (
            lambda c: {**c, "y": np.where(np.arange(WEEK) == 7, 2, c["y"])},
            "column y, check new class: expected one of 0, 1, seen 2 (leave this check out: "
            "data.validation.skipChecks: [NewClass]).",
        ),
        "a value is infinite": (
            lambda c: {**c, "b": np.where(np.arange(WEEK) == 7, np.inf, c["b"])},
            "column b, check finite: expected no infinite value, seen 1.",
        ),
        "a time is missing": (
            lambda c: {**c, "time": pa.array(c["time"], mask=np.arange(WEEK) == 7)},
            "column time, check time: expected a time in every row, seen 1 row without.",
        ),
        "time became text": (
            lambda c: {**c, "time": [str(value) for value in range(WEEK)]},
            "column time, check type: expected times such as 2024-01-31 10:00 (ISO 8601), or numbers, to order rows "
            "by, seen text (a Parquet file has times in a column of timestamps, which pandas.to_datetime makes of "
            "text).",
        ),
    }

    @pytest.mark.parametrize("case", CASES)
    def test_is_refused(self, world: World, case: str) -> None:
        edit, expected = self.CASES[case]
        world.add(7, edit=edit)
        message = self.refused(world)
        assert re.match(rf"Batch week-007\.parquet(, |, ){re.escape(expected)}", message), message

    def test_and_left_out_when_the_policy_says_so(self, world: World) -> None:
        world.add(8, 9)
        world.add(7, edit=self.CASES["a column stands still"][0])
        run = world.run("second", data={"validation": {"onBadBatch": "Skip"}})
        assert run.collect.batches == 5
        assert run.collect.message.endswith(
            "Left out: Batch week-007.parquet, column b, check constant: "
            "expected values that differ, seen 0.5 in all 336 rows "
            "(leave this check out: data.validation.skipChecks: [Constant])."
        )
        assert "v000002-second" in str(run.evaluate.candidate)

    def test_and_a_tiny_batch_before_it_does_not_set_the_measure(self, world: World) -> None:
        world.add(7, 8)
        world.write("week-009.parquet", pa.table({name: values[:1] for name, values in world.columns(9).items()}))
        world.promote(world.run("tiny"))
        world.add(10, edit=self.CASES["a column stands still"][0])
        message = ended(world.run("second"), CollectOutcome.DATA_INVALID)
        assert message.startswith("Batch week-010.parquet, column b, check constant: ")

    def test_and_several_are_counted(self, world: World) -> None:
        world.add(7, 8, 9, edit=self.CASES["a column stands still"][0])
        assert self.refused(world).endswith("2 more batches failed a check.")

    def test_when_all_are_left_out_there_is_no_new_data(self, world: World) -> None:
        (world.root / "data" / "week-006.parquet").write_bytes(b"PAR1 but not really")
        run = world.run("second", data={"validation": {"onBadBatch": "Skip"}})
        message = ended(run, CollectOutcome.NO_NEW_DATA)
        assert message.startswith("Only 0 new rows; data.validation.minRows asks for 100. Left out: Batch week-006")

    @pytest.mark.parametrize(
        ("name", "content", "expected"),
        [
            (
                "w.parquet",
                b"nothing of the sort",
                "w.parquet, check readable: expected a whole Parquet or CSV file, seen ",
            ),
            ("w.csv", b"", "w.csv, check readable: expected a whole Parquet or CSV file, seen Empty CSV file."),
            ("w.txt", b"a,b", "w.txt, check format: expected a file ending in .parquet or .csv, seen .txt."),
        ],
    )
    def test_no_table_at_all(self, world: World, name: str, content: bytes, expected: str) -> None:
        (world.root / "data" / name).write_bytes(content)
        assert self.refused(world).startswith(f"Batch {expected}")

    def test_text_deep_inside_a_csv_file(self, world: World) -> None:
        world.add(7, name="week-{}.csv", rows=60_000)
        with (world.root / "data" / "week-7.csv").open("a") as file:
            file.write('"2030-01-01 00:00:00.000000",0.1,oops,0.3,1\n')
        assert self.refused(world) == "Batch week-7.csv, column b, check type: expected a number, seen 'oops'."

    def test_new_columns_are_told_and_not_used(self, world: World) -> None:
        world.add(7, 8, 9, edit=lambda c: {**c, "extra": c["a"]})
        run = world.run("second")
        assert run.collect.message.endswith(
            "Columns that the champion does not know are not used: extra (a model of them needs a model.store of its "
            "own)."
        )


def test_data_that_moved_away_altogether_is_refused_as_a_whole(world: World) -> None:
    world.begin(6)
    world.add(6, 7, 8, 9, edit=lambda c: {**c, "b": c["b"] / 100 + 2})
    run = world.run("second")
    message = ended(run, CollectOutcome.DATA_INVALID)
    assert message.startswith(
        "All new batches, column b, check distance: expected a distance (PSI) of at most 5 from the champion's data, "
    )
    assert "leave it out with data.exclude" in message


def still(columns: dict[str, Any]) -> dict[str, Any]:
    """Let a column run through 48 values, as the half-hours of a day do, and let another stand still."""
    return {**columns, "a": np.arange(WEEK) % 48 / 48, "b": np.zeros(WEEK)}


def test_noise_on_a_column_of_few_values_is_refused_and_one_that_begins_to_move_is_not(world: World) -> None:
    world.add(*range(6), edit=still)
    world.promote(world.run("first"))
    world.add(6, 7, 8, edit=lambda c: {**still(c), "b": c["b"]})
    assert world.run("second").collect.outcome is CollectOutcome.COLLECTED
    world.add(7, edit=lambda c: {**still(c), "a": still(c)["a"] + c["b"] / 100})
    assert ended(world.run("third"), CollectOutcome.DATA_INVALID) == (
        "Batch week-007.parquet, column a, check most common value: expected values that repeat, as in every batch "
        "before, seen a different one in each of 336 rows (is noise added, or is it another column?) (leave "
        "this check out: data.validation.skipChecks: [MostCommonValue])."
    )


def test_one_class_alone_teaches_nothing(world: World) -> None:
    world.add(*range(6), edit=lambda c: {**c, "y": np.ones(WEEK, np.int64)})
    message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
    assert message == "All new batches, column y, check classes: expected at least two classes, seen only class 1."


def test_a_first_batch_without_the_label_or_with_text_is_refused_by_name(world: World) -> None:
    world.add(0, edit=lambda c: {**c, "city": ["Bonn"] * WEEK})
    message = ended(world.run("first"), CollectOutcome.DATA_INVALID)
    assert message.startswith("Batch week-000.parquet, column city, check type: expected numbers (name it in data.c")
    message = ended(world.run("second", data={"label": "z"}), CollectOutcome.DATA_INVALID)
    assert message == (
        "Batch week-000.parquet, column z, check columns: expected a column z (data.label), "
        "seen time, a, b, c, y, city."
    )
