"""A policy's own credential: its Secret, read as the policy's ServiceAccount, never with a right of the operator's."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from retrain_operator.edges.credential import LONGEST, Credential, CredentialError, Part, basic, bearer, tls_context
from retrain_operator.edges.kube import Kube
from retrain_operator.edges.refusal import Forbidden, KubeError, NotFound
from retrain_operator.edges.request import SECRETS
from retrain_operator.model.source import SecretName

REMEMBERED = timedelta(seconds=60)
"""How long a Secret may be out of date."""
KEYS = ("username", "password", "token", "ca.crt", "tls.crt", "tls.key")

Parts = Mapping[str, Part]


class Secrets:
    """Credentials from Secrets, each read at most once a minute. `clock` may be set back without harm."""

    def __init__(self, kube: Kube, clock: Callable[[], datetime]) -> None:
        self._kube, self._clock = kube, clock
        self._known: dict[SecretName, tuple[datetime, Credential]] = {}

    async def credential(self, secret: SecretName) -> Credential:
        """The credential in a Secret. CredentialError says what is wrong with it, or who may not read it."""
        now = self._clock()
        self._known = {name: known for name, known in self._known.items() if known[0] <= now < known[0] + REMEMBERED}
        if secret not in self._known:
            self._known[secret] = now, _credential(await self._parts(secret), _told(secret))
        return self._known[secret][1]

    def forget(self, secret: SecretName) -> None:
        """Read it anew the next time: what it held was not accepted."""
        self._known.pop(secret, None)

    async def _parts(self, secret: SecretName) -> Parts:
        account, told = secret.account, _told(secret)
        try:
            body = await self._kube.get(SECRETS, account.namespace, secret.name, account=account)
        except NotFound:
            raise CredentialError(f"{told} does not exist; create it, or mend secretRef.name.") from None
        except Forbidden as error:
            words = (
                f'{account} may not get secrets "{secret.name}". Grant it by a Role in namespace {account.namespace}.'
            )
            if error.kind == "serviceaccounts":
                words = (
                    f"The operator may not act as {account}, as whom it reads the Secret: apply manifests/tenant in "
                    f"namespace {account.namespace} to let it in."
                )
            raise CredentialError(words) from None
        except KubeError as error:
            raise CredentialError(f"{told} could not be read. {error.message}") from None
        return {key: _part(body, key, told) for key in KEYS if (body.get("data") or {}).get(key)}


def _told(secret: SecretName) -> str:
    return f'Secret "{secret.name}" in namespace {secret.account.namespace}'


def _part(body: dict[str, Any], key: str, told: str) -> Part:
    try:
        content = b64decode(body["data"][key], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise CredentialError(f"{key} of {told} is not Base64.") from None
    if len(content) > LONGEST:
        raise CredentialError(f"{key} of {told} must hold at most {LONGEST >> 10} KiB.")
    return Part(content, f"{key} of {told}")


def _credential(parts: Parts, told: str) -> Credential:
    if not parts:
        raise CredentialError(f"{told} has none of the keys {', '.join(KEYS)}.")
    if "token" in parts and ("username" in parts or "password" in parts):
        raise CredentialError(f"{told} has both a token and a username or password; leave one of them.")
    for one, other in (("username", "password"), ("tls.crt", "tls.key")):
        if (one in parts) != (other in parts):
            missing, there = (one, other) if other in parts else (other, one)
            raise CredentialError(f"{told} has no key {missing} to go with {there}; add it.")
    tls = None
    if "ca.crt" in parts or "tls.crt" in parts:
        tls = tls_context(parts.get("ca.crt"), parts.get("tls.crt"), parts.get("tls.key"))
    remedy = f"check the credential in {told}, and what it may read"
    if "token" in parts:
        return bearer(parts["token"], remedy, tls)
    if "username" in parts:
        return basic(parts["username"], parts["password"], remedy, tls)
    return Credential(remedy, tls=tls)
