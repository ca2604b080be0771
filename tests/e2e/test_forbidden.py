"""The rights of the policy's account, by RBAC: what is missing is told when it is, and nothing is trained twice."""

import time

import pytest

from tests.e2e.stage import FIRST, JOBS, TARGET, TARGET_REF, Json, Tenant, eventually, goes_on, trains

pytestmark = pytest.mark.cluster


def may_not_patch(tenant: Tenant) -> str:
    return f'ServiceAccount {tenant.namespace}/retrain-runner may not patch deployments.apps "churn-serving".'


def lacks_patch(tenant: Tenant) -> Json:
    return {
        "layer": "RBAC",
        "account": f"ServiceAccount {tenant.namespace}/retrain-runner",
        "verb": "patch",
        "apiGroup": "apps",
        "resource": "deployments",
        "name": "churn-serving",
    }


def test_a_right_that_is_missing_before_a_run_is_told_with_what_grants_it_and_nothing_is_trained(
    tenant: Tenant,
) -> None:
    tenant.allow(TARGET, "get")
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    eventually(lambda: tenant.ready().get("reason") == "MissingPermission", 60)
    assert tenant.ready()["status"] == "False"
    right = f"{may_not_patch(tenant)} Grant it by a Role in namespace {tenant.namespace}."
    assert tenant.ready()["message"] == right
    policy = tenant.policy()
    assert (policy["state"], policy["reason"], policy["missing"]) == (
        "Idle",
        "MissingPermission",
        [lacks_patch(tenant)],
    )
    assert (tenant.runs(), tenant.all_of("jobs")) == ([], [])
    tenant.describe()

    granted = time.time()
    print(tenant.kubectl("apply", "-f", "-", stdin=policy["grant"]), policy["grant"], sep="\n")
    ended = tenant.ended()
    print(f"granted to deployed, with the training: {time.time() - granted:.1f} s")
    assert ended["outcome"] == "Succeeded"
    assert tenant.model() == ended["result"]["candidate"]["uri"]
    assert ended["job"]["made"] == len(tenant.all_of("jobs")) == len(tenant.runs()) == 1
    status = tenant.settled()
    assert (status["missing"], status["grant"]) == ([], "")


def test_a_deploy_that_is_forbidden_is_told_as_that_and_goes_on_when_the_right_is_back(tenant: Tenant) -> None:
    tenant.apply_policy("slow")
    tenant.ask_for_a_run()
    eventually(lambda: trains(tenant))
    tenant.allow(TARGET, "get")
    status = tenant.blocked("MissingPermission")
    said = f"Training is complete and the candidate passed, but the deploy is forbidden: {may_not_patch(tenant)}"
    assert status["message"].startswith(said)
    assert [step["state"] for step in status["steps"]] == ["Succeeded", "Succeeded", "Succeeded", "Blocked"]
    assert status["missing"] == [lacks_patch(tenant)]
    assert tenant.model() == FIRST
    policy = eventually(lambda: tenant.policy().get("state") == "Blocked" and tenant.policy())
    assert (policy["missing"], tenant.ready()["reason"]) == ([lacks_patch(tenant)], "MissingPermission")
    assert "kind: Role" in policy["grant"]
    tenant.describe()
    job = tenant.all_of("jobs")[0]["metadata"]["uid"]

    tenant.allow(TARGET, "get", "patch")
    ended = goes_on(tenant, time.monotonic())
    assert ended["outcome"] == "Succeeded"
    assert tenant.model() == status["result"]["candidate"]["uri"]
    assert [each["metadata"]["uid"] for each in tenant.all_of("jobs")] == [job]
    assert ended["job"]["made"] == 1
    assert len(tenant.runs()) == 1


def test_rights_that_are_taken_during_a_rollout_hold_the_run_and_it_goes_on_from_there(tenant: Tenant) -> None:
    tenant.kubectl("rollout", "pause", "deployment/churn-serving")
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    eventually(lambda: tenant.model() != FIRST)
    tenant.allow(TARGET, "list")
    status = tenant.blocked("MissingPermission")
    assert 'may not get deployments.apps "churn-serving"' in status["message"]
    tenant.describe()
    tenant.kubectl("rollout", "resume", "deployment/churn-serving")
    tenant.allow(TARGET, "get", "patch")
    ended = goes_on(tenant, time.monotonic())
    assert (ended["outcome"], ended["reason"], ended["job"]["made"]) == ("Succeeded", "Promoted", 1)
    assert tenant.model() == ended["rollout"]["to"]


def test_to_put_the_model_before_back_is_forbidden_and_is_done_when_the_right_is_back(tenant: Tenant) -> None:
    model = {"store": "file:///models/broken", "estimator": "SGDClassifier"}
    tenant.apply_policy("promote", rollout={**TARGET_REF, "progressDeadline": "20s"}, model=model)
    tenant.ask_for_a_run()
    eventually(lambda: tenant.model() != FIRST)
    tenant.allow(TARGET, "get")
    status = tenant.blocked("MissingPermission")
    assert status["message"].startswith("The rollout was not complete after 20s")
    assert f", but putting the model before back is forbidden: {may_not_patch(tenant)}" in status["message"]
    assert status["missing"] == [lacks_patch(tenant)]
    tenant.describe()
    tenant.allow(TARGET, "get", "patch")
    ended = goes_on(tenant, time.monotonic())
    assert ended["outcome"] == "RolledBack"
    assert ", so the model before is back." in ended["message"]
    assert tenant.model() == FIRST


def test_a_job_that_is_forbidden_holds_the_run_and_goes_on_when_the_right_is_there(tenant: Tenant) -> None:
    tenant.apply_policy("slow")
    tenant.ask_for_a_run()
    eventually(lambda: trains(tenant))
    tenant.allow(JOBS, "delete")
    tenant.kubectl("delete", "job", "--all")
    message = tenant.blocked("MissingPermission")["message"]
    assert message.startswith(f"ServiceAccount {tenant.namespace}/retrain-runner may not create jobs.batch.")
    assert tenant.all_of("jobs") == []
    tenant.describe()
    tenant.allow(JOBS, "create", "delete")
    ended = tenant.ended()
    assert (ended["outcome"], ended["job"]["made"]) == ("Succeeded", 2)


def test_who_wants_to_be_warned_only_gets_a_model_that_waits_for_the_right_to_deploy_it(tenant: Tenant) -> None:
    tenant.allow(TARGET, "get")
    tenant.apply_policy("promote", rollout={**TARGET_REF, "preflight": "Warn"})
    eventually(lambda: tenant.ready().get("status") == "True", 60)
    assert f"Its deploy will be held back: {may_not_patch(tenant)}" in tenant.ready()["message"]
    assert tenant.policy()["missing"] == [lacks_patch(tenant)]
    tenant.ask_for_a_run()
    status = tenant.blocked("MissingPermission")
    assert status["message"].startswith("Training is complete and the candidate passed, but the deploy is forbidden")
    tenant.describe()
    tenant.kubectl("apply", "-f", "-", stdin=eventually(lambda: tenant.policy().get("grant")))
    ended = goes_on(tenant, time.monotonic())
    assert (ended["outcome"], ended["job"]["made"]) == ("Succeeded", 1)
    assert tenant.model() == status["result"]["candidate"]["uri"]
