"""docs/checks.md: every check is on it, with the numbers of the code, and its sample and its message are real."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from retrain_trainer.contract import Check, CollectOutcome, Validation
from retrain_trainer.data.profile import JUDGED_ROWS
from retrain_trainer.data.sample import SAMPLE_ROWS
from retrain_trainer.intake import checks, labels, overlap, shares
from retrain_trainer.learn import guard
from tests.trainer.world import WEEK, World, ended

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()
ROWS = {row[0]: row[1:] for row in re.findall(r"^\| ([a-z ]+?) \| (.+?) \| (?:`(\w+)` )?\|$", PAGE, re.MULTILINE)}
SAMPLE = yaml.safe_load(PAGE.partition("```yaml\n")[2].partition("```")[0])["validation"]


def test_every_check_is_named_as_messages_and_policies_name_it() -> None:
    named = {name: asked for name, (_, asked) in ROWS.items() if asked}
    assert named == {check.name.lower().replace("_", " "): str(check) for check in Check}


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("nulls", f"{shares.NULL_JUMP:.0%} more rows"),
        ("most common value", f"{shares.COMMON_JUMP:.0%} more rows"),
        ("duplicates", f"{checks.DUPLICATE_JUMP:.0%} more"),
        ("missing class", f"{checks.EXPECTED_OF_CLASS} rows"),
        ("range", f"more than {checks.OUT_OF_RANGE:.0%} of rows"),
        ("distance", f"above {checks.MAX_PSI:g}:"),
        ("inverted labels", f"less than {labels.TURNED_OVER:.0%} right"),
        ("inverted labels", f"rank correlation below {labels.OPPOSITE:g}"),
        ("leakage", f"AUC above {labels.SEPARATES:g}, of a number rank correlation above {labels.FOLLOWS:g}"),
        ("leakage", f"{overlap.BEYOND:.0%} more than repeat"),
        ("inverted labels", f"fewer than {labels.FEWEST_OF_CLASS} rows"),
    ],
)
def test_its_numbers_are_those_of_the_code(check: str, words: str) -> None:
    assert words.replace("%", " %") in ROWS[check][0]


def test_and_so_are_those_in_the_text() -> None:
    assert f"at least {JUDGED_ROWS} rows" in PAGE
    assert f"by more than {guard.TOLERANCE:g} is put back" in PAGE
    assert f"more than {checks.OUT_OF_DECLARED:.0%} of its".replace("%", " %") in PAGE
    assert f"missing in more than {1 - checks.LABELLED:.0%} of rows".replace("%", " %") in PAGE
    assert labels.ROWS == SAMPLE_ROWS == 10_000
    assert "at most 10,000 of them" in PAGE
    assert "A batch of more than 10,000 rows" in PAGE


def aged(columns: dict[str, Any]) -> dict[str, Any]:
    return {**{name: columns[name] for name in ("time", "a", "c", "y")}, "age": 40 + columns["b"]}


def lost(columns: dict[str, Any]) -> dict[str, Any]:
    """Take one age of four away."""
    return {**aged(columns), "age": np.where(np.arange(WEEK) % 4 == 0, np.nan, aged(columns)["age"])}


def test_the_sample_is_one_and_the_message_is_what_such_a_run_says(world: World) -> None:
    Validation.model_validate(SAMPLE)
    world.add(*range(6), edit=aged)
    world.promote(world.run("first", data={"validation": SAMPLE}))
    world.add(7, edit=lost)
    assert ended(world.run("second"), CollectOutcome.DATA_INVALID) in PAGE
