"""Prometheus over HTTP: a query, asked for one moment, becomes an observation.

Whoever is at the other end and whatever they do (nothing, too much, nonsense), the outcome is a value within ten
seconds and one mebibyte, and its message says what happened, where, and what to do.
"""

import errno
import ssl
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from retrain_operator.edges.answer import Failure, Success, observe, parse
from retrain_operator.edges.credential import Credential
from retrain_operator.edges.dial import ForbiddenPlaceError, guard
from retrain_operator.model.observation import Observation, SourceError
from retrain_operator.model.reason import Reason

TIMEOUT = 10.0
"""Seconds for one question, from connecting to the last byte of the answer."""
MOST_BYTES = 1 << 20
NOBODY = Credential()
"""What is carried by a request without a credential."""

_NOT_VOUCHED_FOR = (
    "shows a certificate of an authority that is not trusted; give the authority's, as tls.caFile of a source or "
    "ca.crt of a Secret"
)
_NOT_VALID_NOW = "shows a certificate that is not valid now; renew it, or set the clock"
_NOT_FOR_IT = "shows a certificate for another name; ask it by a name that the certificate is for"
# By OpenSSL's X509_V_ERR_..., see X509_STORE_CTX_get_error(3).
_DISTRUST = {9: _NOT_VALID_NOW, 10: _NOT_VALID_NOW, 62: _NOT_FOR_IT, 64: _NOT_FOR_IT}


def http_session(
    seconds: float = TIMEOUT, *, loopback: bool = True, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """A session for Prometheus, to be closed by the caller: no proxy or password of the environment, no cookies.

    It leads to no address that `dial` forbids; to the machine itself only with `loopback`.
    """
    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=aiohttp.TCPConnector(socket_factory=guard(loopback=loopback), resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "retrain-operator"},
        timeout=aiohttp.ClientTimeout(total=seconds),
        trust_env=False,
    )


class Prometheus:
    """One Prometheus, or whatever speaks its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, address: str, where: str = "its address") -> None:
        """`address` is where its pages begin, such as http://prometheus.monitoring:9090. ValueError if it is no URL.

        `where` is what messages call the place in which the address can be mended.
        """
        url = URL(address)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("Prometheus' address must be an http or https URL, such as http://prometheus:9090.")
        self._session = session
        self._url = url / "api/v1/query"
        self._name = f"Prometheus at {url.host_subcomponent}:{url.port}"
        self._where = where

    async def ask(self, query: str, at: datetime, credential: Credential = NOBODY) -> Observation:
        """What the query gave at that time. Never raises for anything that the other end does."""
        try:
            told = await self._told(query, at, credential)
        except TimeoutError:
            seconds = self._session.timeout.total
            words = f"did not answer within {seconds:g} s; check that it is up, and that the query is not too costly"
            told = _Refusal(Reason.SOURCE_UNREACHABLE, words, down=True)
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            told = _why(error, self._where, credential.remedy, https=self._url.scheme == "https")
        if isinstance(told, _Refusal):
            return SourceError(at, told.reason, f"{self._name} {told.words}.", told.down)
        return told

    async def _told(self, query: str, at: datetime, credential: Credential) -> "Observation | _Refusal":
        # Two series tell "several" as well as two million; sources that do not know the limit run into ours.
        form = {"query": query, "time": f"{at.timestamp():.3f}", "timeout": f"{TIMEOUT:g}s", "limit": "2"}
        headers, tls = credential.headers, credential.tls or True
        async with self._session.post(
            self._url, data=form, headers=headers, ssl=tls, allow_redirects=False
        ) as response:
            if refusal := _refusal(response, self._where, credential.remedy):
                return refusal
            body = await _bounded(response)
        if body is None:
            words = f"sent more than {MOST_BYTES >> 20} MiB; aggregate the query, for example with max(...)"
            return _Refusal(Reason.SOURCE_REFUSED, words)
        match response.status, parse(body):
            case 200, Success() as answer:
                return observe(answer, at, self._name)
            case ((400 | 422), Failure() as failure):
                return _mistake(response.status, failure, credential)
            case _:
                words = f"sent what is not an answer of Prometheus (HTTP {response.status}); check {self._where}"
                return _Refusal(Reason.SOURCE_REFUSED, words)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why there is no number, in the words that follow the source's name; `down` as in SourceError."""

    reason: Reason
    words: str
    down: bool = False


def _refusal(response: aiohttp.ClientResponse, where: str, remedy: str) -> _Refusal | None:
    """What is wrong before any of the body is read."""
    code = response.status
    match code:
        case 401 | 403:
            return _Refusal(Reason.SOURCE_UNAUTHORIZED, f"refused access (HTTP {code}); {remedy}", down=True)
        case 404:
            words = f"has no query API at that address (HTTP 404); check {where}"
        case 429:
            words = "is asked too often (HTTP 429); it is asked again at a later check"
        case 503:
            words = "is too busy or not ready (HTTP 503); it is asked again at a later check"
        case _ if 300 <= code < 400:
            words = f"redirects elsewhere (HTTP {code}), which is not followed; configure where it leads"
        case _ if response.headers.get("Content-Encoding", "identity") != "identity":
            words = "sent a compressed answer, though asked not to; look for a proxy in between"
        case 200 | 400 | 422:
            return None
        case _:
            words = f"failed (HTTP {code}); look at its log"
    return _Refusal(Reason.SOURCE_REFUSED, words, down=code == 429 or code >= 500)


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _mistake(code: int, failure: Failure, credential: Credential) -> _Refusal:
    """What is wrong with the query. Only where its syntax is wrong is quoted, and never what holds a secret."""
    words = f"cannot evaluate the query (HTTP {code}); try it on its web page, which says why"
    if failure.syntax_error and not credential.shows_in(failure.error):
        words = f"does not accept the query: {failure.syntax_error}"
    return _Refusal(Reason.QUERY_INVALID, words)


def _why(error: aiohttp.ClientError | OSError | UnicodeError, where: str, remedy: str, *, https: bool) -> _Refusal:
    """Why there is no answer. The exception's own text is not used: it may hold what the other end sent."""
    match error:
        case aiohttp.ClientConnectorDNSError() | aiohttp.InvalidURL() | UnicodeError():
            words = f"has a host name that leads nowhere; check {where}"
        case aiohttp.ClientConnectorError(os_error=ForbiddenPlaceError() as forbidden):
            return _Refusal(Reason.SOURCE_NOT_ALLOWED, f"{forbidden}; check {where}")
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError(verify_code=code)):
            words = _DISTRUST.get(code, _NOT_VOUCHED_FOR)
        case _ if _wants_another_certificate(error.__cause__):
            words = f"asks for a client certificate, or does not accept the one that it was shown; {remedy}"
            return _Refusal(Reason.SOURCE_UNAUTHORIZED, words, down=True)
        case aiohttp.ClientSSLError():
            words = f"does not speak TLS as it should; check whether {where} begins with http or https"
        case OSError(errno=errno.ECONNREFUSED):
            words = "refused the connection; check that it is up and listens there"
        case aiohttp.ClientConnectorError():
            words = "could not be reached; check that it is up and that no network policy is in between"
        case OSError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            words = "broke the connection off; check that it is up"
            if https:
                words += ", and whether it asks for a client certificate"
        case _:
            return _Refusal(Reason.SOURCE_REFUSED, f"sent what is not HTTP; check {where}")
    return _Refusal(Reason.SOURCE_UNREACHABLE, words, down=True)


def _wants_another_certificate(cause: BaseException | None) -> bool:
    """Whether the other end ended the TLS handshake for want of a client certificate that it trusts."""
    reason = (cause.reason or "") if isinstance(cause, ssl.SSLError) else ""
    return "ALERT" in reason and any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE"))
