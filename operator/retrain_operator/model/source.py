"""Whom a trigger's query is put to. Sources that are equal are one: what is asked of them alike is asked once.

Who asks is part of a source only where it changes what is sent.
"""

from dataclasses import dataclass

from retrain_operator.model.access import Account
from retrain_operator.model.reason import Reason


@dataclass(frozen=True, slots=True)
class SecretName:
    """A Secret in the namespace of the account that reads it."""

    account: Account
    name: str


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source of the operator's configuration."""

    name: str
    namespace: str = ""
    """Who asks, for a source that is told so by a header; else empty."""


@dataclass(frozen=True, slots=True)
class OwnSource:
    """An address that the policy brings itself, and the Secret with the credential for it, if any."""

    address: str
    secret: SecretName | None = None


@dataclass(frozen=True, slots=True)
class NoSource:
    """There is nobody to ask, and why."""

    reason: Reason
    message: str


Source = NamedSource | OwnSource | NoSource
