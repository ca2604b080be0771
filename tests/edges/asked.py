"""Sources as the operator asks them, with a loopback server for the default and for an address that is allowed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from retrain_operator.edges.configuration import Configuration
from retrain_operator.edges.prometheus import http_session
from retrain_operator.edges.sources import Sources
from retrain_operator.model.observation import Observation
from retrain_operator.model.trigger import Query
from tests.builders import T0, a_policy
from tests.edges.loopback import Act, Loopback, loopback
from tests.edges.scripted import kube_and, status

CHURN = a_policy().policy
NO_SECRET = status(404, "NotFound", name="prom")


class Asked:
    """A configured source called default, an allowed address, both the same server; and a clock."""

    def __init__(self, server: Loopback, sources: Sources, api: Loopback) -> None:
        self.server, self.sources, self.api = server, sources, api
        self.now = T0

    async def ask(self, query: str = "up", *, namespace: str = "shop", **parts: Any) -> Observation:
        policy = replace(CHURN, namespace=namespace)
        asked = Query.model_validate({"query": query, **parts})
        return await self.sources.ask(self.sources.whom(policy, asked), query, self.now)

    async def asked(self, **parts: Any) -> dict[str, str]:
        """What one more question carries."""
        await self.ask(**parts)
        return dict(self.server.seen[-1].headers)


@asynccontextmanager
async def asked_of(*script: Act, secrets: Act = NO_SECRET, **source: Any) -> AsyncIterator[Asked]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(loopback(*script))
        kube, api = await stack.enter_async_context(kube_and(secrets))
        configuration = Configuration.model_validate(
            {"sources": [{"name": "default", "address": server.address} | source], "allowedAddresses": [server.place]}
        )
        made: list[Asked] = []
        sources = Sources(configuration, kube, lambda: made[0].now, partial(http_session, 2))
        stack.push_async_callback(sources.close)
        made.append(Asked(server, sources, api))
        yield made[0]
