"""What a Prometheus recorded: a query, asked for many moments of the past at once, for whoever replays a policy.

A person at a terminal asks, so what Prometheus says against a query is quoted, as one plain line.
"""

import errno
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import aiohttp
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from yarl import URL

from retrain_operator.edges.answer import Failure
from retrain_operator.model.plain import plain

MOST_POINTS = 10_000
"""Moments that one request asks for. Prometheus refuses more than 11,000."""
MOST_BYTES = 16 << 20
"""Of one answer. One series of 10,000 points takes less than half a mebibyte."""
TIMEOUT = 120.0
"""Seconds for one request, as many as Prometheus gives a query by default."""

_AGGREGATE = "aggregate the query to one series, for example with max(...)"
_CREDENTIAL = "pass its credential with --header 'Authorization: Bearer ...'"
_REFUSALS = {
    401: f"refused access (HTTP 401); {_CREDENTIAL}",
    403: f"refused access (HTTP 403); {_CREDENTIAL}",
    404: "has no query API at that address (HTTP 404); check the path",
    429: "is asked too often (HTTP 429); try again later",
}


class RecordingError(Exception):
    """Why there are no values, and what to do, in a sentence."""


@dataclass(frozen=True, slots=True)
class Window:
    """Moments of the past: `count` of them, `step` apart, from `start` on."""

    start: datetime
    step: timedelta
    count: int

    def pieces(self) -> Iterator["Window"]:
        """The same moments, as windows that one request can ask for."""
        for first in range(0, self.count, MOST_POINTS):
            yield Window(self.start + first * self.step, self.step, min(MOST_POINTS, self.count - first))

    def moments(self) -> list[datetime]:
        """All of them."""
        return [self.start + number * self.step for number in range(self.count)]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value for each moment of a window; None where there was no finite number or more than one."""

    values: Sequence[float | None]
    several: int
    """At how many moments there was more than one."""


class _Series(BaseModel):
    values: tuple[tuple[float, str], ...] = ()
    histograms: tuple[Any, ...] = ()


class _Matrix(BaseModel):
    type: Literal["matrix"] = Field(alias="resultType")
    result: tuple[_Series, ...]


class _Success(BaseModel):
    status: Literal["success"]
    data: _Matrix
    warnings: tuple[str, ...] = ()
    partial: bool = Field(default=False, alias="isPartial")


_ANSWER: TypeAdapter[_Success | Failure] = TypeAdapter(Annotated[_Success | Failure, Field(discriminator="status")])


class Archive:
    """One Prometheus, asked for its past."""

    def __init__(self, session: aiohttp.ClientSession, address: str, headers: Mapping[str, str]) -> None:
        """`address` is where its pages begin, such as http://prometheus.monitoring:9090. RecordingError if no URL."""
        url = _url(address)
        self._session, self._headers = session, headers
        self._url = url / "api/v1/query_range"
        self._name = f"Prometheus at {url.host_subcomponent}:{url.port}"

    async def ask(self, query: str, window: Window) -> Recorded:
        """What the query gave at each moment of a window of at most 10,000. Raises RecordingError."""
        last = window.start + (window.count - 1) * window.step
        form = {
            "query": query,
            "start": f"{window.start.timestamp():.3f}",
            "end": f"{last.timestamp():.3f}",
            "step": f"{window.step.total_seconds():.3f}",
        }
        request = self._session.post(self._url, data=form, headers=self._headers, allow_redirects=False)
        try:
            async with request as response:
                return _recorded(_judged(response.status, await _body(response)), window)
        except _RefusalError as refusal:
            raise RecordingError(f"{self._name} {refusal}.") from None
        except TimeoutError:
            seconds = self._session.timeout.total
            words = f"did not answer within {seconds:g} s; try a shorter time, or a query that is less costly"
            raise RecordingError(f"{self._name} {words}.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise RecordingError(f"{self._name} {_why(error)}.") from None


class _RefusalError(Exception):
    """What Prometheus did instead of giving values, in the words that follow its name."""


def _url(address: str) -> URL:
    try:
        url = URL(address)
        if url.scheme in ("http", "https") and url.host:
            return url
    except ValueError:
        pass
    raise RecordingError(f"{plain(address, 200)!r} is no http or https URL such as http://127.0.0.1:9090.")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    if 300 <= response.status < 400:
        raise _RefusalError(f"redirects elsewhere (HTTP {response.status}), which is not followed; name where it leads")
    if refused := _REFUSALS.get(response.status):
        raise _RefusalError(refused)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _RefusalError(f"sent more than {MOST_BYTES >> 20} MiB; {_AGGREGATE}")
    return bytes(body)


def _judged(code: int, body: bytes) -> _Matrix:
    try:
        answer = _ANSWER.validate_json(body)
    except ValidationError:
        raise _RefusalError(f"sent what is not an answer of Prometheus (HTTP {code}); check the address") from None
    match answer:
        case Failure(error=error):
            said = plain(error, 500).rstrip(".") or "it does not say why"
            raise _RefusalError(f"does not answer the query (HTTP {code}): {said}")
        case _Success(partial=True):
            raise _RefusalError("gave only a part of the answer; look at its log")
        case _Success(warnings=warnings):
            # Those that begin with PromQL are about the query, not about the answer.
            if said := next((warning for warning in warnings if not warning.startswith("PromQL")), ""):
                raise _RefusalError(f"gave only a part of the answer: {plain(said, 500).rstrip('.')}")
            return answer.data


def _recorded(matrix: _Matrix, window: Window) -> Recorded:
    """All series laid over each other: the labels of one may change on the way without two being there at once."""
    start, step = window.start.timestamp(), window.step.total_seconds()
    values: list[float | None] = [None] * window.count
    seen = bytearray(window.count)
    for series in matrix.result:
        if series.histograms:
            raise _RefusalError(
                "gave a histogram, not a number; take a number of it, for example with histogram_quantile"
            )
        for at, text in series.values:
            moment = round((at - start) / step)
            if not 0 <= moment < window.count:
                raise _RefusalError("answered for another time than it was asked for; check the address")
            seen[moment] = min(seen[moment] + 1, 2)
            values[moment] = _number(text)
    several = seen.count(2)
    if several and several == window.count - seen.count(0):
        raise _RefusalError(f"gave several series; {_AGGREGATE}")
    return Recorded([None if seen[n] == 2 else value for n, value in enumerate(values)], several)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        raise _RefusalError("gave a value that is no number; check the address") from None
    return value if math.isfinite(value) else None


def _why(error: aiohttp.ClientError | OSError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "has a host name that leads nowhere; check the address"
        case aiohttp.ClientSSLError():
            return "cannot be trusted: TLS failed; name the authority's file in SSL_CERT_FILE, or check http or https"
        case OSError(errno=errno.ECONNREFUSED):
            return "refused the connection; check the address, and that kubectl port-forward still runs if it is one"
        case aiohttp.ClientConnectorError():
            return "could not be reached; check the address and the way to it"
        case OSError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "broke the connection off; check that it is up, or try a shorter time"
        case _:
            return "sent what is not HTTP; check the address"
