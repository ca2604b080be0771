"""A policy's Secret on a real API server: the account's right is all that counts, and lacking it is told as that."""

import asyncio

import pytest

from retrain_operator.edges.credential import Credential, CredentialError
from retrain_operator.edges.kube import Kube
from retrain_operator.edges.refusal import Forbidden
from retrain_operator.edges.request import SECRETS
from retrain_operator.edges.secret import Secrets
from retrain_operator.model.access import Account
from retrain_operator.model.source import SecretName
from tests.builders import T0
from tests.crds.conftest import Kubectl
from tests.edges.bodies import runner

pytestmark = pytest.mark.cluster


async def read(operator: Kube, account: Account, name: str) -> Credential | str:
    """The credential, or why there is none."""
    try:
        return await Secrets(operator, lambda: T0).credential(SecretName(account, name))
    except CredentialError as error:
        return str(error)


async def test_a_secret_is_read_with_the_right_of_the_account_and_no_other(
    kubectl: Kubectl, operator: Kube, admin: Kube, tenant: str
) -> None:
    body = {"metadata": {"name": "prom"}, "stringData": {"token": "canary-7f3a"}}
    await admin.create(SECRETS, tenant, body)
    with pytest.raises(Forbidden):
        await operator.get(SECRETS, tenant, "prom")
    account = runner(tenant)
    assert await read(operator, account, "prom") == (
        f'{account} may not get secrets "prom". Grant it by a Role in namespace {tenant}.'
    )
    stranger = Account(tenant, "default")
    assert await read(operator, stranger, "prom") == (
        f"The operator may not act as {stranger}, as whom it reads the Secret: apply manifests/tenant in namespace "
        f"{tenant} to let it in."
    )
    names = ("--resource=secrets", "--resource-name=prom", "--resource-name=none", "--verb=get")
    assert kubectl("-n", tenant, "create", "role", "prom", *names).returncode == 0
    bound = ("--role=prom", f"--serviceaccount={tenant}:retrain-runner")
    assert kubectl("-n", tenant, "create", "rolebinding", "prom", *bound).returncode == 0
    credential = await read(operator, account, "prom")
    for _ in range(100):  # a new rule takes a moment to be known
        if isinstance(credential, Credential):
            break
        await asyncio.sleep(0.1)
        credential = await read(operator, account, "prom")
    assert isinstance(credential, Credential)
    assert credential.headers == {"Authorization": "Bearer canary-7f3a"}
    assert await read(operator, account, "none") == (
        f'Secret "none" in namespace {tenant} does not exist; create it, or mend secretRef.name.'
    )
