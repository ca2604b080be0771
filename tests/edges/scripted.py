"""A Kube that talks with a loopback server, and the answers of an API server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kubernetes.aio.client import ApiClient, Configuration

from retrain_operator.edges.kube import Kube
from retrain_operator.model.access import Account
from tests.edges.loopback import Act, Loopback, loopback, reply

RUNNER = Account("shop", "retrain-runner")
OBJECT = {"metadata": {"name": "churn", "uid": "u1"}}


@asynccontextmanager
async def kube_and(*script: Act) -> AsyncIterator[tuple[Kube, Loopback]]:
    async with loopback(*script) as server:
        kube = Kube(ApiClient(Configuration(host=server.address)))
        try:
            yield kube, server
        finally:
            await kube.close()


def status(
    code: int, reason: str = "", message: str = "", headers: dict[str, str] | None = None, **details: Any
) -> Act:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "reason": reason,
        "message": message,
        "details": details,
        "code": code,
    }
    return reply(body, code, headers)
