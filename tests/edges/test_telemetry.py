"""What a scrape of the operator shows, and what its health check says, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from retrain_operator.edges.telemetry import Telemetry, application
from retrain_operator.model.observation import NoData, Sample, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome

AT = datetime(2024, 6, 1, tzinfo=UTC)
NOTHING = NoData(AT, Reason.NO_DATA, "The query returned no series.")
DOWN = SourceError(AT, Reason.SOURCE_UNREACHABLE, "Prometheus did not answer.")


def samples(text: str) -> dict[str, float]:
    """Our series by name and labels, the labels in the order of their names."""
    return {
        f"{sample.name.removeprefix('retrain_operator_')}{{{','.join(sample.labels.values())}}}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("retrain_operator_") and not sample.name.endswith("_created")
    }


def scraped(telemetry: Telemetry) -> dict[str, float]:
    return samples(telemetry.text().decode())


@asynccontextmanager
async def served(telemetry: Telemetry, problems: list[str]) -> AsyncIterator[str]:
    runner = web.AppRunner(application(telemetry, lambda: problems))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_value_is_shown_while_there_is_one() -> None:
    telemetry = Telemetry()
    telemetry.seen("shop", "churn", "drift", Sample(AT, 0.12))
    telemetry.seen("shop", "churn", "accuracy", Sample(AT, 0.8))
    telemetry.seen("shop", "churn", "accuracy", Sample(AT, 0.9))
    assert scraped(telemetry)["trigger_value{shop,churn,drift}"] == 0.12
    assert scraped(telemetry)["trigger_value{shop,churn,accuracy}"] == 0.9
    telemetry.seen("shop", "churn", "drift", NOTHING)
    telemetry.seen("shop", "churn", "never-seen", DOWN)
    assert [series for series in scraped(telemetry) if "trigger_value" in series] == [
        "trigger_value{shop,churn,accuracy}"
    ]


def test_what_is_told_of_a_policy_goes_with_it() -> None:
    telemetry = Telemetry()
    for namespace, policy in (("shop", "churn"), ("shop", "fraud"), ("bank", "churn")):
        telemetry.seen(namespace, policy, "drift", Sample(AT, 1))
        telemetry.run_ended(namespace, policy, Outcome.SUCCEEDED)
        telemetry.run_ended(namespace, policy, Outcome.REJECTED)
    telemetry.forget("shop", "churn")
    telemetry.forget_values("shop", "fraud")
    assert {
        series: value for series, value in scraped(telemetry).items() if "{shop" in series or "{bank" in series
    } == {
        "trigger_value{bank,churn,drift}": 1,
        "runs_total{shop,Succeeded,fraud}": 1,
        "runs_total{shop,Rejected,fraud}": 1,
        "runs_total{bank,Succeeded,churn}": 1,
        "runs_total{bank,Rejected,churn}": 1,
    }


def test_checks_are_counted_by_what_came_of_them() -> None:
    telemetry = Telemetry()
    for observation in (Sample(AT, 1), Sample(AT, 2), NOTHING, DOWN):
        telemetry.checked("default", observation)
    telemetry.checked("address", Sample(AT, 3))
    telemetry.late()
    assert {series: value for series, value in scraped(telemetry).items() if "checks" in series} == {
        "checks_total{Sample,default}": 2,
        "checks_total{NoData,default}": 1,
        "checks_total{SourceUnreachable,default}": 1,
        "checks_total{Sample,address}": 1,
        "late_checks_total{}": 1,
    }


def test_sources_that_are_left_alone_are_asked_for_at_every_scrape() -> None:
    telemetry, numbers = Telemetry(), {"default": 1, "address": 3}
    telemetry.sources(lambda: numbers)
    assert scraped(telemetry)["sources_left_alone{default}"] == 1
    numbers["default"] = 0
    assert scraped(telemetry)["sources_left_alone{default}"] == 0
    assert scraped(telemetry)["sources_left_alone{address}"] == 3


async def test_a_pass_is_measured_and_a_failed_one_counted() -> None:
    telemetry = Telemetry()
    with telemetry.timed("policy"):
        await asyncio.sleep(0.02)
    with pytest.raises(RuntimeError, match=r"^as it was$"), telemetry.timed("run"):
        raise RuntimeError("as it was")
    seen = scraped(telemetry)
    assert 0.02 <= seen["reconcile_seconds_sum{policy}"] < 1
    assert (seen["reconcile_seconds_count{policy}"], seen["reconcile_seconds_count{run}"]) == (1, 1)
    assert (seen["reconcile_errors_total{policy}"], seen["reconcile_errors_total{run}"]) == (0, 1)


def test_the_queue_is_asked_at_every_scrape() -> None:
    telemetry, keys = Telemetry(), [1, 2, 3]
    telemetry.queue(lambda: len(keys))
    assert scraped(telemetry)["queue_depth{}"] == 3
    keys.clear()
    assert scraped(telemetry)["queue_depth{}"] == 0


def test_two_operators_in_one_process_do_not_mix() -> None:
    one, other = Telemetry(), Telemetry()
    one.late()
    assert scraped(other)["late_checks_total{}"] == 0


async def test_metrics_and_health_are_served() -> None:
    telemetry, problems = Telemetry(), list[str]()
    telemetry.seen("shop", "churn", "drift", Sample(AT, 0.12))
    async with served(telemetry, problems) as address, aiohttp.ClientSession() as session:
        async with session.get(f"{address}/metrics") as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=")
            text = await response.text()
        assert samples(text)["trigger_value{shop,churn,drift}"] == 0.12
        assert "process_resident_memory_bytes " in text
        async with session.get(f"{address}/healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")
        problems += ["The watch of retrainruns has ended.", "No worker is left."]
        async with session.get(f"{address}/healthz") as response:
            assert response.status == 503
            assert await response.text() == "The watch of retrainruns has ended.\nNo worker is left.\n"
        async with session.get(f"{address}/other") as response:
            assert response.status == 404
