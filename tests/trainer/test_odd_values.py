"""Labels and times that a type can hold and a model cannot use: refused by name, or counted as missing."""

from typing import Any

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
