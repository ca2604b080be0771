"""A source that means harm: it wastes time and memory, leads elsewhere, or repeats what it was trusted with."""

import asyncio
import gzip
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from retrain_operator.edges.credential import Part, basic, bearer
from retrain_operator.edges.prometheus import Prometheus, http_session
from retrain_operator.model.observation import Observation, SourceError
from retrain_operator.model.reason import Reason
from tests.edges.answers import AT, CANARY, DEEP, failure, vector
from tests.edges.loopback import Act, Endless, loopback, reply

MIB = 1 << 20
TOKEN = f"{CANARY}-{'0123456789' * 4}"
BEARER = bearer(Part(TOKEN.encode(), "token"), "renew it")
BASIC = basic(Part(b"churn", "username"), Part(TOKEN.encode(), "password"), "renew it")


def peak() -> int:
    """Most memory that this process held since it was forgotten, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


async def ask(act: Act, seconds: float = 10.0) -> Observation:
    async with loopback(act) as server, http_session(seconds) as session:
        return await Prometheus(session, server.address).ask("up", AT, BEARER)


CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n"


@pytest.mark.parametrize(
    ("act", "reason", "words"),
    [
        pytest.param(
            Endless(b" ", 0.02), Reason.SOURCE_UNREACHABLE, "did not answer within 1 s", id="a body drop by drop"
        ),
        pytest.param(
            Endless(b"1\r\n \r\n", 0.02, CHUNKED), Reason.SOURCE_UNREACHABLE, "did not answer", id="tiny chunks"
        ),
        pytest.param(Endless(b" " * 0x10000, head=LARGE), Reason.SOURCE_REFUSED, "sent more than 1 MiB", id="200 MB"),
        pytest.param(Endless(CHUNK, head=CHUNKED), Reason.SOURCE_REFUSED, "sent more than 1 MiB", id="endless chunks"),
        pytest.param(
            Endless(gzip.compress(bytes(20 * MIB)), head=GZIPPED),
            Reason.SOURCE_REFUSED,
            "sent a compressed",
            id="bombs",
        ),
        pytest.param(reply(DEEP), Reason.SOURCE_REFUSED, "sent what is not an answer", id="JSON a million levels deep"),
    ],
)
async def test_it_costs_little_time_and_memory(act: Act, reason: Reason, words: str) -> None:
    await ask(vector("1"))
    forget_peak()
    before, started = peak(), asyncio.get_running_loop().time()
    observation = await ask(act, seconds=1.0)
    assert asyncio.get_running_loop().time() - started < 3
    assert peak() - before < 20 * MIB
    assert isinstance(observation, SourceError)
    assert observation.reason is reason
    assert words in observation.message


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_takes_nothing_along(code: int) -> None:
    async with loopback(vector("1")) as elsewhere:
        observation = await ask(reply(b"", code, {"Location": f"{elsewhere.address}/api/v1/query"}))
        assert elsewhere.seen == []
    assert isinstance(observation, SourceError)
    assert f"redirects elsewhere (HTTP {code}), which is not followed" in observation.message


ECHOES: dict[str, Callable[[str], Act]] = {
    "a page": lambda secret: reply(f"<html>{secret}</html>".encode()),
    "a page to sign in": lambda secret: reply(f"<html>{secret}</html>".encode(), 401),
    "a reason phrase and a header": lambda secret: reply(b"", 500, {"X-Echo": secret}),
    "a warning": lambda secret: vector("1", warnings=[secret]),
    "a label": lambda secret: vector("1", "2", warnings=[secret]),
    "an error of evaluation": lambda secret: failure(422, secret, "execution"),
    "a syntax error": lambda secret: failure(400, f"1:1: parse error: unexpected {secret}"),
    "a syntax error, hidden in characters nobody sees": lambda secret: failure(
        400, "1:1: parse error: " + "\u200b".join(secret)
    ),
    "a syntax error, cut within the secret": lambda secret: failure(400, f"1:1: parse error: {'x' * 150}{secret}"),
}


@pytest.mark.parametrize("credential", [BEARER, BASIC], ids=["token", "password"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
async def test_what_it_was_trusted_with_is_not_repeated(echo: Callable[[str], Act], credential: Any) -> None:
    sent = credential.headers["Authorization"]
    for secret in (TOKEN, sent, sent.split()[1]):
        async with loopback(echo(secret)) as server, http_session() as session:
            observation = await Prometheus(session, server.address).ask("up", AT, credential)
            assert server.seen[0].headers["authorization"] == sent, "it was trusted"
        assert not any(part[:10] in repr(observation) for part in (TOKEN, sent.split()[1]))


class Rebinding(AbstractResolver):
    """A name server whose answers change."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
        ]

    async def close(self) -> None:
        pass


async def test_a_name_that_comes_to_lead_to_this_machine_is_not_followed() -> None:
    """The second answer of its name server is 127.0.0.1, where somebody waits."""
    async with loopback(vector("1")) as victim:
        port = victim.address.rpartition(":")[2]
        resolver = Rebinding("192.0.2.1", "127.0.0.1")
        async with http_session(0.2, loopback=False, resolver=resolver) as session:
            source = Prometheus(session, f"http://prometheus.shop:{port}", "the trigger's address")
            session.connector._use_dns_cache = False  # type: ignore[union-attr]  # the second answer is to come at once
            first, second = await source.ask("up", AT, BEARER), await source.ask("up", AT, BEARER)
        assert victim.seen == []
        assert victim.connected == 0
    assert isinstance(first, SourceError)
    assert first.reason is Reason.SOURCE_UNREACHABLE
    words = (
        f"Prometheus at prometheus.shop:{port} leads to an address that no policy may name (loopback, link-local, "
        "cloud metadata, or the like); check the trigger's address."
    )
    assert second == SourceError(AT, Reason.SOURCE_NOT_ALLOWED, words)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "::ffff:100.100.100.200", "0.0.0.0"])
async def test_no_name_leads_to_a_clouds_metadata_even_for_an_administrator(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[object] = []
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", lambda _, place: dialled.append(place))
    async with http_session(0.2, resolver=Rebinding(address)) as session:
        observation = await Prometheus(session, "http://prometheus.shop:9090").ask("up", AT)
    assert dialled == []
    words = (
        "Prometheus at prometheus.shop:9090 leads to an address that is never asked (link-local, cloud metadata, "
        "multicast or unspecified); check its address."
    )
    assert observation == SourceError(AT, Reason.SOURCE_NOT_ALLOWED, words)


async def test_a_name_with_one_good_address_is_asked_there() -> None:
    class Both(Rebinding):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            return [*await super().resolve(host, port, family), *await super().resolve(host, port, family)]

    async with loopback(vector("1")) as server:
        port = server.address.rpartition(":")[2]
        async with http_session(2, resolver=Both("169.254.169.254", "127.0.0.1")) as session:
            observation = await Prometheus(session, f"http://prometheus.shop:{port}").ask("up", AT)
    assert not isinstance(observation, SourceError)
