"""What a file of values may look like, and what is said of one that may not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrain_operator.cli.backtest.series import SeriesError, read
from retrain_operator.model.trigger import Trigger

METRIC = {"query": "max(x)", "healthyRange": {"max": 1}}
TRIGGERS = tuple(
    Trigger.model_validate(each)
    for each in (
        {"name": "drift", "prometheus": METRIC},
        {"name": "volume", "dataVolume": {"query": "sum(rows)", "growth": 5}},
        {"name": "nightly", "schedule": {"cron": "0 0 * * *"}},
    )
)
T0 = datetime(2024, 6, 1, 10, tzinfo=UTC)
HEADER = "time,drift,volume"
EXPECTED = "The header must be time,drift,volume"
UNORDERED = "Sort the lines by time, each time once."

MISTAKES: dict[str, tuple[str, str]] = {
    "nothing": ("", f"1: The file is empty or begins with an empty line. {EXPECTED}."),
    "an empty line first": (f"\n{HEADER}\n", f"1: The file is empty or begins with an empty line. {EXPECTED}."),
    "no header": ("2024-06-01,1,2\n", f"1: Column 1 is '2024-06-01'. {EXPECTED}."),
    "semicolons": ("time;drift;volume\n", f"1: Column 1 is 'time;drift;volume'. {EXPECTED}."),
    "a stranger": (f"{HEADER},weight\n", f"1: Column 4 is 'weight', no trigger of the policy. {EXPECTED}."),
    "a near miss": (
        "time,drfit,volume\n",
        f"1: Column 2 is 'drfit', no trigger of the policy (did you mean drift?). {EXPECTED}.",
    ),
    "a schedule": (f"{HEADER},nightly\n", f"1: Column 4 is 'nightly', a schedule, which has no values. {EXPECTED}."),
    "a column twice": (f"{HEADER},drift\n", f"1: Column 4 is 'drift', which was there already. {EXPECTED}."),
    "a column less": (
        "time,volume\n",
        f"1: There is no column for trigger drift. {EXPECTED}, in any order after time.",
    ),
    "a header alone": (f"{HEADER}\n", "1: There is no line below the header, so there is nothing to replay."),
    "a cell less": (f"{HEADER}\n2024-06-01,1\n", "2: There are 2 cells, but 3 columns."),
    "a comma in a number": (f"{HEADER}\n2024-06-01,0,12,5\n", "2: There are 4 cells, but 3 columns."),
    "no time": (
        f"{HEADER}\n2024-06-01,1,2\nyesterday,1,2\n",
        "3: Column time: 'yesterday' is no time in ISO 8601 such as 2024-06-01T10:00:00Z.",
    ),
    "seconds since 1970": (
        f"{HEADER}\n1711111100,1,2\n",
        "2: Column time: '1711111100' is no time in ISO 8601 such as 2024-06-01T10:00:00Z.",
    ),
    "an empty time": (f"{HEADER}\n,1,2\n", "2: Column time: '' is no time in ISO 8601 such as 2024-06-01T10:00:00Z."),
    "a time beyond the calendar": (
        f"{HEADER}\n0001-01-01T00:00:00+14:00,1,2\n",
        "2: Column time: '0001-01-01T00:00:00+14:00' is no time in ISO 8601 such as 2024-06-01T10:00:00Z.",
    ),
    "a time twice": (
        f"{HEADER}\n2024-06-01T10:00:00Z,1,2\n2024-06-01T12:00:00+02:00,1,2\n",
        f"3: Column time: 2024-06-01T12:00:00+02:00 was there already. {UNORDERED}",
    ),
    "back in time": (
        f"{HEADER}\n2024-06-02,1,2\n\n2024-06-01,1,2\n",
        f"4: Column time: 2024-06-01 is earlier than the line before. {UNORDERED}",
    ),
    "a word": (
        f"{HEADER}\n2024-06-01,1,2\n2024-06-02,,n/a\n",
        "3: Column volume: 'n/a' is no number such as 0.12. Leave the cell empty for no data.",
    ),
    "an underscore": (
        f"{HEADER}\n2024-06-01,1_000,2\n",
        "2: Column drift: '1_000' is no number such as 0.12. Leave the cell empty for no data.",
    ),
    "tricks on the terminal": (
        f"{HEADER}\n2024-06-01,\x1b[2J,2\n",
        "2: Column drift: '[2J' is no number such as 0.12. Leave the cell empty for no data.",
    ),
    "a cell without end": (f"{HEADER}\n2024-06-01,{'1' * 200_000},2\n", "2: This is not CSV: field larger than field"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "values.csv"


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_line_and_column(text: str, said: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(SeriesError) as told:
        read(file, TRIGGERS)
    assert str(told.value).startswith(f"{file}:{said}")


def test_columns_come_in_any_order_and_cells_may_be_empty(file: Path) -> None:
    file.write_text(
        "time, volume ,drift\r\n"
        "2024-06-01T10:00:00Z, 1000,0.02\r\n"
        '2024-06-01T12:00:01+02:00,,"1e-3"\r\n'
        "2024-06-01 10:00:02.5,NaN,\r\n"
        "2024-06-01T10:00:03Z,+Inf,-0.5 \r\n",
        encoding="utf-8-sig",
    )
    seen = read(file, TRIGGERS)
    seconds = (0, 1, 2.5, 3)
    assert list(seen.rows()) == [
        (T0 + timedelta(seconds=second), row)
        for second, row in zip(
            seconds,
            (
                {"volume": 1000.0, "drift": 0.02},
                {"volume": None, "drift": 0.001},
                {"volume": None, "drift": None},
                {"volume": None, "drift": -0.5},
            ),
            strict=True,
        )
    ]
    assert seen.spacing == timedelta(seconds=1)


def test_a_policy_with_schedules_alone_needs_times_alone(file: Path) -> None:
    file.write_text("time\n2024-06-01\n2024-06-03\n")
    seen = read(file, TRIGGERS[2:])
    assert [at.day for at, values in seen.rows() if values == {}] == [1, 3]


def test_one_line_has_no_spacing(file: Path) -> None:
    file.write_text(f"{HEADER}\n2024-06-01,1,2\n")
    assert read(file, TRIGGERS).spacing == timedelta(0)


def test_what_cannot_be_read_is_told(tmp_path: Path, file: Path) -> None:
    file.write_bytes(HEADER.encode() + b"\n\xff\n")
    for path, said in (
        (tmp_path / "absent.csv", "cannot be read: No such file or directory."),
        (tmp_path, "cannot be read: Is a directory."),
        (file, "is not text in UTF-8. Save it as CSV in UTF-8."),
    ):
        with pytest.raises(SeriesError) as told:
            read(path, TRIGGERS)
        assert str(told.value) == f"{path} {said}"
