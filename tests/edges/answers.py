"""What may come back from an address where a Prometheus should be, and what is made of it. `{}` is the place."""

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest

from retrain_operator.model.reason import Reason
from tests.edges.loopback import Act, raw, reply, reset

AT = datetime(2024, 6, 1, 10, 0, 0, 250_000, tzinfo=UTC)
CANARY = "canary-7f3a"
"""Stands in bodies and never in a message."""


def vector(*values: str, **extra: Any) -> Act:
    series = [{"metric": {"pod": CANARY}, "value": [1717236000.25, value]} for value in values]
    return reply({"status": "success", "data": {"resultType": "vector", "result": series}, **extra})


def data(kind: str, result: object) -> Act:
    return reply({"status": "success", "data": {"resultType": kind, "result": result}})


def failure(code: int, error: str, kind: str = "bad_data") -> Act:
    return reply({"status": "error", "errorType": kind, "error": error}, status=code)


NOT_PROMETHEUS = "Prometheus at {} sent what is not an answer of Prometheus (HTTP 200); check its address."
NOT_A_NUMBER = (
    "The query returned a {} from Prometheus at {{}}, not a number; aggregate it to one, for example with max(...)."
)
NOT_HTTP = "Prometheus at {} sent what is not HTTP; check its address."
BROKEN = "Prometheus at {} broke the connection off; check that it is up."
DEEP = b'{"status":"success","data":' + b"[" * 1_000_000
BOMB = gzip.compress(bytes(20 << 20))
HTML = f"<html><body>Sign in, {CANARY}</body></html>".encode()

ERRORS = [
    pytest.param(
        failure(400, 'invalid parameter "query": 1:5: parse error: unexpected end of input'),
        Reason.QUERY_INVALID,
        "Prometheus at {} does not accept the query: 1:5: parse error: unexpected end of input.",
        id="a syntax error tells its place",
    ),
    pytest.param(
        failure(400, "1:1: parse error: \x1b[31mred\u202e\nand more"),
        Reason.QUERY_INVALID,
        "Prometheus at {} does not accept the query: 1:1: parse error: [31mred and more.",
        id="a syntax error is cleaned of control characters",
    ),
    pytest.param(
        failure(400, "1:1: parse error: " + "x" * 5000),
        Reason.QUERY_INVALID,
        "Prometheus at {} does not accept the query: 1:1: parse error: " + "x" * 181 + "….",
        id="a syntax error is cut",
    ),
    pytest.param(
        failure(422, f"many-to-many matching, token {CANARY}", "execution"),
        Reason.QUERY_INVALID,
        "Prometheus at {} cannot evaluate the query (HTTP 422); try it on its web page, which says why.",
        id="an error of evaluation is not quoted",
    ),
    pytest.param(data("matrix", []), Reason.QUERY_INVALID, NOT_A_NUMBER.format("matrix"), id="a matrix"),
    pytest.param(data("string", [1, CANARY]), Reason.QUERY_INVALID, NOT_A_NUMBER.format("string"), id="a string"),
    pytest.param(
        data("vector", [{"metric": {}, "histogram": [1, {"count": "3"}]}]),
        Reason.QUERY_INVALID,
        NOT_A_NUMBER.format("histogram"),
        id="a native histogram",
    ),
    pytest.param(
        reply(b"", 302, {"Location": "http://169.254.169.254/"}),
        Reason.SOURCE_REFUSED,
        "Prometheus at {} redirects elsewhere (HTTP 302), which is not followed; configure where it leads.",
        id="a redirect",
    ),
    *(
        pytest.param(
            reply(HTML, code),
            Reason.SOURCE_UNAUTHORIZED,
            f"Prometheus at {{}} refused access (HTTP {code}); let the operator in by the network.",
            id=f"HTTP {code}",
        )
        for code in (401, 403)
    ),
    pytest.param(
        reply(b"404 page not found", 404),
        Reason.SOURCE_REFUSED,
        "Prometheus at {} has no query API at that address (HTTP 404); check its address.",
        id="another server's 404",
    ),
    pytest.param(
        reply(HTML, 429),
        Reason.SOURCE_REFUSED,
        "Prometheus at {} is asked too often (HTTP 429); it is asked again at a later check.",
        id="HTTP 429",
    ),
    pytest.param(
        failure(503, "query timed out", "timeout"),
        Reason.SOURCE_REFUSED,
        "Prometheus at {} is too busy or not ready (HTTP 503); it is asked again at a later check.",
        id="HTTP 503",
    ),
    pytest.param(
        reply(HTML, 500), Reason.SOURCE_REFUSED, "Prometheus at {} failed (HTTP 500); look at its log.", id="HTTP 500"
    ),
    pytest.param(
        reply(b"Client sent an HTTP request to an HTTPS server.\n", 400),
        Reason.SOURCE_REFUSED,
        NOT_PROMETHEUS.replace("200", "400"),
        id="HTTP 400 from something else blames the address, not the query",
    ),
    pytest.param(
        reply(BOMB, headers={"Content-Encoding": "gzip"}),
        Reason.SOURCE_REFUSED,
        "Prometheus at {} sent a compressed answer, though asked not to; look for a proxy in between.",
        id="a compressed answer is not even read",
    ),
    pytest.param(
        raw(gzip.compress(b"HTTP/1.1 200 OK\r\n\r\n")),
        Reason.SOURCE_REFUSED,
        NOT_HTTP,
        id="compressed from its first byte",
    ),
    pytest.param(
        reply(b"x" * ((1 << 20) + 1)),
        Reason.SOURCE_REFUSED,
        "Prometheus at {} sent more than 1 MiB; aggregate the query, for example with max(...).",
        id="one byte too many",
    ),
    pytest.param(raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Reason.SOURCE_REFUSED, NOT_HTTP, id="another protocol"),
    pytest.param(
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), Reason.SOURCE_REFUSED, NOT_HTTP, id="a negative length"
    ),
    pytest.param(
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
        Reason.SOURCE_REFUSED,
        NOT_HTTP,
        id="a huge header",
    ),
    pytest.param(
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Reason.SOURCE_REFUSED,
        NOT_HTTP,
        id="a chunk without a length",
    ),
    pytest.param(
        raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":'), Reason.SOURCE_UNREACHABLE, BROKEN, id="cut"
    ),
    pytest.param(reset, Reason.SOURCE_UNREACHABLE, BROKEN, id="no answer but a reset"),
    *(
        pytest.param(reply(body), Reason.SOURCE_REFUSED, NOT_PROMETHEUS, id=told)
        for told, body in {
            "nothing": b"",
            "HTML": HTML,
            "not UTF-8": b"\xff\xfe\x00",
            "a list": b"[]",
            "JSON a million levels deep": DEEP,
            "cut JSON": b'{"status":"success","data":{"resultType":"vec',
            "an error with status 200": b'{"status":"error","errorType":"bad_data","error":"1:1: parse error: x"}',
            "no data": b'{"status":"success"}',
            "an unknown type": b'{"status":"success","data":{"resultType":"tensor","result":[]}}',
            "a bare number": b'{"status":"success","data":{"resultType":"scalar","result":[1,0.5]}}',
            "a null": b'{"status":"success","data":{"resultType":"scalar","result":[1,null]}}',
            "no value": b'{"status":"success","data":{"resultType":"vector","result":[{"value":[1]}]}}',
            "words for a number": b'{"status":"success","data":{"resultType":"scalar","result":[1,"0_1 "]}}',
        }.items()
    ),
]
