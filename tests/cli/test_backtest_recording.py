"""What a Prometheus recorded, asked of servers of our own: well-behaved ones, and others."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from retrain_operator.edges.prometheus import http_session
from retrain_operator.edges.recording import Archive, Recorded, RecordingError, Window
from tests.edges.loopback import Act, hang, loopback, raw, reply, reset

T0 = datetime(2024, 6, 1, 10, tzinfo=UTC)
WINDOW = Window(T0, timedelta(seconds=30), 5)
Json = dict[str, object]


def series(*values: float | str | None, **labels: str) -> Json:
    """A series with a value for each moment of WINDOW from the first on; None is a gap."""
    points = [[T0.timestamp() + 30 * n, str(value)] for n, value in enumerate(values) if value is not None]
    return {"metric": labels, "values": points}


def matrix(*result: Json, **more: object) -> Json:
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def failure(code: int, words: str) -> Act:
    return reply({"status": "error", "errorType": "bad_data", "error": words}, code)


async def ask(address: str, window: Window = WINDOW, seconds: float = 5) -> Recorded:
    async with http_session(seconds) as session:
        return await Archive(session, address, {"Authorization": "Bearer canary"}).ask("max(psi)", window)


async def test_a_query_is_asked_for_all_moments_at_once() -> None:
    async with loopback(reply(matrix(series(0.02, None, "NaN", "+Inf", "1e-3")))) as server:
        recorded = await ask(f"{server.address}/prefix")
    assert recorded == Recorded([0.02, None, None, None, 0.001], several=0)
    (seen,) = server.seen
    assert seen.path == "/prefix/api/v1/query_range"
    assert seen.headers["authorization"] == "Bearer canary"
    form = {name: value for name, (value,) in parse_qs(seen.body.decode()).items()}
    start = T0.timestamp()
    assert form == {"query": "max(psi)", "start": f"{start:.3f}", "end": f"{start + 120:.3f}", "step": "30.000"}


async def test_series_that_take_turns_are_one_and_what_is_double_is_nothing() -> None:
    first, second = series(1, 2, 3, None, None, version="a"), series(None, None, 4, 5, None, version="b")
    async with loopback(reply(matrix(first, second))) as server:
        assert await ask(server.address) == Recorded([1.0, 2.0, None, 5.0, None], several=1)


async def test_warnings_about_the_query_alone_are_no_fault() -> None:
    async with loopback(reply(matrix(series(1), warnings=["PromQL info: metric might not be a counter"]))) as server:
        assert (await ask(server.address)).values[0] == 1


AGGREGATE = "aggregate the query to one series, for example with max(...)"
FAULTS: dict[str, tuple[Act, str]] = {
    "several series": (
        reply(matrix(series(1, 2, version="a"), series(3, 4, version="b"))),
        f"gave several series; {AGGREGATE}.",
    ),
    "a syntax error": (
        failure(400, 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'),
        'does not answer the query (HTTP 400): invalid parameter "query": 1:5: parse error: unclosed left parenthesis.',
    ),
    "a costly query": (
        failure(422, "query processing would load too many samples into memory"),
        "does not answer the query (HTTP 422): query processing would load too many samples into memory.",
    ),
    "tricks on the terminal": (
        failure(400, "\x1b[2Jgone\nError: none"),
        "does not answer the query (HTTP 400): [2Jgone Error: none.",
    ),
    "no reason": (failure(500, ""), "does not answer the query (HTTP 500): it does not say why."),
    "a part": (
        reply(matrix(series(1), warnings=["store b: timeout"])),
        "gave only a part of the answer: store b: timeout.",
    ),
    "a part of VictoriaMetrics": (
        reply(matrix(series(1), isPartial=True)),
        "gave only a part of the answer; look at its log.",
    ),
    "a histogram": (
        reply(matrix({"metric": {}, "histograms": [[T0.timestamp(), {"count": "1"}]]})),
        "gave a histogram, not a number; take a number of it, for example with histogram_quantile.",
    ),
    "another time": (
        reply(matrix({"metric": {}, "values": [[0, "1"]]})),
        "answered for another time than it was asked for; check the address.",
    ),
    "no number": (reply(matrix(series("much"))), "gave a value that is no number; check the address."),
    "a vector": (
        reply({"status": "success", "data": {"resultType": "vector", "result": []}}),
        "sent what is not an answer of Prometheus (HTTP 200); check the address.",
    ),
    "HTML": (reply(b"<html>Log in</html>"), "sent what is not an answer of Prometheus (HTTP 200); check the address."),
    "deep JSON": (reply(b"[" * 1_000_000), "sent what is not an answer of Prometheus (HTTP 200); check the address."),
    "no API": (reply(b"", 404), "has no query API at that address (HTTP 404); check the path."),
    "no credential": (
        reply(b"", 401),
        "refused access (HTTP 401); pass its credential with --header 'Authorization: Bearer ...'.",
    ),
    "too often": (reply(b"", 429), "is asked too often (HTTP 429); try again later."),
    "too much": (reply(b" " * (17 << 20)), f"sent more than 16 MiB; {AGGREGATE}."),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "sent what is not HTTP; check the address."),
    "an end": (reset, "broke the connection off; check that it is up, or try a shorter time."),
    "silence": (hang, "did not answer within 0.3 s; try a shorter time, or a query that is less costly."),
}


@pytest.mark.parametrize(("act", "said"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_is_told_with_what_to_do(act: Act, said: str) -> None:
    async with loopback(act) as server:
        with pytest.raises(RecordingError) as told:
            await ask(server.address, seconds=0.3 if act is hang else 10)
    assert str(told.value) == f"Prometheus at {server.place} {said}"


async def test_a_redirect_is_not_followed() -> None:
    async with loopback(reply(matrix(series(1)))) as other:
        moved = reply(b"", 307, {"Location": f"{other.address}/api/v1/query_range"})
        async with loopback(moved) as server:
            with pytest.raises(RecordingError, match=r"redirects elsewhere \(HTTP 307\), which is not followed"):
                await ask(server.address)
    assert other.seen == []


async def test_nobody_there() -> None:
    async with loopback(reply(b"")) as server:
        pass
    with pytest.raises(RecordingError, match="refused the connection; check the address"):
        await ask(server.address)


@pytest.mark.parametrize("address", ["prometheus:9090", "ftp://prometheus", "http://", "http://[::", ""])
async def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(RecordingError, match=r"is no http or https URL such as http://127\.0\.0\.1:9090\.$"):
        await ask(address)
