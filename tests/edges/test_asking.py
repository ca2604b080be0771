"""What a request to a source carries, from whom, and what is told when that does not suffice."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from retrain_operator.edges.configuration import Configuration
from retrain_operator.edges.prometheus import http_session
from retrain_operator.edges.sources import Sources
from retrain_operator.model.observation import Sample, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.trigger import Query
from tests.builders import T0
from tests.edges.answers import AT, vector
from tests.edges.asked import CHURN, asked_of
from tests.edges.certificates import secured, server_context
from tests.edges.loopback import loopback, reply
from tests.edges.scripted import kube_and
from tests.edges.test_secret import secret
from tests.edges.test_tls import CA, LOCALHOST, client

TOKEN = "canary-7f3a"
ONE = vector("1")


def a_file(folder: Path, content: str) -> str:
    file = folder / "secret"
    file.write_text(content)
    return str(file)


async def test_nothing_is_carried_without_a_credential() -> None:
    async with asked_of(ONE) as here:
        assert (await here.asked()).keys().isdisjoint({"authorization", "x-scope-orgid", "cookie"})


async def test_a_password_of_the_administrators(tmp_path: Path) -> None:
    basic = {"username": "retrain", "passwordFile": a_file(tmp_path, f"{TOKEN}\n")}
    async with asked_of(ONE, basic=basic) as here:
        carried = (await here.asked())["authorization"]
    assert carried == f"Basic {b64encode(f'retrain:{TOKEN}'.encode()).decode()}"


async def test_a_token_is_read_anew_so_that_it_can_be_rotated(tmp_path: Path) -> None:
    bearer = {"tokenFile": a_file(tmp_path, "old")}
    async with asked_of(ONE, bearer=bearer) as here:
        assert (await here.asked())["authorization"] == "Bearer old"
        a_file(tmp_path, "new")
        assert (await here.asked())["authorization"] == "Bearer new"


async def test_the_tenant_is_told_by_namespace_and_beside_a_credential(tmp_path: Path) -> None:
    header = {"name": "X-Scope-OrgID", "value": "{namespace}"}
    async with asked_of(ONE, tenantHeader=header, bearer={"tokenFile": a_file(tmp_path, TOKEN)}) as here:
        told = [await here.asked(namespace=name) for name in ("shop", "bank", "shop")]
    assert [each["x-scope-orgid"] for each in told] == ["shop", "bank", "shop"]
    assert {each["authorization"] for each in told} == {f"Bearer {TOKEN}"}


async def test_a_policys_own_credential_goes_to_its_own_address_alone(tmp_path: Path) -> None:
    bearer = {"tokenFile": a_file(tmp_path, "administrators")}
    async with asked_of(ONE, secrets=secret(token=TOKEN), bearer=bearer) as here:
        own = await here.asked(address=here.server.address, secretRef={"name": "prom"})
        bare = await here.asked(address=here.server.address)
        configured = await here.asked()
    assert own["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in bare
    assert configured["authorization"] == "Bearer administrators"


async def test_a_file_that_is_not_there_asks_nobody(tmp_path: Path) -> None:
    async with asked_of(ONE, bearer={"tokenFile": str(tmp_path / "none")}) as here:
        observation = await here.ask()
        assert here.server.connected == 0
    words = (
        f'The file {tmp_path}/none, bearer.tokenFile of source "default" in the operator\'s configuration, cannot be '
        "read (No such file or directory); the operator's administrator must mount it."
    )
    assert observation == SourceError(T0, Reason.CREDENTIAL_NOT_READABLE, words)


async def test_a_secret_that_is_not_there_asks_nobody() -> None:
    async with asked_of(ONE) as here:
        observation = await here.ask(address=here.server.address, secretRef={"name": "prom"})
        assert here.server.connected == 0
    words = 'Secret "prom" in namespace shop does not exist; create it, or mend secretRef.name.'
    assert observation == SourceError(T0, Reason.CREDENTIAL_NOT_READABLE, words)


DEFAULT = 'source "default" in the operator\'s configuration'
REFUSED = {
    "the administrator gave none": ({}, {}, f"give {DEFAULT} a credential, or let the operator in by the network"),
    "the administrator's": ({"bearer": True}, {}, f"check the credential of {DEFAULT}, and what it may read"),
    "the policy named none": (
        {},
        {"address": True},
        "name a Secret with a credential in secretRef, or let the operator in by the network",
    ),
    "the policy's": (
        {},
        {"address": True, "secretRef": {"name": "prom"}},
        'check the credential in Secret "prom" in namespace shop, and what it may read',
    ),
}


@pytest.mark.parametrize("code", [401, 403])
@pytest.mark.parametrize(("source", "parts", "remedy"), REFUSED.values(), ids=REFUSED.keys())
async def test_whose_credential_does_not_suffice_is_told(
    code: int, source: dict[str, Any], parts: dict[str, Any], remedy: str, tmp_path: Path
) -> None:
    if source:
        source = {"bearer": {"tokenFile": a_file(tmp_path, TOKEN)}}
    async with asked_of(reply(TOKEN.encode(), code), secrets=secret(token=TOKEN), **source) as here:
        observation = await here.ask(**parts | ({"address": here.server.address} if parts else {}))
        place = here.server.place
    words = f"Prometheus at {place} refused access (HTTP {code}); {remedy}."
    assert observation == SourceError(T0, Reason.SOURCE_UNAUTHORIZED, words)


async def test_a_credential_that_is_not_accepted_is_read_anew_for_the_next_question() -> None:
    async with asked_of(reply(b"", 401), ONE, secrets=secret(token=TOKEN)) as here:
        parts: Any = {"address": here.server.address, "secretRef": {"name": "prom"}}
        for _ in range(3):
            await here.ask(**parts)
        assert len(here.api.seen) == 2


async def test_an_administrators_certificate_and_authority_are_read_anew(tmp_path: Path) -> None:
    certificate, key = client()
    files = {"caFile": CA.cert_pem.bytes(), "certFile": certificate.content, "keyFile": key.content}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    async with secured(server_context(CA, LOCALHOST, mutual=True)) as address:
        tls = {name: str(tmp_path / name) for name in files}
        async with asked_of(ONE, address=address, tls=tls) as here:
            assert await here.ask() == Sample(T0, 1)
            (tmp_path / "keyFile").write_text("half written")
            observation = await here.ask()
            assert isinstance(observation, SourceError)
            assert observation.reason is Reason.CREDENTIAL_NOT_READABLE
            assert "must be a certificate and its unlocked key, both in PEM." in observation.message
            (tmp_path / "keyFile").write_bytes(key.content)
            assert await here.ask() == Sample(T0, 1)


async def test_a_policys_certificate_and_authority() -> None:
    certificate, key = client()
    data = {"ca_crt": CA.cert_pem.bytes(), "tls_crt": certificate.content, "tls_key": key.content}
    async with secured(server_context(CA, LOCALHOST, mutual=True)) as address:
        place = address.removeprefix("https://")
        async with kube_and(secret(**{name: content.decode() for name, content in data.items()})) as (kube, _):
            configuration = Configuration.model_validate({"allowedAddresses": [place]})
            # The guard is left out, for this server is on the machine itself.
            sources = Sources(configuration, kube, lambda: T0, lambda **_: http_session(2))
            query = Query.model_validate({"query": "up", "address": address, "secretRef": {"name": "prom"}})
            observation = await sources.ask(sources.whom(CHURN, query), "up", AT)
            await sources.close()
    assert observation == Sample(AT, 1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_an_address_leads_to_this_machine_only_if_it_is_allowed_in_numbers(host: str) -> None:
    async with loopback(ONE) as server, kube_and(ONE) as (kube, _):
        place = server.place.replace("127.0.0.1", host)
        sources = Sources(Configuration.model_validate({"allowedAddresses": [place]}), kube, lambda: T0)
        query = Query.model_validate({"query": "up", "address": f"http://{place}"})
        observation = await sources.ask(sources.whom(CHURN, query), "up", AT)
        await sources.close()
        assert server.connected == (host == "127.0.0.1")
    if host == "localhost":
        words = (
            f"Prometheus at {place} leads to an address that no policy may name (loopback, link-local, cloud metadata, "
            "or the like); check the trigger's address."
        )
        assert observation == SourceError(AT, Reason.SOURCE_NOT_ALLOWED, words)
