"""A policy's own credential: read as its ServiceAccount, told when it cannot be, and never shown."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from retrain_operator.edges import kube as kube_module
from retrain_operator.edges.credential import CredentialError
from retrain_operator.edges.secret import KEYS, Secrets
from retrain_operator.model.source import SecretName
from tests.builders import T0
from tests.edges.loopback import Act, raw, reply
from tests.edges.scripted import RUNNER, kube_and, status

PROM = SecretName(RUNNER, "prom")
TOLD = 'Secret "prom" in namespace shop'
CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_module, "RETRY_PAUSES", (0.001, 0.001))


class Clock:
    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> Any:
        return self.now


def secret(**data: str) -> Act:
    coded = {key.replace("_", "."): b64encode(value.encode()).decode() for key, value in data.items()}
    return reply({"kind": "Secret", "metadata": {"name": "prom"}, "data": coded})


async def test_it_is_read_as_the_policys_account_and_with_no_right_of_the_operator() -> None:
    async with kube_and(secret(token=CANARY)) as (kube, server):
        credential = await Secrets(kube, Clock()).credential(PROM)
    [asked] = server.seen
    assert asked.line == "GET /api/v1/namespaces/shop/secrets/prom HTTP/1.1"
    assert asked.headers["impersonate-user"] == RUNNER.user
    assert credential.headers == {"Authorization": f"Bearer {CANARY}"}
    assert credential.remedy == f"check the credential in {TOLD}, and what it may read"


async def test_a_name_and_a_password() -> None:
    async with kube_and(secret(username="churn", password=CANARY, other="x")) as (kube, _):
        credential = await Secrets(kube, Clock()).credential(PROM)
    assert credential.headers == {"Authorization": f"Basic {b64encode(f'churn:{CANARY}'.encode()).decode()}"}


async def test_it_is_remembered_for_a_minute_at_most_whatever_the_clock_does() -> None:
    clock = Clock()
    async with kube_and(secret(token="old"), secret(token="new"), secret(token="newest")) as (kube, server):
        secrets = Secrets(kube, clock)

        async def sent(after: float) -> str:
            clock.now = T0 + timedelta(seconds=after)
            return (await secrets.credential(PROM)).headers["Authorization"]

        assert [await sent(after) for after in (0, 30, 59.9)] == ["Bearer old"] * 3
        assert [await sent(after) for after in (60, 100)] == ["Bearer new"] * 2
        assert await sent(-3600) == "Bearer newest", "the clock was set back by an hour"
        assert len(server.seen) == 3


async def test_what_was_forgotten_or_could_not_be_read_is_read_again_at_once() -> None:
    async with kube_and(status(404, "NotFound", name="prom"), secret(token="old"), secret(token="new")) as (kube, _):
        secrets = Secrets(kube, Clock())
        with pytest.raises(CredentialError):
            await secrets.credential(PROM)
        assert (await secrets.credential(PROM)).headers["Authorization"] == "Bearer old"
        secrets.forget(PROM)
        assert (await secrets.credential(PROM)).headers["Authorization"] == "Bearer new"


NOT_READ = {
    "it does not exist": (
        status(404, "NotFound", name="prom", kind="secrets"),
        f"{TOLD} does not exist; create it, or mend secretRef.name.",
    ),
    "the account may not": (
        status(403, "Forbidden", f'User "{RUNNER.user}" cannot get resource', name="prom", kind="secrets"),
        'ServiceAccount shop/retrain-runner may not get secrets "prom". Grant it by a Role in namespace shop.',
    ),
    "the operator is not let in": (
        status(403, "Forbidden", "cannot impersonate", name="retrain-runner", kind="serviceaccounts"),
        "The operator may not act as ServiceAccount shop/retrain-runner, as whom it reads the Secret: apply "
        "manifests/tenant in namespace shop to let it in.",
    ),
    "the API server fails": (
        status(500, "InternalError", CANARY),
        f'{TOLD} could not be read. Asked to get secrets "prom" in namespace shop, the API server failed (HTTP 500); '
        "ask again.",
    ),
    "the API server answers nonsense": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"),
        f'{TOLD} could not be read. Asked to get secrets "prom" in namespace shop, the API server gave no JSON object; '
        "is a proxy in between?",
    ),
}


@pytest.mark.parametrize(("answer", "message"), NOT_READ.values(), ids=NOT_READ.keys())
async def test_why_it_cannot_be_read_is_told(answer: Act, message: str) -> None:
    async with kube_and(answer) as (kube, _):
        with pytest.raises(CredentialError) as wrong:
            await Secrets(kube, Clock()).credential(PROM)
    assert str(wrong.value) == message


INCOMPLETE = {
    "nothing": ({}, f"{TOLD} has none of the keys {', '.join(KEYS)}."),
    "other keys": ({"PASSWORD": CANARY}, f"{TOLD} has none of the keys {', '.join(KEYS)}."),
    "empty values": ({"token": ""}, f"{TOLD} has none of the keys {', '.join(KEYS)}."),
    "no password": ({"username": "churn"}, f"{TOLD} has no key password to go with username; add it."),
    "no username": ({"password": CANARY}, f"{TOLD} has no key username to go with password; add it."),
    "no key": ({"tls_crt": CANARY}, f"{TOLD} has no key tls.key to go with tls.crt; add it."),
    "two ways at once": (
        {"token": CANARY, "username": "churn", "password": CANARY},
        f"{TOLD} has both a token and a username or password; leave one of them.",
    ),
    "a token of two lines": ({"token": f"{CANARY}\nx"}, f"token of {TOLD} must hold one line of text."),
    "an authority that is none": ({"ca_crt": CANARY}, f"ca.crt of {TOLD} must hold certificates in PEM."),
    "a pair that is none": (
        {"tls_crt": CANARY, "tls_key": CANARY},
        f"tls.crt of {TOLD} and tls.key of {TOLD} must be a certificate and its unlocked key, both in PEM.",
    ),
    "too much": ({"token": "x" * 70_000}, f"token of {TOLD} must hold at most 64 KiB."),
}


@pytest.mark.parametrize(("data", "message"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
async def test_what_is_wrong_with_it_is_told(data: dict[str, str], message: str) -> None:
    async with kube_and(secret(**data)) as (kube, _):
        with pytest.raises(CredentialError) as wrong:
            await Secrets(kube, Clock()).credential(PROM)
    assert str(wrong.value) == message
    assert CANARY not in str(wrong.value)


@pytest.mark.parametrize("data", [{"token": "not Base64!"}, {"token": 7}, None])
async def test_data_that_is_none_is_told(data: object) -> None:
    async with kube_and(reply({"kind": "Secret", "data": data})) as (kube, _):
        with pytest.raises(CredentialError, match=r"(is not Base64|has none of the keys .*)\.$"):
            await Secrets(kube, Clock()).credential(PROM)
