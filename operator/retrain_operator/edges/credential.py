"""What a request carries to be let in: a header, a client certificate, an authority to trust; and whose it is.

Its parts come from files or from a Secret. No part of it is in a message, nor in how it prints itself.
"""

import os
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from retrain_operator.model.plain import plain

LONGEST = 64 * 1024
"""Bytes of one part."""
_TELLING = 16
"""Characters by which a secret is recognised."""


class CredentialError(Exception):
    """A credential cannot be used. The text is a sentence to show: what is wrong where, and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a credential, and what messages call it."""

    content: bytes = field(repr=False)
    told: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request carries."""

    remedy: str = "let the operator in by the network"
    """What to do when it does not suffice."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must not be quoted from an answer."""

    def shows_in(self, text: str) -> bool:
        """Whether a text, of which at most 1000 characters are quoted, holds a secret or the beginning of one."""
        line = plain(text, 2000)
        return any(secret[:_TELLING] in line for secret in self.secrets)


def bearer(token: Part, remedy: str, tls: ssl.SSLContext | None = None) -> Credential:
    """A credential by token."""
    line = _line(token)
    if not line.isascii() or " " in line:
        raise CredentialError(f"{token.told} must hold a token alone, in ASCII and without spaces.")
    return Credential(remedy, {"Authorization": f"Bearer {line}"}, tls, (line,))


def basic(username: Part, password: Part, remedy: str, tls: ssl.SSLContext | None = None) -> Credential:
    """A credential by name and password (RFC 7617)."""
    name, secret = _line(username), _line(password)
    if ":" in name:
        raise CredentialError(f"{username.told} must hold a name without a colon.")
    coded = b64encode(f"{name}:{secret}".encode()).decode()
    return Credential(remedy, {"Authorization": f"Basic {coded}"}, tls, (secret, coded))


def _line(part: Part) -> str:
    """The text of a part, without the line end that editors leave."""
    try:
        line = part.content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        line = ""
    if not line or not line.isprintable():
        raise CredentialError(f"{part.told} must hold one line of text.")
    return line


# Making one reads and checks certificates anew, and connections are shared by those who have the same one.
@lru_cache(maxsize=128)
def tls_context(authority: Part | None, certificate: Part | None, key: Part | None) -> ssl.SSLContext:
    """TLS that trusts the given authority (without one, those of the system) and shows the given certificate."""
    context = _trusting(authority) if authority else ssl.create_default_context()
    if certificate and key:
        with _as_file(certificate) as certificate_file, _as_file(key) as key_file:
            try:
                # Without a password OpenSSL would ask for the one of a locked key on the terminal, and wait for ever.
                context.load_cert_chain(certificate_file, key_file, password="")
            except (ssl.SSLError, ValueError):
                words = f"{certificate.told} and {key.told} must be a certificate and its unlocked key, both in PEM."
                raise CredentialError(words) from None
    return context


def _trusting(authority: Part) -> ssl.SSLContext:
    try:
        # Of an empty text Python would make that the system's authorities are trusted.
        return ssl.create_default_context(cadata=authority.content.decode() or "none")
    except (ssl.SSLError, ValueError):
        raise CredentialError(f"{authority.told} must hold certificates in PEM.") from None


@contextmanager
def _as_file(part: Part) -> Iterator[str]:
    """The name of a file in memory: OpenSSL takes a key by its file alone, and none of ours goes to a disk."""
    descriptor = os.memfd_create("part")
    try:
        os.write(descriptor, part.content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
