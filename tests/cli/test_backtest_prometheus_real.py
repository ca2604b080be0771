"""`--since` against a real Prometheus, run from the image that the cluster runs.

Queries of time alone have a value at any moment of the past, recorded or not.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import called, policy_file
from tests.edges.test_prometheus_real import address, container

__all__ = ["address", "container"]

pytestmark = pytest.mark.cluster

WEEK = ("--since", "7d", "--until", "2024-06-08T00:00:00Z", "-o", "json")
HOUR_OF_DAY = "time() % 86400 / 3600"


def metric(query: str) -> list[dict[str, Any]]:
    return [{"name": "late", "prometheus": {"query": query, "healthyRange": {"max": 23}, "for": "10m"}}]


def test_a_week_is_replayed_as_it_was(address: str, tmp_path: Path) -> None:
    """After 23 o'clock, for ten minutes: once a day, the run before having ended long ago."""
    file = policy_file(tmp_path, triggers=metric(HOUR_OF_DAY), interval="30s", cooldown={"afterSuccess": "1h"})
    done = called("backtest", "-f", file, *WEEK, "--prometheus", address, "--assume-run", "20m", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    fired = [each["time"] for each in told if each["decision"] == "Fired"]
    assert fired == [f"2024-06-0{day}T23:10:30Z" for day in range(1, 8)]
    assert {each["decision"] for each in told} == {"Pending", "Fired", "RunActive", "CoolingDown"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("max(", "does not answer the query (HTTP 400): "),
        ("up[5m]", "does not answer the query (HTTP 400): "),
        (
            "vector(1) or label_replace(vector(2), 'pod', 'b', '', '')",
            "gave several series; aggregate the query to one series, for example with max(...).",
        ),
    ],
)
def test_a_query_that_gives_no_number_is_told(address: str, tmp_path: Path, query: str, said: str) -> None:
    file = policy_file(tmp_path, triggers=metric(query), interval="1h")
    done = called("backtest", "-f", file, *WEEK, "--prometheus", address, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"Error: late: Prometheus at {address.removeprefix('http://')} {said}")


def test_the_place_of_a_syntax_error_is_told(address: str, tmp_path: Path) -> None:
    file = policy_file(tmp_path, triggers=metric("sum(up) by )"), interval="1h")
    done = called("backtest", "-f", file, *WEEK, "--prometheus", address, folder=tmp_path)
    assert "1:13: parse error: unexpected" in done.err


def test_what_was_not_recorded_is_noted(address: str, tmp_path: Path) -> None:
    file = policy_file(tmp_path, triggers=metric("up"), interval="1h")
    done = called("backtest", "-f", file, *WEEK, "--prometheus", address, folder=tmp_path)
    assert (done.code, done.out) == (0, "[]\n")
    assert done.err.startswith("Note: late: its query gave no number in all that time; ")
