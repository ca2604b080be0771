"""Objects of all groups on a real API server, and what must be as it was read before they are changed."""

import asyncio

import pytest

from retrain_operator.edges import kube as kube_module
from retrain_operator.edges.kube import Json, Kube
from retrain_operator.edges.refusal import AlreadyExists, Conflict, NotFound
from retrain_operator.edges.request import (
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    PODS,
    RUNS,
    SERVICE_ACCOUNTS,
    Resource,
)
from tests.edges.bodies import a_deployment, a_run, runner

pytestmark = pytest.mark.cluster

CONFIG_MAPS = Resource("", "v1", "configmaps")
QUOTAS = Resource("", "v1", "resourcequotas")
NAMESPACES = Resource("", "v1", "namespaces")
WHO_AM_I = Resource("authentication.k8s.io", "v1", "selfsubjectreviews")
ADMISSION = Resource("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")
BINDINGS = Resource("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings")


async def test_a_custom_resource_lives_its_life(operator: Kube, tenant: str) -> None:
    made = await operator.create(RUNS, tenant, a_run("life"))
    assert made["metadata"]["managedFields"][0]["manager"] == "retrain-operator"
    assert await operator.get(RUNS, tenant, "life") == made
    told = await operator.patch(RUNS, tenant, "life", {"status": {"message": "Collect runs."}}, subresource="status")
    assert (told["status"]["message"], told["spec"]) == ("Collect runs.", made["spec"])
    found = await operator.list(RUNS, None, labels="retrain.dev/policy=life")
    assert made["metadata"]["uid"] in [each["metadata"]["uid"] for each in found]
    await operator.delete(RUNS, tenant, "life", uid=made["metadata"]["uid"])
    with pytest.raises(NotFound, match=rf'^There is no retrainruns\.retrain\.dev "life" in namespace {tenant}\.$'):
        await operator.get(RUNS, tenant, "life")


async def test_core_resources_are_reached_the_same_way(operator: Kube, tenant: str) -> None:
    assert await operator.list(PODS, tenant) == []
    account = await operator.get(SERVICE_ACCOUNTS, tenant, "retrain-runner")
    reference = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "retrain-runner", "namespace": tenant}
    about = {"involvedObject": {**reference, "uid": account["metadata"]["uid"]}, "reason": "Tested", "type": "Normal"}
    event = await operator.create(
        EVENTS, tenant, {"metadata": {"generateName": "tested-"}, **about, "message": "Seen."}
    )
    assert event["metadata"]["name"].startswith("tested-")


async def test_a_list_of_many_pages_is_whole(admin: Kube, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"page-{number}" for number in range(7)}
    for name in names:
        await admin.create(CONFIG_MAPS, tenant, {"metadata": {"name": name, "labels": {"test": "pages"}}})
    monkeypatch.setattr(kube_module, "PAGE", 3)
    found = await admin.list(CONFIG_MAPS, tenant, labels="test=pages")
    assert sorted(each["metadata"]["name"] for each in found) == sorted(names)


async def test_what_is_not_there_is_named(operator: Kube, admin: Kube, tenant: str) -> None:
    with pytest.raises(NotFound, match=rf'^There is no jobs\.batch "absent" in namespace {tenant}\.$'):
        await operator.get(JOBS, tenant, "absent")
    with pytest.raises(
        NotFound, match=r"^There is no namespace nowhere; create it before you create retrainruns in it\.$"
    ):
        await admin.create(RUNS, "nowhere", a_run("lost"))
    with pytest.raises(
        NotFound, match=r"^The API server does not serve retrainpolicies of retrain\.dev/v9; install what"
    ):
        await admin.list(Resource("retrain.dev", "v9", "retrainpolicies"), None)


async def test_a_stale_patch_is_a_conflict_and_changes_nothing(operator: Kube, tenant: str) -> None:
    made = await operator.create(RUNS, tenant, a_run("stale"))

    async def say(message: str) -> Json:
        version = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "status": {"message": message}}
        return await operator.patch(RUNS, tenant, "stale", version, subresource="status")

    await say("first")
    with pytest.raises(
        Conflict, match=rf'^Since it was read, retrainruns/status\.retrain\.dev "stale" in namespace {tenant}'
    ):
        await say("second")
    assert (await operator.get(RUNS, tenant, "stale"))["status"]["message"] == "first"


async def test_of_two_with_one_name_the_second_is_told(operator: Kube, tenant: str) -> None:
    first = await operator.create(RUNS, tenant, a_run("twice"))
    with pytest.raises(
        AlreadyExists, match=rf'^There already is retrainruns\.retrain\.dev "twice" in namespace {tenant}\.$'
    ):
        await operator.create(RUNS, tenant, a_run("twice"))
    assert await operator.get(RUNS, tenant, "twice") == first


async def test_only_the_object_of_that_uid_is_deleted(operator: Kube, tenant: str) -> None:
    made = await operator.create(RUNS, tenant, a_run("other"))
    with pytest.raises(Conflict):
        await operator.delete(RUNS, tenant, "other", uid="00000000-0000-0000-0000-000000000000")
    assert (await operator.get(RUNS, tenant, "other"))["metadata"]["uid"] == made["metadata"]["uid"]
    for _ in range(2):
        await operator.delete(RUNS, tenant, "other", uid=made["metadata"]["uid"])


async def test_a_strategic_patch_leaves_the_neighbours_alone(operator: Kube, admin: Kube, tenant: str) -> None:
    made = await admin.create(DEPLOYMENTS, tenant, a_deployment("churn-serving"))
    server = {"name": "server", "env": [{"name": "MODEL_URI", "value": "v2"}]}
    body: Json = {"metadata": {}, "spec": {"template": {"spec": {"containers": [server]}}}}

    async def set_model(version: str) -> Json:
        body["metadata"]["resourceVersion"] = version
        account = runner(tenant)
        return await operator.patch(DEPLOYMENTS, tenant, "churn-serving", body, account=account, strategic=True)

    seen = await _settled(admin, tenant, "churn-serving")
    done = await set_model(seen["metadata"]["resourceVersion"])
    sidecar, changed = done["spec"]["template"]["spec"]["containers"]
    assert sidecar == made["spec"]["template"]["spec"]["containers"][0]
    assert changed["env"] == [{"name": "MODEL_URI", "value": "v2"}, {"name": "OTHER", "value": "kept"}]
    with pytest.raises(Conflict):
        await set_model(seen["metadata"]["resourceVersion"])


async def _settled(admin: Kube, tenant: str, name: str) -> Json:
    """The Deployment once its controller has written all that it has to say."""
    for _ in range(100):
        seen = await admin.get(DEPLOYMENTS, tenant, name)
        if len(seen.get("status", {}).get("conditions", ())) == 2 and "observedGeneration" in seen["status"]:
            return seen
        await asyncio.sleep(0.1)
    raise AssertionError("the Deployment's controller said nothing for 10 s")
