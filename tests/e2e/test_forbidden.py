"""The deploy step is permitted by RBAC or it is not: what is missing is told, and nothing is trained a second time."""

import pytest

from tests.e2e.stage import Tenant, eventually

pytestmark = pytest.mark.cluster
PATCH = '[{"op": "replace", "path": "/rules/1/verbs", "value": %s}]'


def test_a_deploy_that_is_forbidden_is_told_as_that_and_goes_on_when_the_right_is_back(tenant: Tenant) -> None:
    tenant.kubectl("patch", "role", "retrain-runner", "--type=json", "-p", PATCH % '["get"]')
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()

    def blocked() -> bool:
        return any(run.get("status", {}).get("state") == "Blocked" for run in tenant.runs())

    eventually(blocked, 60)
    status = tenant.runs()[0]["status"]
    right = f'ServiceAccount {tenant.namespace}/retrain-runner may not patch deployments.apps "churn-serving".'
    said = f"Training is complete and the candidate passed, but the deploy is forbidden: {right}"
    assert status["message"].startswith(said)
    assert [step["state"] for step in status["steps"]] == ["Succeeded", "Succeeded", "Succeeded", "Blocked"]
    assert status["missing"] == [
        {
            "layer": "RBAC",
            "account": f"ServiceAccount {tenant.namespace}/retrain-runner",
            "verb": "patch",
            "apiGroup": "apps",
            "resource": "deployments",
            "name": "churn-serving",
        }
    ]
    assert tenant.model() == "file:///models/churn/v-first"
    assert eventually(lambda: tenant.policy().get("state") == "Blocked")
    tenant.show()
    job = tenant.all_of("jobs")[0]["metadata"]["uid"]

    tenant.kubectl("patch", "role", "retrain-runner", "--type=json", "-p", PATCH % '["get", "patch"]')
    ended = tenant.ended()
    assert ended["outcome"] == "Succeeded"
    assert tenant.model() == status["result"]["candidate"]["uri"]
    assert [each["metadata"]["uid"] for each in tenant.all_of("jobs")] == [job]
    assert ended["job"]["made"] == 1
    assert len(tenant.runs()) == 1


def test_a_job_that_is_forbidden_holds_the_run_and_goes_on_when_the_right_is_there(tenant: Tenant) -> None:
    jobs = '[{"op": "replace", "path": "/rules/0/verbs", "value": %s}]'
    tenant.kubectl("patch", "role", "retrain-runner", "--type=json", "-p", jobs % '["delete"]')
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    eventually(lambda: any(run.get("status", {}).get("state") == "Blocked" for run in tenant.runs()))
    message = tenant.runs()[0]["status"]["message"]
    assert message.startswith(f"ServiceAccount {tenant.namespace}/retrain-runner may not create jobs.batch.")
    assert tenant.all_of("jobs") == []
    tenant.kubectl("patch", "role", "retrain-runner", "--type=json", "-p", jobs % '["create", "delete"]')
    assert tenant.ended()["outcome"] == "Succeeded"
