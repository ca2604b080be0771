"""TLS as sources speak it: whom we trust, whom they trust, and in which words it is told when nobody does."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from retrain_operator.edges.credential import Credential, CredentialError, Part, tls_context
from retrain_operator.edges.prometheus import Prometheus, http_session
from retrain_operator.model.observation import Observation, Sample, SourceError
from retrain_operator.model.reason import Reason
from tests.edges.answers import AT
from tests.edges.certificates import locked, refusing, secured, server_context

REMEDY = "ask the tailor"
CA, OTHER = trustme.CA(), trustme.CA()
LOCALHOST = CA.issue_cert("localhost")


def authority(ca: trustme.CA = CA) -> Part:
    return Part(ca.cert_pem.bytes(), "ca.crt")


def client(ca: trustme.CA = CA) -> tuple[Part, Part]:
    issued = ca.issue_cert("operator@retrain.dev")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    return Part(chain, "tls.crt"), Part(issued.private_key_pem.bytes(), "tls.key")


async def ask(address: str, tls: ssl.SSLContext | None) -> Observation:
    async with http_session(3) as session:
        return await Prometheus(session, address).ask("up", AT, Credential(REMEDY, tls=tls))


async def test_an_authority_that_is_given_is_trusted() -> None:
    async with secured(server_context(CA, LOCALHOST, mutual=False)) as address:
        assert await ask(address, tls_context(authority(), None, None)) == Sample(AT, 1)


NOT_TRUSTED = (
    "Prometheus at {} shows a certificate of an authority that is not trusted; give the authority's, as tls.caFile of "
    "a source or ca.crt of a Secret."
)
ANOTHER_NAME = "Prometheus at {} shows a certificate for another name; ask it by a name that the certificate is for."
NOT_NOW = "Prometheus at {} shows a certificate that is not valid now; renew it, or set the clock."


@pytest.mark.parametrize(
    ("served", "trusted", "host", "message"),
    [
        pytest.param(LOCALHOST, tls_context(authority(OTHER), None, None), "localhost", NOT_TRUSTED, id="another's"),
        pytest.param(LOCALHOST, None, "localhost", NOT_TRUSTED, id="the system's authorities alone"),
        pytest.param(
            LOCALHOST, tls_context(authority(), None, None), "127.0.0.1", ANOTHER_NAME, id="asked by its number"
        ),
        pytest.param(
            CA.issue_cert("prometheus.shop"),
            tls_context(authority(), None, None),
            "localhost",
            ANOTHER_NAME,
            id="another's name",
        ),
        pytest.param(
            CA.issue_cert("localhost", not_after=datetime.now(UTC) - timedelta(days=1)),
            tls_context(authority(), None, None),
            "localhost",
            NOT_NOW,
            id="expired",
        ),
        pytest.param(
            CA.issue_cert("localhost", not_before=datetime.now(UTC) + timedelta(days=1)),
            tls_context(authority(), None, None),
            "localhost",
            NOT_NOW,
            id="not yet valid",
        ),
    ],
)
async def test_a_certificate_that_proves_nothing_is_told(
    served: trustme.LeafCert, trusted: ssl.SSLContext | None, host: str, message: str
) -> None:
    async with secured(server_context(CA, served, mutual=False), host) as address:
        observation = await ask(address, trusted)
    words = message.format(address.removeprefix("https://"))
    assert observation == SourceError(AT, Reason.SOURCE_UNREACHABLE, words)


async def test_a_client_certificate_is_shown_to_whoever_asks_for_it() -> None:
    async with secured(server_context(CA, LOCALHOST, mutual=True)) as address:
        assert await ask(address, tls_context(authority(), *client())) == Sample(AT, 1)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", [(None, None), client(OTHER)], ids=["none", "one by another authority"])
async def test_a_client_certificate_that_is_not_accepted_is_told(
    version: ssl.TLSVersion, shown: tuple[Part | None, Part | None]
) -> None:
    context = server_context(CA, LOCALHOST, mutual=True)
    context.maximum_version = version
    with refusing(context) as address:
        observation = await ask(address, tls_context(authority(), *shown))
    words = (
        f"Prometheus at {address.removeprefix('https://')} asks for a client certificate, or does not accept the one "
        "that it was shown; ask the tailor."
    )
    assert observation == SourceError(AT, Reason.SOURCE_UNAUTHORIZED, words)


async def test_a_server_that_breaks_off_may_want_a_client_certificate() -> None:
    context = server_context(CA, LOCALHOST, mutual=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    async with secured(context) as address:
        observation = await ask(address, tls_context(authority(), None, None))
    assert isinstance(observation, SourceError)
    assert observation.reason in (Reason.SOURCE_UNREACHABLE, Reason.SOURCE_UNAUTHORIZED)
    assert "asks for a client certificate" in observation.message


def test_material_that_is_unchanged_makes_the_same_context() -> None:
    certificate, key = client()
    assert tls_context(authority(), certificate, key) is tls_context(authority(), certificate, key)
    assert tls_context(authority(), *client()) is not tls_context(authority(), certificate, key)


CERTIFICATE, KEY = client()
LOCKED = Part(locked(KEY.content), "tls.key")
NOT_A_PAIR = "tls.crt and tls.key must be a certificate and its unlocked key, both in PEM."
NO_AUTHORITY = "ca.crt must hold certificates in PEM."


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param(
            (Part(b"", "ca.crt"), None, None), NO_AUTHORITY, id="nothing, which is not the system's authorities"
        ),
        pytest.param((Part(b"secret", "ca.crt"), None, None), NO_AUTHORITY, id="not PEM"),
        pytest.param((Part(b"\xff", "ca.crt"), None, None), NO_AUTHORITY, id="not text"),
        pytest.param((None, CERTIFICATE, client()[1]), NOT_A_PAIR, id="another's key"),
        pytest.param((None, CERTIFICATE, LOCKED), NOT_A_PAIR, id="a locked key, for which nobody is asked"),
        pytest.param((None, Part(b"secret", "tls.crt"), KEY), NOT_A_PAIR, id="no certificate"),
        pytest.param((None, CERTIFICATE, Part(b"secret", "tls.key")), NOT_A_PAIR, id="no key"),
    ],
)
def test_material_that_is_none_is_told_and_not_shown(
    parts: tuple[Part | None, Part | None, Part | None], message: str
) -> None:
    with pytest.raises(CredentialError) as caught:
        tls_context(*parts)
    assert str(caught.value) == message
    assert caught.value.__cause__ is None
    assert "secret" not in repr(parts)


def test_no_key_stays_open_behind() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    tls_context(None, *client())
    with pytest.raises(CredentialError):
        tls_context(None, CERTIFICATE, LOCKED)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
