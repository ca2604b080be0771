"""Whom a trigger's query is put to, and the asking: with the credential that is meant for it, and no other.

A policy names a source of the administrator's configuration, or an address that the administrator allows.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from retrain_operator.edges.configuration import DEFAULT, Configuration, place_of
from retrain_operator.edges.credential import Credential, CredentialError
from retrain_operator.edges.kube import Kube
from retrain_operator.edges.mounted import mounted_credential
from retrain_operator.edges.partner import Connect, Partner, Partners
from retrain_operator.edges.prometheus import http_session
from retrain_operator.edges.secret import Secrets
from retrain_operator.model.observation import Observation, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.source import NamedSource, NoSource, OwnSource, SecretName, Source
from retrain_operator.model.trigger import Query
from retrain_operator.model.world import Policy

ADDRESS, NONE = "address", "none"
"""What telemetry calls any address of a policy's own, and what is no source."""
NAMED_AT_MOST = 8


class Sources:
    """All that may be asked; `close` closes their connections."""

    def __init__(
        self, configuration: Configuration, kube: Kube, clock: Callable[[], datetime], connect: Connect = http_session
    ) -> None:
        self._configured = {each.name: each for each in configuration.sources}
        self._allowed = frozenset(configuration.allowed_addresses)
        self._allowed_in = configuration.tenant_addresses
        self._secrets = Secrets(kube, clock)
        self._partners = Partners(clock, connect)

    async def close(self) -> None:
        """Close all connections."""
        await self._partners.close()

    def whom(self, policy: Policy, query: Query) -> Source:
        """Whom a policy's query is put to."""
        if query.address:
            secret = SecretName(policy.account, query.secret_ref.name) if query.secret_ref else None
            return self._own(query.address, secret, policy.namespace)
        return self._named(query.source or DEFAULT, policy.namespace)

    def _own(self, address: str, secret: SecretName | None, namespace: str) -> Source:
        place = address
        with suppress(ValueError):
            place = place_of(address)
        if place in self._allowed or place in self._allowed_in.get(namespace, ()):
            return OwnSource(address, secret)
        message = (
            f"The operator's configuration does not allow {place} to namespace {namespace}. Ask its administrator to "
            "add it to tenantAddresses, or name a source."
        )
        return NoSource(Reason.SOURCE_NOT_ALLOWED, message)

    def _named(self, name: str, namespace: str) -> Source:
        offered = {
            each.name: each
            for each in self._configured.values()
            if each.namespaces is None or namespace in each.namespaces
        }
        if name in offered:
            header = offered[name].tenant_header
            return NamedSource(name, namespace if header and header.tells_who_asks else "")
        known = ", ".join(f'"{each}"' for each in list(offered)[:NAMED_AT_MOST])
        message = (
            f'The operator\'s configuration has no source "{name}" for namespace {namespace}. Ask its administrator'
            f"{f', or name one that it has, such as {known}' if known else ''}."
        )
        return NoSource(Reason.SOURCE_UNKNOWN, message)

    async def ask(self, source: Source, query: str, at: datetime) -> Observation:
        """What the query gave at that time. Never raises for anything that the other end does."""
        if isinstance(source, NoSource):
            return SourceError(at, source.reason, source.message)
        try:
            partner, credential = await self._partner(source)
        except CredentialError as error:
            return SourceError(at, Reason.CREDENTIAL_NOT_READABLE, str(error))
        observation = await partner.ask(query, at, credential)
        unaccepted = isinstance(observation, SourceError) and observation.reason is Reason.SOURCE_UNAUTHORIZED
        if unaccepted and isinstance(source, OwnSource) and source.secret:
            self._secrets.forget(source.secret)
        return observation

    async def _partner(self, source: NamedSource | OwnSource) -> tuple[Partner, Credential]:
        match source:
            case OwnSource(secret=SecretName() as secret):
                return self._partners.own(source), await self._secrets.credential(secret)
            case OwnSource():
                remedy = "name a Secret with a credential in secretRef, or let the operator in by the network"
                return self._partners.own(source), Credential(remedy)
            case NamedSource(name=name, namespace=namespace):
                configured = self._configured[name]
                credential = mounted_credential(configured)
                if configured.tenant_header:
                    headers = {**credential.headers, **configured.tenant_header.of(namespace)}
                    credential = replace(credential, headers=headers)
                return self._partners.configured(configured), credential

    def left_alone(self) -> dict[str, int]:
        """By their names in telemetry, how many sources are left alone because they failed too often."""
        names, own = self._partners.left_alone()
        return dict.fromkeys(self._configured, 0) | dict.fromkeys(names, 1) | {ADDRESS: own}


def label(source: Source) -> str:
    """What telemetry calls a source: few words, however many policies there are."""
    match source:
        case NamedSource(name=name):
            return name
        case OwnSource():
            return ADDRESS
        case NoSource():
            return NONE
