"""What may befall a rollout of a real Deployment: each has its reason and its sentence, and ends as it should."""

import json
import time

import pytest
import yaml

from tests.e2e.stage import FIRST, LOOKS, TARGET, TARGET_REF, Json, Tenant, eventually, goes_on, trains

pytestmark = pytest.mark.cluster
NAME = "deployment/churn-serving"
BROKEN = {"store": "file:///models/broken", "estimator": "SGDClassifier"}
IMPATIENT = {**TARGET_REF, "progressDeadline": "20s"}
NO_IMAGE = "localhost/there-is-no-such-image:v1"


def told(tenant: Tenant, reason: str, seconds: float = 120) -> str:
    """The sentence of the newest run, once it gives this reason."""

    def look() -> str:
        status: Json = tenant.runs()[-1].get("status", {}) if tenant.runs() else {}
        assert status.get("reason") == reason, f"the run stands so: {status}"
        return str(status["message"])

    return eventually(look, seconds)


def test_a_deployment_that_is_paused_is_waited_for(tenant: Tenant) -> None:
    tenant.kubectl("rollout", "pause", NAME)
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    said = 'The rollout of Deployment "churn-serving" waits, since it is paused; it goes on when that ends.'
    assert told(tenant, "RolloutPaused") == said
    assert eventually(lambda: tenant.policy().get("state") == "Deploying" and tenant.policy())["message"] == said
    tenant.describe()
    tenant.kubectl("rollout", "resume", NAME)
    assert goes_on(tenant, time.monotonic())["reason"] == "Promoted"


def test_a_deployment_without_replicas_is_waited_for(tenant: Tenant) -> None:
    tenant.kubectl("scale", NAME, "--replicas=0")
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    assert told(tenant, "ScaledToZero") == (
        'The rollout of Deployment "churn-serving" waits, since it is scaled to 0 replicas; it goes on when that ends.'
    )
    tenant.describe()
    tenant.kubectl("scale", NAME, "--replicas=2")
    assert goes_on(tenant, time.monotonic())["reason"] == "Promoted"


def test_a_deployment_that_is_made_anew_during_its_rollout_is_left_as_it_is(tenant: Tenant) -> None:
    tenant.kubectl("rollout", "pause", NAME)
    before = yaml.safe_load(tenant.kubectl("get", NAME, "-o", "yaml"))
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    told(tenant, "RolloutPaused")
    # So that the operator does not look in the moment in which there is none.
    tenant.allow(TARGET, "list")
    tenant.blocked("MissingPermission")
    anew = {**before, "metadata": {"name": "churn-serving"}, "spec": {**before["spec"], "paused": False}}
    tenant.kubectl("replace", "--force", "-f", "-", stdin=yaml.safe_dump(anew))
    tenant.allow(TARGET, "get", "patch")
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Failed", "TargetRecreated")
    assert ended["message"] == (
        'Deployment "churn-serving" was deleted and made anew while the run was under way; it is left as it is. The '
        f"trained model is kept at {ended['result']['candidate']['uri']}."
    )
    assert tenant.model() == FIRST


def test_a_deployment_that_is_deleted_during_its_rollout_ends_the_run(tenant: Tenant) -> None:
    tenant.kubectl("rollout", "pause", NAME)
    tenant.apply_policy("promote", cooldown={"afterFailure": "1h"})
    tenant.ask_for_a_run()
    told(tenant, "RolloutPaused")
    tenant.kubectl("delete", NAME)
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Failed", "TargetNotFound")
    assert ended["message"] == (
        'Deployment "churn-serving" does not exist in this namespace. '
        f"The trained model is kept at {ended['result']['candidate']['uri']}."
    )


def test_an_image_that_the_new_pods_cannot_pull_is_told_and_the_model_before_is_back(tenant: Tenant) -> None:
    tenant.kubectl("rollout", "pause", NAME)
    tenant.kubectl("set", "image", NAME, f"server={NO_IMAGE}")
    tenant.apply_policy("promote", rollout=IMPATIENT)
    tenant.ask_for_a_run()
    told(tenant, "RolloutPaused")
    tenant.kubectl("rollout", "resume", NAME)
    said = told(tenant, "ImagePullFailed")
    assert said.startswith('Waiting for the rollout of Deployment "churn-serving": ')
    assert f"cannot pull image {NO_IMAGE} (" in said
    tenant.describe()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "ImagePullFailed")
    assert ended["message"].startswith(
        'The rollout was not complete after 20s: container "server" of pod churn-serving-'
    )
    assert f"cannot pull image {NO_IMAGE} (" in ended["message"]
    # The image is not the operator's to put back, so the model before cannot come up either.
    ill = ', so the model before is named again, but Deployment "churn-serving" is not up with it: look what keeps it. '
    assert ill in ended["message"]
    assert tenant.model() == FIRST


def test_a_model_that_crashes_its_server_is_told_and_the_model_before_is_back(tenant: Tenant) -> None:
    tenant.apply_policy("promote", rollout=IMPATIENT, model=BROKEN)
    tenant.ask_for_a_run()
    told(tenant, "CrashLoop")
    tenant.describe()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "CrashLoop")
    assert ended["message"].startswith(
        'The rollout was not complete after 20s: container "server" of pod churn-serving-'
    )
    assert " ends with exit code 1; see kubectl logs churn-serving-" in ended["message"]
    assert tenant.model() == FIRST
    eventually(lambda: tenant.get("deployment", "churn-serving")["status"].get("updatedReplicas") == 2)


def test_an_account_that_may_not_see_pods_still_goes_back_in_time(tenant: Tenant) -> None:
    tenant.allow(LOOKS, "watch")
    tenant.apply_policy("promote", rollout=IMPATIENT, model=BROKEN)
    tenant.ask_for_a_run()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "ProgressDeadlineExceeded")
    assert ended["message"].startswith("The rollout was not complete after 20s, so the model before is back.")
    assert tenant.model() == FIRST


def test_a_variable_that_comes_from_elsewhere_is_told_before_a_run_and_during_one(tenant: Tenant) -> None:
    tenant.apply_policy("slow", cooldown={"afterFailure": "1h"})
    tenant.ask_for_a_run()
    eventually(lambda: trains(tenant))
    variables = [{"name": "MODEL_URI", "value": None, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    containers = {"containers": [{"name": "server", "env": variables}]}
    patch = {"spec": {"paused": True, "template": {"spec": containers}}}
    tenant.kubectl("patch", "deployment", "churn-serving", "-p", json.dumps(patch))
    said = (
        'Container "server" of Deployment "churn-serving" takes "MODEL_URI" from elsewhere (valueFrom), so there is no '
        "value to change. Give it a value of its own, or name another variable in rollout.env."
    )
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Failed", "EnvFromSource")
    assert ended["message"] == f"{said} The trained model is kept at {ended['result']['candidate']['uri']}."
    tenant.apply_policy("promote")
    eventually(lambda: tenant.ready().get("reason") == "EnvFromSource")
    assert (tenant.ready()["status"], tenant.ready()["message"]) == ("False", said)
    tenant.ask_for_a_run()
    tenant.kubectl("patch", "deployment", "churn-serving", "--type=json", "-p", json.dumps(_plain()))
    tenant.kubectl("rollout", "resume", NAME)
    assert tenant.ended(runs=2)["reason"] == "Promoted"


def _plain() -> list[Json]:
    at = "/spec/template/spec/containers/0/env/1"
    return [{"op": "replace", "path": at, "value": {"name": "MODEL_URI", "value": FIRST}}]
