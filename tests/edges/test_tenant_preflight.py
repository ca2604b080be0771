"""A tenant's namespace looked at before a run: the target, and all that the policy's account lacks."""

import pytest

from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.target import KindUnknown, Mount, Preflight, Serving
from tests.edges.loopback import Act, Loopback, reply
from tests.edges.scripted import RUNNER, status
from tests.edges.test_tenant import (
    ACCOUNT,
    BY_ENV,
    BY_PATH,
    GET,
    INFERENCE,
    KINDS,
    LIST_PODS,
    NO_ACCOUNT,
    PATCH,
    SHUT_OUT,
    THERE,
    about,
    ask,
)

JOBS = Right("create", "batch", "jobs")


async def preflight(
    *script: Act, rollout: Rollout = BY_ENV, mounts: tuple[Mount, ...] = (), lacking: tuple[Right, ...] = ()
) -> tuple[Preflight, Loopback]:
    verbs = ("get", "patch")
    return await ask(lambda tenant: tenant.preflight(RUNNER, rollout, (JOBS,), verbs, mounts), *script, lacking=lacking)


async def test_all_is_there() -> None:
    found, server = await preflight(ACCOUNT, THERE)
    assert isinstance(found.target, Serving)
    assert (found.lacking, found.absent) == ((), ())
    acting = [each.headers.get("impersonate-user") for each in server.seen]
    assert acting == [*[RUNNER.user] * 3, None, RUNNER.user], "only whether the account exists is asked in our own name"


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param((JOBS,), id="no right to Jobs, which says nothing of the target"),
        pytest.param((PATCH,), id="no right to change it"),
    ],
)
async def test_a_right_that_is_missing_is_named_and_the_target_looked_at(lacking: tuple[Right, ...]) -> None:
    found, _ = await preflight(ACCOUNT, THERE, lacking=lacking)
    assert found.lacking == lacking
    assert isinstance(found.target, Serving)


async def test_a_target_that_may_not_be_seen_is_not_looked_at() -> None:
    found, server = await preflight(ACCOUNT, lacking=(GET, PATCH))
    assert found.lacking == (GET, PATCH)
    assert found.target == Refusal(RUNNER, PATCH, lacking=(GET, PATCH))
    assert len(server.seen) == 4


async def test_an_account_that_is_not_there_is_told_with_every_right_that_it_lacks() -> None:
    found, _ = await preflight(NO_ACCOUNT, lacking=(JOBS, GET, PATCH))
    assert found == Preflight(Refusal(RUNNER, JOBS, account_exists=False, lacking=(JOBS, GET, PATCH)))


async def test_an_operator_that_is_not_let_in() -> None:
    found, _ = await preflight(SHUT_OUT, ACCOUNT)
    assert isinstance(found.target, Refusal)
    assert (found.target.impersonated, found.target.account_exists) == (False, True)
    assert found.lacking == ()


async def test_mounts_are_known_to_be_absent_only_where_they_may_be_looked_for() -> None:
    mounts = (Mount("Secret", "a"), Mount("ConfigMap", "b"), Mount("PersistentVolumeClaim", "c"))
    absent, hidden = (
        status(404, "NotFound", kind="secrets", name="a"),
        status(403, "Forbidden", "no", kind="configmaps"),
    )
    found, server = await preflight(ACCOUNT, absent, hidden, reply({"metadata": {}}), THERE, mounts=mounts)
    assert found.absent == (Mount("Secret", "a"),)
    paths = [each.path.rpartition("/namespaces/shop/")[2] for each in server.seen[4:7]]
    assert paths == ["secrets/a", "configmaps/b", "persistentvolumeclaims/c"]
    assert all("PartialObjectMetadata" in each.headers["accept"] for each in server.seen[4:7]), "no Secret's content"


async def test_a_kind_that_is_not_served_lacks_no_rights_of_its_own() -> None:
    found, _ = await preflight(status(404, "NotFound"), ACCOUNT, rollout=BY_PATH)
    assert found == Preflight(KindUnknown())


async def test_of_an_inference_service_that_is_to_be_changed_the_pods_must_be_seen() -> None:
    found, server = await preflight(KINDS, ACCOUNT, reply(INFERENCE), rollout=BY_PATH, lacking=(LIST_PODS,))
    assert found.lacking == (LIST_PODS,)
    assert isinstance(found.target, Serving)
    assert {about(each) for each in server.seen[1:5]} == {
        "create jobs.batch",
        'get inferenceservices.serving.kserve.io "churn"',
        'patch inferenceservices.serving.kserve.io "churn"',
        "list pods",
    }
