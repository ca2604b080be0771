"""What a trigger's check makes of a Prometheus that answers, and of whatever else may stand at its address."""

import asyncio
from urllib.parse import parse_qs

import pytest

from retrain_operator.edges.prometheus import Prometheus, http_session
from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.reason import Reason
from tests.edges.answers import AT, CANARY, ERRORS, data, vector
from tests.edges.loopback import Act, Endless, hang, loopback, raw, reply


async def ask(*script: Act, seconds: float = 5.0) -> tuple[Observation, str]:
    """The observation, and where it was asked."""
    async with loopback(*script) as server, http_session(seconds) as session:
        return await Prometheus(session, server.address).ask("up", AT), server.place


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        pytest.param(vector("0.12"), 0.12, id="a vector of one series"),
        pytest.param(data("scalar", [1717236000, "3"]), 3.0, id="a scalar"),
        pytest.param(vector("-1.5e-07"), -1.5e-07, id="a small negative number"),
        pytest.param(vector("0"), 0.0, id="zero is a number"),
        pytest.param(vector("0.5", infos=["PromQL info: metric might not be a counter"]), 0.5, id="an info beside it"),
        pytest.param(vector("0.5", warnings=["PromQL warning: bad bucket"]), 0.5, id="a warning about the query"),
    ],
)
async def test_one_number_is_a_sample(answer: Act, value: float) -> None:
    observation, _ = await ask(answer)
    assert observation == Sample(AT, value)


PARTIAL = "Prometheus at {} gave only a part of the answer; nothing is decided until it gives all. Look at its log."
NOT_FINITE = (
    "The query returned {} from Prometheus at {{}}. Nothing is decided until it returns a finite number; a division by "
    "zero is the usual cause."
)
SEVERAL = "The query returned several series from Prometheus at {}; aggregate it, for example with max(...)."


@pytest.mark.parametrize(
    ("answer", "reason", "message"),
    [
        pytest.param(
            vector(),
            Reason.NO_DATA,
            "The query returned no series from Prometheus at {}. Nothing is decided until it does; check its labels, "
            "and that what it asks for is scraped.",
            id="no series",
        ),
        pytest.param(vector("NaN"), Reason.NO_DATA, NOT_FINITE.format("NaN"), id="NaN"),
        pytest.param(vector("+Inf"), Reason.NO_DATA, NOT_FINITE.format("infinity"), id="+Inf"),
        pytest.param(vector("-Inf"), Reason.NO_DATA, NOT_FINITE.format("infinity"), id="-Inf"),
        pytest.param(vector("1e400"), Reason.NO_DATA, NOT_FINITE.format("infinity"), id="too large for a float"),
        pytest.param(vector("0.1", "0.2"), Reason.SEVERAL_SERIES, SEVERAL, id="two series"),
        pytest.param(
            vector("0.1", "0.2", warnings=["results truncated due to limit"]),
            Reason.SEVERAL_SERIES,
            SEVERAL,
            id="more series than we let it send",
        ),
        pytest.param(
            vector("0.1", warnings=[f"remote read of {CANARY} failed"]),
            Reason.PARTIAL_ANSWER,
            PARTIAL,
            id="a source was down",
        ),
        pytest.param(
            vector(warnings=["store timed out"]), Reason.PARTIAL_ANSWER, PARTIAL, id="no series since it was down"
        ),
        pytest.param(
            vector("0.1", isPartial=True), Reason.PARTIAL_ANSWER, PARTIAL, id="a part, as VictoriaMetrics says"
        ),
    ],
)
async def test_no_number_is_no_data(answer: Act, reason: Reason, message: str) -> None:
    observation, place = await ask(answer)
    assert observation == NoData(AT, reason, message.format(place))


@pytest.mark.parametrize(("answer", "reason", "message"), ERRORS)
async def test_an_error_is_told_in_our_words(answer: Act, reason: Reason, message: str) -> None:
    observation, place = await ask(answer)
    assert observation == SourceError(AT, reason, message.format(place))
    assert CANARY not in observation.message


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(hang, id="silence"),
        pytest.param(Endless(b" ", 0.02), id="a body byte by byte"),
        pytest.param(Endless(b"X: y\r\n", 0.02, head=b"HTTP/1.1 200 OK\r\n"), id="headers without end"),
        pytest.param(Endless(b"HTTP/1.1 100 Continue\r\n\r\n", 0.005, head=b""), id="promises without end"),
    ],
)
async def test_waiting_ends_in_time(act: Act) -> None:
    started = asyncio.get_running_loop().time()
    observation, place = await ask(act, seconds=0.5)
    words = (
        f"Prometheus at {place} did not answer within 0.5 s; check that it is up, and that the query is not too costly."
    )
    assert observation == SourceError(AT, Reason.SOURCE_UNREACHABLE, words)
    assert asyncio.get_running_loop().time() - started < 1.5


async def test_an_endless_answer_is_not_taken_in() -> None:
    flood = Endless(b" " * 65_536)
    observation, place = await ask(flood)
    words = f"Prometheus at {place} sent more than 1 MiB; aggregate the query, for example with max(...)."
    assert observation == SourceError(AT, Reason.SOURCE_REFUSED, words)
    assert flood.sent < 24 << 20, "what was sent beyond the first mebibyte is what fits into the kernel's buffers"


async def test_the_question_is_a_form_with_the_time_of_the_slot() -> None:
    async with loopback(vector("1")) as server, http_session() as session:
        await Prometheus(session, f"{server.address}/prefix/").ask('max(psi{model="churn"})', AT)
    [request] = server.seen
    assert request.line == "POST /prefix/api/v1/query HTTP/1.1"
    assert parse_qs(request.body.decode()) == {
        "query": ['max(psi{model="churn"})'],
        "time": ["1717236000.250"],
        "timeout": ["10s"],
        "limit": ["2"],
    }
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers.keys().isdisjoint({"cookie", "authorization"})


async def test_a_redirect_reaches_nobody() -> None:
    async with loopback(vector("1")) as elsewhere:
        for code in (301, 302, 303, 307, 308):
            observation, _ = await ask(reply(b"", code, {"Location": f"{elsewhere.address}/api/v1/query"}))
            assert isinstance(observation, SourceError)
        assert elsewhere.seen == []


async def test_proxies_and_cookies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback(hang) as proxy, loopback(reply({}, headers={"Set-Cookie": "a=b"}), vector("1")) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("ALL_PROXY", proxy.address)
        async with http_session(2) as session:
            # By name, since of an address in numbers no cookie is ever kept.
            source = Prometheus(session, server.address.replace("127.0.0.1", "localhost"))
            await source.ask("up", AT)
            assert await source.ask("up", AT) == Sample(AT, 1.0)
        assert proxy.seen == []
        assert "cookie" not in server.seen[1].headers


async def test_a_refused_connection_names_the_place_but_no_password() -> None:
    async with loopback(hang) as server:
        place = server.place
    async with http_session() as session:
        observation = await Prometheus(session, f"http://admin:{CANARY}@{place}").ask("up", AT)
    words = f"Prometheus at {place} refused the connection; check that it is up and listens there."
    assert observation == SourceError(AT, Reason.SOURCE_UNREACHABLE, words)


async def test_an_unknown_host_is_told() -> None:
    async with http_session() as session:
        observation = await Prometheus(session, "http://prometheus.invalid:9090").ask("up", AT)
    words = "Prometheus at prometheus.invalid:9090 has a host name that leads nowhere; check its address."
    assert observation == SourceError(AT, Reason.SOURCE_UNREACHABLE, words)


async def test_https_to_a_server_without_it_is_told() -> None:
    async def speak_first(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")(writer)

    async with await asyncio.start_server(speak_first, "127.0.0.1", 0) as server, http_session() as session:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        observation = await Prometheus(session, f"https://{place}").ask("up", AT)
    words = (
        f"Prometheus at {place} does not speak TLS as it should; check whether its address begins with http or https."
    )
    assert observation == SourceError(AT, Reason.SOURCE_UNREACHABLE, words)


@pytest.mark.parametrize("address", ["", "prometheus:9090", "file:///etc/passwd", "http://", "ftp://prometheus"])
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    async with http_session() as session:
        with pytest.raises(
            ValueError, match=r"^Prometheus' address must be an http or https URL, such as http://prometheus:9090\.$"
        ):
            Prometheus(session, address)
