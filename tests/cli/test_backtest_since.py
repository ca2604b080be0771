"""What is asked of a Prometheus for a policy, and what is noted of its answers."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import StringIO
from urllib.parse import parse_qs

from rich.console import Console

from retrain_operator.cli.backtest.recorded import Source, fetch
from retrain_operator.cli.backtest.series import Series
from retrain_operator.edges.recording import Window
from retrain_operator.model.trigger import Trigger
from tests.cli.memory import Formula, remembering
from tests.edges.loopback import Loopback

T0 = datetime(2024, 6, 1, 10, tzinfo=UTC)


def trigger(name: str, query: str) -> Trigger:
    return Trigger.model_validate({"name": name, "prometheus": {"query": query, "healthyRange": {"max": 1}}})


async def fetched(formula: Formula, window: Window, *triggers: Trigger) -> tuple[Series, Loopback, str]:
    notes = StringIO()
    async with remembering(formula) as server:
        source = Source(server.address, {})
        found = await asyncio.to_thread(fetch, triggers, window, source, Console(file=notes, width=500))
    return found, server, notes.getvalue().strip()


async def test_a_long_time_is_asked_in_pieces_that_join() -> None:
    window = Window(T0, timedelta(seconds=30), 25_000)
    found, server, notes = await fetched(lambda at: [at], window, trigger("clock", "time()"))
    assert found.times[-1] == T0 + timedelta(seconds=30 * 24_999)
    assert list(found.values["clock"]) == [at.timestamp() for at in found.times]
    asked = [parse_qs(seen.body.decode()) for seen in server.seen]
    assert [(float(each["end"][0]) - float(each["start"][0])) / 30 + 1 for each in asked] == [10_000, 10_000, 5_000]
    assert notes == ""


async def test_equal_queries_are_asked_once() -> None:
    window = Window(T0, timedelta(seconds=30), 3)
    both = trigger("warm", "max(x)"), trigger("hot", "max(x)")
    found, server, _ = await fetched(lambda _: [0.5], window, *both)
    assert len(server.seen) == 1
    assert found.values == {"warm": [0.5] * 3, "hot": [0.5] * 3}


async def test_several_series_at_some_checks_are_noted() -> None:
    turn = T0.timestamp() + 60
    found, _, notes = await fetched(
        lambda at: [1.0] if at < turn else [1.0, 2.0], Window(T0, timedelta(seconds=30), 4), trigger("drift", "psi")
    )
    assert found.values["drift"] == [1.0, 1.0, None, None]
    assert notes == ("Note: drift: its query gave several series at 2 checks, which count as no data; aggregate it.")


async def test_a_query_that_never_gave_a_number_is_noted() -> None:
    _, _, notes = await fetched(lambda _: [], Window(T0, timedelta(seconds=30), 4), trigger("drift", "psi"))
    assert notes.startswith("Note: drift: its query gave no number in all that time; check its labels, and how long ")
