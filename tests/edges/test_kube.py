"""What is sent to the API server, as whom, and how lists are read."""

from pathlib import Path

import pytest
from kubernetes.aio.config import ConfigException

from retrain_operator.edges import kube as kube_module
from retrain_operator.edges.kube import connect
from retrain_operator.edges.refusal import (
    Expired,
)
from retrain_operator.edges.request import DEPLOYMENTS, JOBS, PODS, POLICIES, RUNS
from retrain_operator.model.access import Right
from tests.edges.loopback import reply
from tests.edges.scripted import OBJECT, RUNNER, kube_and, status


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_module, "RETRY_PAUSES", (0.001, 0.001))


async def test_requests_are_what_the_api_server_expects() -> None:
    async with kube_and(reply(OBJECT)) as (kube, server):
        await kube.get(POLICIES, "shop", "churn")
        await kube.list(PODS, None, labels="retrain.dev/run=a,b!=c")
        await kube.create(JOBS, "shop", OBJECT)
        await kube.patch(RUNS, "shop", "churn", {"status": {}}, subresource="status")
        await kube.patch(DEPLOYMENTS, "shop", "churn", [{"op": "test"}])
        await kube.delete(JOBS, "shop", "churn", uid="u1")
    assert [request.line.removesuffix(" HTTP/1.1") for request in server.seen] == [
        "GET /apis/retrain.dev/v1alpha1/namespaces/shop/retrainpolicies/churn",
        "GET /api/v1/pods?limit=500&labelSelector=retrain.dev/run%3Da,b!%3Dc",
        "POST /apis/batch/v1/namespaces/shop/jobs?fieldManager=retrain-operator",
        "PATCH /apis/retrain.dev/v1alpha1/namespaces/shop/retrainruns/churn/status?fieldManager=retrain-operator",
        "PATCH /apis/apps/v1/namespaces/shop/deployments/churn?fieldManager=retrain-operator",
        "DELETE /apis/batch/v1/namespaces/shop/jobs/churn",
    ]
    assert [request.headers.get("content-type") for request in server.seen[3:5]] == [
        "application/merge-patch+json",
        "application/json-patch+json",
    ]
    assert server.seen[5].body == b'{"preconditions": {"uid": "u1"}, "propagationPolicy": "Background"}'


async def test_an_account_is_impersonated_over_connections_of_its_own() -> None:
    async with kube_and(reply(OBJECT)) as (kube, server):
        for account in (None, RUNNER, None, RUNNER):
            await kube.get(JOBS, "shop", "churn", account=account)
    users = [request.headers.get("impersonate-user") for request in server.seen]
    assert users == [None, RUNNER.user, None, RUNNER.user]
    own, acting = ({request.peer for request in server.seen[start::2]} for start in (0, 1))
    assert own.isdisjoint(acting)
    assert all("impersonate-group" not in request.headers for request in server.seen)


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_name_that_leads_elsewhere_is_never_sent(name: str) -> None:
    async with kube_and(reply({})) as (kube, server):
        with pytest.raises(ValueError, match="names no object"):
            await kube.delete(JOBS, "shop", name, uid="u1")
        with pytest.raises(ValueError, match="names no object"):
            await kube.list(JOBS, name)
        assert server.seen == []


async def test_a_name_is_quoted_in_the_url() -> None:
    async with kube_and(reply({})) as (kube, server):
        await kube.get(JOBS, "shop", "../../secrets?watch=1#x")
        assert server.seen[0].path == "/apis/batch/v1/namespaces/shop/jobs/..%2F..%2Fsecrets%3Fwatch=1%23x"


async def test_a_list_follows_its_pages() -> None:
    pages = [reply({"metadata": {"continue": token}, "items": [{"n": token}]}) for token in ("a&b", "c", "")]
    async with kube_and(*pages) as (kube, server):
        assert await kube.list(JOBS, "shop") == [{"n": "a&b"}, {"n": "c"}, {"n": ""}]
    assert [request.path.partition("?")[2] for request in server.seen] == [
        "limit=500",
        "limit=500&continue=a%26b",
        "limit=500&continue=c",
    ]


async def test_a_list_whose_pages_expired_starts_over_once() -> None:
    first, gone = reply({"metadata": {"continue": "a"}, "items": [{"n": 1}]}), status(410, "Expired")
    async with kube_and(first, gone, reply({"items": [{"n": 2}]})) as (kube, _):
        assert await kube.list(JOBS, "shop") == [{"n": 2}]
    async with kube_and(gone) as (kube, server):
        with pytest.raises(Expired, match=r"^The list of jobs\.batch in namespace shop took too long; start over\.$"):
            await kube.list(JOBS, "shop")
        assert len(server.seen) == 2


async def test_a_list_without_items_is_empty() -> None:
    async with kube_and(reply({"items": None})) as (kube, _):
        assert await kube.list(JOBS, "shop") == []


async def test_a_review_asks_as_the_account_and_fails_closed() -> None:
    rights = (
        Right("create", "batch", "jobs"),
        Right("patch", "apps", "deployments/scale", "churn"),
        Right("get", "", "pods"),
    )
    answers = [reply({"status": given}) for given in ({"allowed": True}, {"allowed": False}, {})]
    async with kube_and(*answers) as (kube, server):
        lacking = [await kube.review(RUNNER, [right]) for right in rights]
    assert lacking == [(), rights[1:2], rights[2:]]
    assert {request.headers["impersonate-user"] for request in server.seen} == {RUNNER.user}
    assert b'"namespace": "shop", "verb": "patch", "group": "apps"' in server.seen[1].body
    assert b'"resource": "deployments", "subresource": "scale", "name": "churn"' in server.seen[1].body


async def test_rights_are_asked_for_at_once_and_told_in_their_order() -> None:
    rights = tuple(Right("get", "", name) for name in ("secrets", "configmaps", "pods"))
    async with kube_and(*[reply({"status": {"allowed": False}})] * 3) as (kube, _):
        assert await kube.review(RUNNER, rights) == rights


async def test_no_kubeconfig_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigException, match=r"^No cluster: .*/absent is no usable kubeconfig .* Set KUBECONFIG\.$"):
        await connect(tmp_path / "absent")
