"""What is said of a file that is not as it should be names the field, the column, the row and the cure."""

import os
from collections.abc import Callable

import numpy as np
import pytest

from retrain_trainer.contract import CollectOutcome, Fault
from tests.trainer.world import World, ended


def csv(world: World, edit: Callable[[str], str] = str, rows: int = 400, encoding: str = "utf-8") -> None:
    """Write one file of plain text."""
    lines = [f"2024-01-01 {n // 60:02}:{n % 60:02}:00,{n % 7 / 7:.2f},{n % 11},{n % 2}\n" for n in range(rows)]
    text = "".join(["time,a,b,y\n", *lines])
    (world.root / "data" / "w.csv").write_bytes(edit(text).encode(encoding))


CASES: dict[str, tuple[Callable[[str], str], str, str]] = {
    "a name that is no UTF-8": (
        lambda text: text.replace(",b,", ",größe,"),
        "latin-1",
        "check readable: expected UTF-8 text (write the file anew in UTF-8), seen names of columns that are none.",
    ),
    "a value that is no UTF-8": (
        lambda text: text.replace(",3,", ",Köln,"),
        "latin-1",
        "seen values of another kind (text has to be UTF-8).",
    ),
    "a column without a name, as pandas writes its index": (
        lambda text: "\n".join(f"{n - 1 if n else ''},{line}" for n, line in enumerate(text.splitlines())),
        "utf-8",
        "Batch w.csv, check columns: expected a name for each column, seen none for column 1 (is it the index of "
        "pandas? write index=False).",
    ),
    "a header alone": (
        lambda text: text[: text.index("\n") + 1],
        "utf-8",
        "check rows: expected at least one row, seen none below the names of the columns.",
    ),
    "a space in a name": (
        lambda text: text.replace(",y\n", ", y\n"),
        "utf-8",
        "column y, check columns: expected a column y (data.label), seen time, a, b, ' y' (did you mean ' y'?).",
    ),
    "another name for the time": (
        lambda text: text.replace("time", "times"),
        "utf-8",
        "column time, check columns: expected a column time (data.timeColumn), seen times, a, b, y (did you mean "
        "times?).",
    ),
    "another separator": (
        lambda text: text.replace(",", ";"),
        "utf-8",
        "expected a column y (data.label), seen time;a;b;y (is the separator a comma?).",
    ),
    "one word among numbers": (
        lambda text: text.replace("02:00:00,0.14,10,", "02:00:00,0.14,abc,"),
        "utf-8",
        "seen text, such as 'abc' in row 121.",
    ),
    "times as people write them": (
        lambda text: text.replace("2024-01-01", "13.01.2024"),
        "utf-8",
        "column time, check type: expected times such as 2024-01-31 10:00 (ISO 8601), or numbers, to order rows by, "
        "seen text, such as '13.01.2024 00:00:00' in row 1.",
    ),
    "labels that are no classes": (
        lambda text: text.replace(",1\n", ",0.5\n"),
        "utf-8",
        "column y, check type: expected classes to learn (for numbers take a regressor), seen numbers that are not "
        "whole.",
    ),
}


def test_a_time_that_no_policy_names(world: World) -> None:
    world.add(*range(6))
    run = world.run("first", data={"timeColumn": None})
    assert ended(run, CollectOutcome.DATA_INVALID).startswith(
        "Batch week-000.parquet, column time, check type: expected numbers (if rows are ordered by it, name it as "
        "data.timeColumn; else leave it out with data.exclude), seen times."
    )


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_cannot_be_read_as_it_is(world: World, case: str) -> None:
    edit, encoding, message = CASES[case]
    csv(world, edit, encoding=encoding)
    assert ended(world.run("first"), CollectOutcome.DATA_INVALID).endswith(message)


def test_a_name_that_is_no_utf_8_is_left_out_where_the_policy_says_so(world: World) -> None:
    world.add(*range(6))
    csv(world, lambda text: text.replace(",b,", ",größe,"), encoding="latin-1")
    run = world.run("first", data={"validation": {"onBadBatch": "Skip"}})
    assert "Left out: Batch w.csv, check readable: expected UTF-8 text" in run.collect.message
    assert run.evaluate.candidate is not None


TYPED = "(a Parquet file has times in a column of timestamps, which pandas.to_datetime makes of text)"


@pytest.mark.parametrize(
    ("odd", "seen"), [({}, f"text {TYPED}"), ({5: "yesterday"}, f"text, such as 'yesterday' in row 6 {TYPED}")]
)
def test_times_as_text_in_parquet(world: World, odd: dict[int, str], seen: str) -> None:
    world.add(0, edit=lambda c: {**c, "time": [odd.get(row, str(time)) for row, time in enumerate(c["time"])]})
    assert ended(world.run("first"), CollectOutcome.DATA_INVALID) == (
        "Batch week-000.parquet, column time, check type: expected times such as 2024-01-31 10:00 (ISO 8601), or "
        f"numbers, to order rows by, seen {seen}."
    )


def test_times_that_were_whole_numbers(world: World) -> None:
    world.add(*range(6), edit=lambda c: {**c, "time": c["time"].astype(np.int64) // 10**6})
    world.promote(world.run("first"))
    world.add(6, 7, edit=lambda c: {**c, "time": c["time"].astype(np.int64) / 1e6 + 0.5})
    assert ended(world.run("second"), CollectOutcome.DATA_INVALID).startswith(
        "Batch week-006.parquet, column time, check type: expected whole numbers to order rows by, as in the files "
        "before, seen numbers that are not whole."
    )


def test_a_file_whose_name_is_no_utf_8(world: World) -> None:
    world.add(*range(6))
    folder = world.root / "data"
    (folder / "week-000.parquet").rename(folder / os.fsdecode(b"M\xe4rz.parquet"))
    run = world.run("first")
    assert isinstance(run.collected, Fault), run.collected
    assert run.collected.message == f"The name of {folder}/M\\xe4rz.parquet is not UTF-8. Rename the file."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("2030-01-01 00:00:00,Köln,1,1", "readable: expected UTF-8 text (write the file anew in UTF-8), seen a value"),
        ("1.2.2030,1,1,1", "type: expected a time such as 2024-01-31 10:00 (ISO 8601), seen '1.2.2030'."),
    ],
)
def test_a_value_far_down_in_a_file(world: World, wrong: str, message: str) -> None:
    csv(world, lambda text: f"{text}{wrong}\n", rows=1440, encoding="latin-1")
    text = (world.root / "data" / "w.csv").read_bytes()
    begin = text.index(b"\n") + 1
    long = text[:begin] + text[begin : text.rindex(b"\n", 0, -1) + 1] * 30 + text[text.rindex(b"\n", 0, -1) + 1 :]
    (world.root / "data" / "w.csv").write_bytes(long)
    column = "a" if "Köln" in wrong else "time"
    said = ended(world.run("first"), CollectOutcome.DATA_INVALID)
    assert said.startswith(f"Batch w.csv, column {column}, check {message}")


class TestAColumnThatIsLeftOut:
    """By data.exclude, which is the only thing between an identifier and the model."""

    def test_has_to_be_one(self, world: World) -> None:
        world.add(*range(6))
        run = world.run("first", data={"exclude": ["nosuch"]})
        assert isinstance(run.collected, Fault)
        assert run.collected.message == "data.exclude names nosuch, which is no column; there are a, b, c, time, y."

    def test_is_not_blamed_for_a_file_with_another_separator(self, world: World) -> None:
        csv(world, CASES["another separator"][0])
        said = ended(world.run("first", data={"exclude": ["a"]}), CollectOutcome.DATA_INVALID)
        assert said.endswith(CASES["another separator"][2]), "a decision, which no Job repeats"

    def test_may_be_gone_once_a_champion_was_trained_without_it(self, world: World) -> None:
        world.task["data"]["exclude"] = ["c"]
        world.begin(6)
        world.add(*range(6, 9), edit=lambda c: {name: values for name, values in c.items() if name != "c"})
        assert world.run("second").collect.outcome is CollectOutcome.COLLECTED
        run = world.run("third", data={"exclude": ["c", "tenur"]})
        assert isinstance(run.collected, Fault)
        assert run.collected.message == "data.exclude names tenur, which is no column; there are a, b, c, time, y."


def test_no_value_is_told_of_a_column_of_words(world: World) -> None:
    csv(world, lambda text: "\n".join(f"{line},Jane Doe {n}" for n, line in enumerate(text.splitlines())) + "\n")
    assert "Jane Doe 1" not in ended(world.run("first"), CollectOutcome.DATA_INVALID)
