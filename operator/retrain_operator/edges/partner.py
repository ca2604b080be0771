"""Those who are asked: each with its connections, the questions under way, and a memory of how it has behaved."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Protocol

import aiohttp
from yarl import URL

from retrain_operator.edges.breaker import Breaker
from retrain_operator.edges.configuration import ConfiguredSource, place_of
from retrain_operator.edges.credential import Credential
from retrain_operator.edges.prometheus import Prometheus
from retrain_operator.model.observation import Observation, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.source import OwnSource

IN_FLIGHT = 8
"""Questions to one server at the same time."""
KEPT = timedelta(hours=1)
"""How long an address of a policy's own is remembered that nobody asks any more."""


class Connect(Protocol):
    """Opens a session; `loopback` says whether it may lead to this machine."""

    def __call__(self, *, loopback: bool) -> aiohttp.ClientSession:
        """The session, to be closed by the caller."""


@dataclass(frozen=True, slots=True)
class _Server:
    session: aiohttp.ClientSession
    slots: asyncio.Semaphore


@dataclass(slots=True)
class Partner:
    """Somebody to ask."""

    prometheus: Prometheus
    slots: asyncio.Semaphore
    breaker: Breaker
    asked: datetime
    tells_who_asks: bool = False
    """Whether what it gives depends on whose policy asks."""

    async def ask(self, query: str, at: datetime, credential: Credential) -> Observation:
        """What the query gave, or that the source is left alone."""
        async with self.slots:
            if objection := self.breaker.objection(at):
                return objection
            observation = await self.prometheus.ask(query, at, credential)
            self._remember(observation)
        return observation

    def _remember(self, observation: Observation) -> None:
        match observation:
            case SourceError(reason=Reason.SOURCE_UNAUTHORIZED) if self.tells_who_asks:
                self.breaker.answered()  # one tenant's want of access is no reason to leave it alone for all
            case SourceError(down=True):
                self.breaker.failed(observation)
            case _:
                self.breaker.answered()


class Partners:
    """All who were asked so far. Connections are opened when first needed; `close` closes them."""

    def __init__(self, clock: Callable[[], datetime], connect: Connect) -> None:
        self._clock, self._connect = clock, connect
        self._servers: dict[str, _Server] = {}
        self._configured: dict[str, Partner] = {}
        self._own: dict[OwnSource, Partner] = {}

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            await server.session.close()

    def configured(self, source: ConfiguredSource) -> Partner:
        """A source of the configuration; the same for all who ask."""
        if source.name not in self._configured:
            where = f'the address of source "{source.name}" in the operator\'s configuration'
            partner = self._new(source.address, where, self._server(source.name, loopback=True))
            partner.tells_who_asks = bool(source.tenant_header and source.tenant_header.tells_who_asks)
            self._configured[source.name] = partner
        return self._configured[source.name]

    def own(self, source: OwnSource) -> Partner:
        """A policy's own address. Connections are shared by all who name it, failures by those with one credential."""
        now = self._clock()
        if source not in self._own:
            self._own = {other: each for other, each in self._own.items() if now - each.asked <= KEPT}
            # An address in numbers that is allowed means that very one; a name may lead anywhere tomorrow.
            server = self._server(place_of(source.address), loopback=_in_numbers(source.address))
            self._own[source] = self._new(source.address, "the trigger's address", server)
        partner = self._own[source]
        partner.asked = now
        return partner

    def left_alone(self) -> tuple[list[str], int]:
        """Who failed too often: configured sources by name, and the number of policies' own."""
        names = [name for name, partner in self._configured.items() if partner.breaker.left_alone]
        return names, sum(partner.breaker.left_alone for partner in self._own.values())

    def _new(self, address: str, where: str, server: _Server) -> Partner:
        return Partner(Prometheus(server.session, address, where), server.slots, Breaker(self._clock), self._clock())

    def _server(self, key: str, *, loopback: bool) -> _Server:
        if key not in self._servers:
            self._servers[key] = _Server(self._connect(loopback=loopback), asyncio.Semaphore(IN_FLIGHT))
        return self._servers[key]


def _in_numbers(address: str) -> bool:
    try:
        ip_address(URL(address).host or "")
    except ValueError:
        return False
    return True
