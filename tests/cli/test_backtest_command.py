"""`kubectl retrain backtest` as a user calls it: options, output, exit codes."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.memory import remembering
from tests.cli.program import Called, called, policy_file

T0 = datetime(2024, 6, 1, 10, tzinfo=UTC)
NO_REST = {"afterSuccess": "0s", "afterRejection": "0s", "afterFailure": "0s"}
DRIFT = {"name": "drift", "prometheus": {"query": "psi", "healthyRange": {"max": 0.1}}}
ACCURACY = {"name": "accuracy", "prometheus": {"query": "acc", "healthyRange": {"min": 0.85}}}
NIGHTLY = {"name": "nightly", "schedule": {"cron": "0 2 * * *"}}
Replay = Callable[..., Called]


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    """Replays a policy of these triggers over lines, an hour apart from T0 on."""

    def run(triggers: list[Any], lines: list[str], *options: str, **parts: Any) -> Called:
        file = policy_file(tmp_path, triggers=triggers, **{"cooldown": NO_REST, "interval": "1h", **parts})
        asked = [each["name"] for each in triggers if "schedule" not in each]
        rows = [f"{(T0 + timedelta(hours=n)).isoformat()}{line}" for n, line in enumerate(lines)]
        (tmp_path / "values.csv").write_text("\n".join([",".join(["time", *asked]), *rows]))
        return called("backtest", "-f", file, "--series", "values.csv", *options, folder=tmp_path)

    return run


def decisions(done: Called) -> list[tuple[str, str, str]]:
    """Hour after T0, trigger and decision of each object that was printed."""
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert all(list(each) == ["time", "trigger", "value", "decision"] for each in told)
    return [
        (f"{(datetime.fromisoformat(each['time']) - T0) / timedelta(hours=1):g}", each["trigger"], each["decision"])
        for each in told
    ]


def test_json_stands_alone_and_is_a_list_even_of_nothing(replay: Replay) -> None:
    done = replay([DRIFT], [",0.1", ",0.05"], "-o", "json")
    assert decisions(done) == []
    assert done.out == "[]\n"


@pytest.mark.parametrize(("drift", "accuracy"), [(False, False), (True, False), (False, True), (True, True)])
def test_any_of_two_is_enough(replay: Replay, drift: bool, accuracy: bool) -> None:
    done = replay([DRIFT, ACCURACY], [f",{0.2 if drift else 0.1},{0.84 if accuracy else 0.85}"], "-o", "json")
    told = decisions(done)
    assert [trigger for _, trigger, _ in told] == ["drift"] * drift + ["accuracy"] * accuracy
    assert [decision for *_, decision in told].count("Fired") == int(drift or accuracy)


def test_with_all_both_fire_together(replay: Replay) -> None:
    lines = [",0.2,0.9", ",0.05,0.8", ",0.2,0.8"]
    done = replay([DRIFT, ACCURACY], lines, "-o", "json", triggerMode="All")
    assert decisions(done)[-2:] == [("2", "drift", "Fired"), ("2", "accuracy", "Fired")]
    assert [each for each in decisions(done) if each[2] == "Fired"] == decisions(done)[-2:]


def test_no_data_decides_nothing_and_is_told(replay: Replay) -> None:
    lines = [",", ",nan", ",0.2", ","]
    assert decisions(replay([DRIFT], lines, "-o", "json")) == [("2", "drift", "Fired")]
    assert "drift at 3 of 4 checks" in replay([DRIFT], lines).out


def test_a_schedule_comes_between_the_lines(replay: Replay) -> None:
    lines = [",0.05"] * 41
    assert decisions(replay([DRIFT, NIGHTLY], lines, "-o", "json")) == [
        ("16", "nightly", "Fired"),
        ("40", "nightly", "Fired"),
    ]
    page = replay([NIGHTLY], [""] * 41).out
    assert "2024-06-02 02:00:00  nightly         The slot of 2024-06-02 02:00 UTC of nightly" in page


@pytest.mark.parametrize(
    ("outcome", "held"),
    [("Succeeded", ["IneffectiveRetrain"]), ("Rejected", ["CoolingDown"]), ("Failed", [])],
)
def test_what_is_assumed_of_runs_decides_what_comes_after(replay: Replay, outcome: str, held: list[str]) -> None:
    rest = {"afterSuccess": "1h", "afterRejection": "3h", "afterFailure": "10m"}
    options = ("--assume-run", "30m", "--assume-outcome", outcome, "-o", "json")
    told = decisions(replay([DRIFT], [",0.2"] * 3, *options, cooldown=rest))
    assert told[0] == ("0", "drift", "Fired")
    assert [decision for *_, decision in told[2:]] == (held or ["Fired"])


def test_a_page_is_80_columns_wide_and_names_40_runs(replay: Replay) -> None:
    done = replay([DRIFT, ACCURACY], [",0.2,0.9"] * 45)
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "45 runs would have started in 44 hours: 172 per week." in lines
    assert "... and 5 runs more, which -o json tells." in lines
    assert sum("drift is 0.2, above 0.1." in line for line in lines) == 40


def test_nothing_to_tell(replay: Replay) -> None:
    assert "\nNo run would have started in 60 minutes.\n" in replay([DRIFT], [",0.05", ",0.05"]).out
    assert "\nNo run would have started.\n" in replay([DRIFT], [",0.05"]).out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--series", "absent.csv"], "Error: absent.csv cannot be read: No such file or directory.\n"),
        (["--since", "7d"], "Error: --since needs --prometheus URL too: drift must be asked somewhere.\n"),
        (["--since", "100w", "--prometheus", "http://x"], "Error: 12,096,001 checks are too many, 2,000,000 the most"),
        (["--since", "7d", "--prometheus", "x:9090"], "Error: 'x:9090' is no http or https URL such as"),
        (
            ["--series", "a.csv", "--policy", "fraud"],
            "Error: policy.json: There is no policy fraud in it",
        ),
        (["--series", "a.csv", "--plot", "a.pdf"], "Error: --plot writes .png or .html; a.pdf is neither.\n"),
    ],
)
def test_one_line_says_why_nothing_can_be_replayed(tmp_path: Path, options: list[str], said: str) -> None:
    done = called("backtest", "-f", policy_file(tmp_path, interval="5s"), *options, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(said)
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give the values by --series FILE, or ask for them by --since SPAN --prometheus URL."),
        (["--series", "a.csv", "--since", "7d"], "give the values by --series FILE, or ask for them by --since SPAN"),
        (["--series", "a.csv", "--prometheus", "http://x"], "belong to --since, not to --series."),
        (["--since", "7 days"], "'7 days' is no time span such as 7d, 12h or 1h30m."),
        (["--since", "7d", "--until", "noon"], "'noon' is no time in ISO 8601 such as 2024-06-01T10:00:00Z."),
        (["--since", "7d", "--header", "secret"], "a header is written as 'Name: value', such as"),
        (["--since", "7d", "--header", "A: b\r\nC: secret"], "a header is written as 'Name: value', such as"),
        (["--series", "a.csv", "--assume-outcome", "Cancelled"], "'Cancelled' is not one of 'Succeeded', 'Rejected',"),
    ],
)
def test_options_that_do_not_fit_are_told(tmp_path: Path, options: list[str], said: str) -> None:
    done = called("backtest", "-f", policy_file(tmp_path), *options, folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert "secret" not in done.err


async def test_the_history_of_a_prometheus_is_replayed(tmp_path: Path) -> None:
    """Above 0.1 from 11:00 on, asked every minute; the run of 20 minutes does not help, so the next one waits."""
    file = policy_file(tmp_path, interval="1m", cooldown={"afterSuccess": "30m"})
    async with remembering(lambda at: [0.2 if at >= T0.timestamp() + 3600 else 0.05]) as server:
        where = ("--since", "3h", "--until", "2024-06-01T15:00:00+02:00", "--prometheus", server.address)
        more = ("--header", "X-Scope-OrgID: shop", "--assume-run", "20m", "-o", "json")
        done = await asyncio.to_thread(called, "backtest", "-f", file, *where, *more, folder=tmp_path)
    told = decisions(done)
    assert [hour for hour, _, decision in told if decision == "Fired"][:2] == ["1", f"{1 + 80 / 60:g}"]
    assert server.seen[0].headers["x-scope-orgid"] == "shop"


def test_schedules_alone_need_no_prometheus(tmp_path: Path) -> None:
    file = policy_file(tmp_path, triggers=[NIGHTLY], interval="1h")
    where = ("--since", "2d", "--until", "2024-06-03T00:00:00Z")
    done = called("backtest", "-f", file, *where, "-o", "json", folder=tmp_path)
    assert [each["time"] for each in json.loads(done.out)] == ["2024-06-01T02:00:00Z", "2024-06-02T02:00:00Z"]


def test_pictures(replay: Replay, tmp_path: Path) -> None:
    lines = [",0.05,0.9", ",0.2,", ",0.05,0.9"]
    for name in ("a.png", "a.html"):
        assert replay([DRIFT, ACCURACY, NIGHTLY], lines, "--plot", name).code == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    page = (tmp_path / "a.html").read_text()
    assert page.count("<svg") == 1
    assert "<td>drift is 0.2, above 0.1.</td>" in page
    assert not any(tag in page for tag in ("<script", "<link", "<img", "src=", "url(http"))
    assert replay([DRIFT], [",1"], "--plot", "absent/a.png").err == (
        "Error: absent/a.png cannot be written: No such file or directory.\n"
    )


def test_without_matplotlib_the_way_to_it_is_told(tmp_path: Path) -> None:
    """As on a machine where it is not installed: Python is told so before the program begins."""
    script = "import sys; sys.modules['matplotlib'] = None; from retrain_operator.cli import main; main()"
    options = ["backtest", "-f", policy_file(tmp_path), "--series", "a.csv", "--plot", "a.png"]
    done = subprocess.run(
        [sys.executable, "-c", script, *options], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        "Error: --plot needs matplotlib, which is not installed: pip install '.[cli,plot]' in a checkout.\n",
    )
