"""Objects of all groups on a real API server, and what must be as it was read before they are changed."""

import asyncio

import pytest

from retrain_operator.edges import kube as kube_module
from retrain_operator.edges.kube import Json, Kube
from retrain_operator.edges.refusal import AlreadyExists, Conflict, NotFound
from retrain_operator.edges.request import DEPLOYMENTS, EVENTS, PODS, SERVICE_ACCOUNTS, Resource
from tests.edges.bodies import THINGS, a_deployment, a_thing, runner

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("things")]

CONFIG_MAPS = Resource("", "v1", "configmaps")


async def test_a_custom_resource_lives_its_life(admin: Kube, tenant: str) -> None:
    made = await admin.create(THINGS, tenant, a_thing("life", team="a"))
    assert made["metadata"]["managedFields"][0]["manager"] == "retrain-operator"
    assert await admin.get(THINGS, tenant, "life") == made
    told = await admin.patch(THINGS, tenant, "life", {"status": {"message": "It is."}}, subresource="status")
    assert (told["status"], told["spec"]) == ({"message": "It is."}, made["spec"])
    assert [each["metadata"]["uid"] for each in await admin.list(THINGS, None, labels="team=a")] == [_uid(made)]
    await admin.delete(THINGS, tenant, "life", uid=_uid(made))
    with pytest.raises(NotFound, match=rf'^There is no things\.edges\.test "life" in namespace {tenant}\.$'):
        await admin.get(THINGS, tenant, "life")


async def test_core_resources_are_reached_the_same_way(operator: Kube, tenant: str) -> None:
    assert await operator.list(PODS, tenant) == []
    account = await operator.get(SERVICE_ACCOUNTS, tenant, "retrain-runner")
    about = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "retrain-runner", "namespace": tenant}
    told = {"involvedObject": {**about, "uid": _uid(account)}, "reason": "Tested", "type": "Normal", "message": "Seen."}
    event = await operator.create(EVENTS, tenant, {"metadata": {"generateName": "tested-"}, **told})
    assert event["metadata"]["name"].startswith("tested-")


async def test_a_list_of_many_pages_is_whole(admin: Kube, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"page-{number}" for number in range(7)}
    for name in names:
        await admin.create(CONFIG_MAPS, tenant, {"metadata": {"name": name, "labels": {"test": "pages"}}})
    monkeypatch.setattr(kube_module, "PAGE", 3)
    found = await admin.list(CONFIG_MAPS, tenant, labels="test=pages")
    assert sorted(each["metadata"]["name"] for each in found) == sorted(names)


async def test_what_is_not_there_is_named(admin: Kube, tenant: str) -> None:
    with pytest.raises(NotFound, match=rf'^There is no deployments\.apps "absent" in namespace {tenant}\.$'):
        await admin.get(DEPLOYMENTS, tenant, "absent")
    with pytest.raises(NotFound, match=r"^There is no namespace nowhere; create it before you create things in it\.$"):
        await admin.create(THINGS, "nowhere", a_thing("lost"))
    with pytest.raises(
        NotFound, match=r"^The API server does not serve things of edges\.test/v9; install what defines"
    ):
        await admin.list(THINGS._replace(version="v9"), None)


async def test_a_stale_patch_is_a_conflict_and_changes_nothing(admin: Kube, tenant: str) -> None:
    made = await admin.create(THINGS, tenant, a_thing("stale"))

    async def say(message: str) -> Json:
        version = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "status": {"message": message}}
        return await admin.patch(THINGS, tenant, "stale", version, subresource="status")

    await say("first")
    with pytest.raises(
        Conflict, match=r'^Since it was read, things/status\.edges\.test "stale" in namespace .* has ch'
    ):
        await say("second")
    assert (await admin.get(THINGS, tenant, "stale"))["status"] == {"message": "first"}


async def test_of_two_with_one_name_the_second_is_told(admin: Kube, tenant: str) -> None:
    first = await admin.create(THINGS, tenant, a_thing("twice"))
    with pytest.raises(AlreadyExists, match=r'^There already is things\.edges\.test "twice" in namespace '):
        await admin.create(THINGS, tenant, a_thing("twice"))
    assert await admin.get(THINGS, tenant, "twice") == first


async def test_only_the_object_of_that_uid_is_deleted(admin: Kube, tenant: str) -> None:
    made = await admin.create(THINGS, tenant, a_thing("other"))
    with pytest.raises(Conflict):
        await admin.delete(THINGS, tenant, "other", uid="00000000-0000-0000-0000-000000000000")
    assert await admin.get(THINGS, tenant, "other") == made
    for _ in range(2):
        await admin.delete(THINGS, tenant, "other", uid=_uid(made))


def _uid(body: Json) -> str:
    uid: str = body["metadata"]["uid"]
    return uid


async def test_a_patch_of_one_value_leaves_the_neighbours_alone_and_a_stale_one_is_a_conflict(
    operator: Kube, admin: Kube, tenant: str
) -> None:
    made = await admin.create(DEPLOYMENTS, tenant, a_deployment("churn-serving"))

    async def set_model(version: str, uid: str) -> Json:
        body = [
            {"op": "replace", "path": "/metadata/uid", "value": uid},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/spec/template/spec/containers/1/env/0/value", "value": "v2"},
        ]
        return await operator.patch(DEPLOYMENTS, tenant, "churn-serving", body, account=runner(tenant))

    seen = await _settled(admin, tenant, "churn-serving")
    done = await set_model(seen["metadata"]["resourceVersion"], _uid(made))
    sidecar, changed = done["spec"]["template"]["spec"]["containers"]
    assert sidecar == made["spec"]["template"]["spec"]["containers"][0]
    assert changed["env"] == [{"name": "MODEL_URI", "value": "v2"}, {"name": "OTHER", "value": "kept"}]
    with pytest.raises(Conflict):
        await set_model(seen["metadata"]["resourceVersion"], _uid(made))
    now = await _settled(admin, tenant, "churn-serving")
    await admin.delete(DEPLOYMENTS, tenant, "churn-serving", uid=_uid(made))
    await admin.create(DEPLOYMENTS, tenant, a_deployment("churn-serving"))
    with pytest.raises(Conflict):
        await set_model(now["metadata"]["resourceVersion"], _uid(made))


async def _settled(admin: Kube, tenant: str, name: str) -> Json:
    """The Deployment once its controller has written all that it has to say."""
    for _ in range(100):
        seen = await admin.get(DEPLOYMENTS, tenant, name)
        if len(seen.get("status", {}).get("conditions", ())) == 2 and "observedGeneration" in seen["status"]:
            return seen
        await asyncio.sleep(0.1)
    raise AssertionError("the Deployment's controller said nothing for 10 s")
