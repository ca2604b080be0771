"""How the API server's faults come through, from a loopback server that has them on command."""

import asyncio
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from retrain_operator.edges import kube as kube_module
from retrain_operator.edges.kube import Kube
from retrain_operator.edges.refusal import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    Throttled,
    TimedOut,
    Unavailable,
)
from retrain_operator.edges.request import JOBS
from retrain_operator.model.access import Right
from tests.edges.loopback import Act, hang, raw, reply, reset
from tests.edges.scripted import OBJECT, RUNNER, kube_and, status


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_module, "RETRY_PAUSES", (0.001, 0.001))


THE_JOB = 'jobs.batch "churn" in namespace shop'
ERRORS = [
    pytest.param(
        status(404, "NotFound", name="churn", kind="jobs"), NotFound, f"There is no {THE_JOB}.", id="no such object"
    ),
    pytest.param(
        raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n"),
        NotFound,
        "The API server does not serve jobs of batch/v1; install what defines them.",
        id="no such kind",
    ),
    pytest.param(
        status(409, "Conflict"), Conflict, f"Since it was read, {THE_JOB} has changed; look again.", id="a conflict"
    ),
    pytest.param(status(409, "AlreadyExists"), AlreadyExists, f"There already is {THE_JOB}.", id="the name is taken"),
    pytest.param(
        status(403, "Forbidden"), Forbidden, f"The API server forbids the operator to patch {THE_JOB}.", id="forbidden"
    ),
    *(
        pytest.param(
            status(code),
            Invalid,
            f"The API server does not accept the request to patch {THE_JOB} (HTTP {code}).",
            id=f"HTTP {code}",
        )
        for code in (400, 413, 415, 422)
    ),
    pytest.param(
        status(401),
        Unavailable,
        f"Asked to patch {THE_JOB}, the API server does not accept the operator's credentials (HTTP 401); renew its "
        "token or kubeconfig.",
        id="not logged in",
    ),
    pytest.param(
        status(429, headers={"Retry-After": "7"}),
        Throttled,
        f"The API server is busy: patch {THE_JOB} again in 7 s.",
        id="throttled",
    ),
    *(
        pytest.param(
            reply(b"<html>", code),
            Unavailable,
            f"Asked to patch {THE_JOB}, the API server failed (HTTP {code}); ask again.",
            id=f"HTTP {code}",
        )
        for code in (500, 502, 503, 504)
    ),
    pytest.param(
        reset,
        Unavailable,
        f"The API server could not be reached to patch {THE_JOB} (ServerDisconnectedError); ask again.",
        id="a reset",
    ),
    *(
        pytest.param(
            reply(body),
            Unavailable,
            f"Asked to patch {THE_JOB}, the API server gave no JSON object; is a proxy in between?",
            id=told,
        )
        for told, body in {"HTML": b"<html>", "a list": b"[]", "nothing": b"", "deep JSON": b"[" * 100_000}.items()
    ),
]


@pytest.mark.parametrize(("act", "kind", "message"), ERRORS)
async def test_a_write_is_sent_once_and_its_failure_named(act: Act, kind: type[KubeError], message: str) -> None:
    async with kube_and(act) as (kube, server):
        with pytest.raises(kind) as caught:
            await kube.patch(JOBS, "shop", "churn", {})
        assert type(caught.value) is kind
        assert (caught.value.message, str(caught.value)) == (message, message)
        assert caught.value.request.right == Right("patch", "batch", "jobs", "churn")
        assert len(server.seen) == 1


async def test_a_missing_namespace_is_named() -> None:
    async with kube_and(status(404, "NotFound", kind="namespaces", name="shop")) as (kube, _):
        with pytest.raises(NotFound, match=r"^There is no namespace shop; create it before you create jobs in it\.$"):
            await kube.create(JOBS, "shop", OBJECT)


@pytest.mark.parametrize(
    ("headers", "details", "wait"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({}, {"retryAfterSeconds": 4}, 4.0),
        ({}, {}, 1.0),
        ({"Retry-After": "999999999"}, {}, 300.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 1.0),
        ({"Retry-After": "-1"}, {}, 1.0),
    ],
)
async def test_patience_has_a_measure(headers: dict[str, str], details: dict[str, Any], wait: float) -> None:
    async with kube_and(status(429, headers=headers, **details)) as (kube, server):
        with pytest.raises(Throttled) as caught:
            await kube.get(JOBS, "shop", "churn")
        assert caught.value.retry_after == wait
        assert len(server.seen) == 1, "what asks for patience is not asked again at once"


@pytest.mark.parametrize("fault", [status(503), reset, reply(b"", 500)], ids=["503", "reset", "500"])
async def test_a_read_is_tried_three_times(fault: Act) -> None:
    async with kube_and(fault, fault, reply(OBJECT)) as (kube, server):
        assert await kube.get(JOBS, "shop", "churn") == OBJECT
    async with kube_and(status(503)) as (kube, server):
        with pytest.raises(Unavailable, match=r"the API server failed \(HTTP 503\); ask again\.$"):
            await kube.list(JOBS, "shop")
        assert len(server.seen) == 3


async def test_waiting_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (kube_module.READ_TIMEOUT, kube_module.WRITE_TIMEOUT) == (10.0, 5.0)
    monkeypatch.setattr(kube_module, "READ_TIMEOUT", 0.4)
    monkeypatch.setattr(kube_module, "WRITE_TIMEOUT", 0.2)
    started = asyncio.get_running_loop().time()
    async with kube_and(hang) as (kube, server):
        with pytest.raises(TimedOut, match=r"did not answer within 0\.4 s when asked to get jobs\.batch"):
            await kube.get(JOBS, "shop", "churn")
        with pytest.raises(TimedOut, match=r"did not answer within 0\.2 s when asked to create jobs\.batch"):
            await kube.create(JOBS, "shop", OBJECT)
        assert len(server.seen) == 2, "a wait in vain is not repeated"
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_slow_body_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_module, "READ_TIMEOUT", 0.3)

    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":')
        await hang(writer)

    async with kube_and(half) as (kube, _):
        with pytest.raises(TimedOut):
            await kube.get(JOBS, "shop", "churn")


async def test_a_refused_connection_is_unavailable() -> None:
    async with kube_and(hang) as (kube, server):
        pass
    kube = Kube(ApiClient(Configuration(host=server.address)))
    with pytest.raises(Unavailable, match=r"could not be reached to get jobs\.batch .*\(ClientConnectorError\)"):
        await kube.get(JOBS, "shop", "churn")
    await kube.close()


async def test_what_a_refusal_carries_is_clean_and_bounded() -> None:
    told = "admission webhook \x1b[31m denied\nthe request: " + "x" * 9000
    causes = [{"reason": "FieldValueInvalid", "message": "no\u202e", "field": "spec.a"}, {"message": "y" * 9000}]
    act = status(403, "Forbidden", told, kind="jobs", group="batch", name="churn", causes=causes)
    async with kube_and(act) as (kube, _):
        with pytest.raises(Forbidden) as caught:
            await kube.create(JOBS, "shop", OBJECT, account=RUNNER)
    error = caught.value
    assert error.message == f"The API server forbids {RUNNER} to create {THE_JOB}."
    assert error.detail == "admission webhook [31m denied the request: " + "x" * 468 + "…"
    assert (error.kind, error.group, error.name) == ("jobs", "batch", "churn")
    first, second = error.causes
    assert (first.reason, first.message, first.field) == ("FieldValueInvalid", "no", "spec.a")
    assert len(second.message) == 512


@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b'{"kind":"Status","details":5}', b"\xff", b"[" * 10_000])
async def test_a_refusal_that_is_no_status_is_not_quoted(body: bytes) -> None:
    async with kube_and(reply(body, 403)) as (kube, _):
        with pytest.raises(Forbidden) as caught:
            await kube.get(JOBS, "shop", "churn")
    assert (caught.value.detail, caught.value.kind, caught.value.causes) == ("", "", ())
