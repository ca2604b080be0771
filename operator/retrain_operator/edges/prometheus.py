"""Prometheus over HTTP: a query, asked for one moment, becomes an observation.

Whoever is at the other end and whatever they do (nothing, too much, nonsense), the outcome is a value within ten
seconds and one mebibyte, and its message says what happened, where, and what to do.
"""

import errno
from datetime import datetime

import aiohttp
from yarl import URL

from retrain_operator.edges.answer import Failure, Success, observe, parse
from retrain_operator.model.observation import Observation, SourceError
from retrain_operator.model.reason import Reason

TIMEOUT = 10.0
"""Seconds for one question, from connecting to the last byte of the answer."""
MOST_BYTES = 1 << 20

_REFUSALS = {
    401: "refused access (HTTP 401); the operator sends no credentials of its own, so let it in by the network",
    403: "refused access (HTTP 403); the operator sends no credentials of its own, so let it in by the network",
    404: "has no query API at that address (HTTP 404); check the path in the operator's configuration",
    429: "is asked too often (HTTP 429); it is asked again at the next check",
    503: "is too busy or not ready (HTTP 503); it is asked again at the next check",
}


def http_session(seconds: float = TIMEOUT) -> aiohttp.ClientSession:
    """A session for Prometheus, to be closed by the caller: no proxy or password of the environment, no cookies."""
    return aiohttp.ClientSession(
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "retrain-operator"},
        timeout=aiohttp.ClientTimeout(total=seconds),
        trust_env=False,
    )


class Prometheus:
    """One Prometheus, or whatever speaks its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        """`address` is where its pages begin, such as http://prometheus.monitoring:9090. ValueError if it is no URL."""
        url = URL(address)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("Prometheus' address must be an http or https URL, such as http://prometheus:9090.")
        self._session = session
        self._url = url / "api/v1/query"
        self._name = f"Prometheus at {url.host_subcomponent}:{url.port}"

    async def ask(self, query: str, at: datetime) -> Observation:
        """What the query gave at that time. Never raises for anything that the other end does."""
        # Two series tell "several" as well as two million; sources that do not know the limit run into ours.
        form = {"query": query, "time": f"{at.timestamp():.3f}", "timeout": f"{TIMEOUT:g}s", "limit": "2"}
        try:
            async with self._session.post(self._url, data=form, allow_redirects=False) as response:
                return await self._observe(response, at)
        except TimeoutError:
            seconds = self._session.timeout.total
            words = f"did not answer within {seconds:g} s; check that it is up, and that the query is not too costly"
            return self._error(at, Reason.SOURCE_UNREACHABLE, words)
        except (aiohttp.ClientError, OSError) as error:
            return self._error(at, *_why(error))

    async def _observe(self, response: aiohttp.ClientResponse, at: datetime) -> Observation:
        refused = _REFUSALS.get(response.status)
        if 300 <= response.status < 400:
            refused = f"redirects elsewhere (HTTP {response.status}), which is not followed; configure where it leads"
        if response.headers.get("Content-Encoding", "identity") != "identity":
            refused = "sent a compressed answer, though asked not to; look for a proxy in between"
        if refused:
            return self._error(at, Reason.SOURCE_REFUSED, refused)
        body = await _bounded(response)
        if body is None:
            words = f"sent more than {MOST_BYTES >> 20} MiB; aggregate the query, for example with max(...)"
            return self._error(at, Reason.SOURCE_REFUSED, words)
        return self._judge(response.status, body, at)

    def _judge(self, code: int, body: bytes, at: datetime) -> Observation:
        match code, parse(body):
            case 200, Success() as answer:
                return observe(answer, at, self._name)
            case ((400 | 422), Failure(syntax_error=where)):
                words = f"does not accept the query: {where}"
                if not where:
                    words = f"cannot evaluate the query (HTTP {code}); try it on its web page, which says why"
                return self._error(at, Reason.QUERY_INVALID, words)
            case 200 | 400 | 422, _:
                words = f"sent what is not an answer of Prometheus (HTTP {code}); check the address"
            case _:
                words = f"failed (HTTP {code}); look at its log"
        return self._error(at, Reason.SOURCE_REFUSED, words)

    def _error(self, at: datetime, reason: Reason, words: str) -> SourceError:
        return SourceError(at, reason, f"{self._name} {words}.")


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _why(error: aiohttp.ClientError | OSError) -> tuple[Reason, str]:
    """Why there is no answer. The exception's own text is not used: it may hold what the other end sent."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            words = "has a host name that leads nowhere; check its address in the operator's configuration"
        case aiohttp.ClientSSLError():
            words = "cannot be trusted: TLS failed; check its certificate, and whether its address is http or https"
        case OSError(errno=errno.ECONNREFUSED):
            words = "refused the connection; check that it is up and listens there"
        case aiohttp.ClientConnectorError():
            words = "could not be reached; check that it is up and that no network policy is in between"
        case OSError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            words = "broke the connection off; check that it is up"
        case _:
            return Reason.SOURCE_REFUSED, "sent what is not HTTP; check the address"
    return Reason.SOURCE_UNREACHABLE, words
