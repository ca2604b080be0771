"""Columns with few values, and few new rows: shares of so few say nothing, so no check that compares them refuses."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrain_trainer.contract import CollectOutcome
from retrain_trainer.data.profile import JUDGED_ROWS
from tests.trainer.world import WEEK, Edit, World, ended

ONE_NEW_ROW = {"validation": {"minRows": 1}}
WORDS = {"categories": [{"column": "r"}]}


def sparse(count: int, *, differ: bool = True) -> Edit:
    """Add a column with so many numbers, and one with as many words."""

    def edit(columns: dict[str, Any]) -> dict[str, Any]:
        known = np.arange(WEEK) < count
        numbers = np.arange(WEEK) % 50 if differ else np.full(WEEK, 0.5)
        words = np.where(np.arange(WEEK) % 2 if differ else known, "x", "z")
        return {**columns, "s": pa.array(numbers.astype(float), mask=~known), "r": pa.array(words, mask=~known)}

    return edit


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_sparse_column_may_lose_its_values_or_repeat_the_few_it_has(world: World, left: int) -> None:
    asked = {**WORDS, "validation": {"skipChecks": ["Nulls"]}}
    world.add(*range(6), edit=sparse(JUDGED_ROWS))
    world.promote(world.run("first", data=asked))
    world.add(6, edit=sparse(left, differ=False))
    world.add(7, 8, 9, edit=sparse(JUDGED_ROWS))
    world.promote(world.run("second", data=asked))
    world.add(10, edit=sparse(JUDGED_ROWS, differ=False))
    message = ended(world.run("third", data=asked), CollectOutcome.DATA_INVALID)
    assert message.startswith("Batch week-010.parquet, column s, check constant: "), "that batch set no measure"


def test_few_values_that_are_all_alike_by_no_chance_are_refused(world: World) -> None:
    asked = {**WORDS, "validation": {"skipChecks": ["Nulls"]}}
    world.add(*range(6), edit=sparse(JUDGED_ROWS))
    world.promote(world.run("first", data=asked))
    world.add(6, edit=sparse(3, differ=False))
    world.add(7, 8, edit=sparse(JUDGED_ROWS))
    message = ended(world.run("second", data=asked), CollectOutcome.DATA_INVALID)
    assert message.startswith(
        "Batch week-006.parquet, column s, check constant: expected values that differ, seen 0.5 in "
    )


@pytest.mark.parametrize(("column", "seen"), [("s", "0.5 in all 300 rows with a value"), ("r", "one same word in all")])
def test_where_enough_are_left_they_are_judged(world: World, column: str, seen: str) -> None:
    world.add(*range(6), edit=sparse(300))
    world.promote(world.run("first", data=WORDS))
    world.add(6, 7, edit=lambda c: {**sparse(300)(c), column: sparse(300, differ=False)(c)[column]})
    message = ended(world.run("second", data=WORDS), CollectOutcome.DATA_INVALID)
    assert message.startswith(f"Batch week-006.parquet, column {column}, check constant: "), message
    assert f"that differ, seen {seen}" in message


def test_one_new_row_has_not_moved_away(world: World) -> None:
    world.begin(6)
    world.add(6, rows=1)
    run = world.run("second", data=ONE_NEW_ROW)
    assert run.collect.outcome is CollectOutcome.COLLECTED, run.collect.message
    assert "PSI" not in run.collect.message
    page = (world.store / "v000002-second" / "report.html").read_text()
    assert "There are too few new values to compare these columns with those of the champion." in page
