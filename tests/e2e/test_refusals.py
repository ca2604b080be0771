"""Who says no, of six that may: each is provoked for real, told apart by its reason, and lifted again.

The account's own rights (RBAC) are in test_forbidden.
"""

import json
import time
from collections.abc import Iterator

import pytest
import yaml

from retrain_operator.decide.objection import layer
from retrain_operator.model.reason import Reason
from tests.cluster import paths
from tests.e2e.stage import FIRST, TARGET_REF, Json, Tenant, eventually, goes_on, kubectl, policy_spec, trains

pytestmark = pytest.mark.cluster
FORBIDDEN = "Training is complete and the candidate passed, but the deploy is forbidden: "
NO = "No model moves while the auditors are here."


def asks(tenant: Tenant, script: str = "promote") -> float:
    """A policy that rests for long after its run, and the one request for that; when it was made."""
    tenant.apply_policy(script, cooldown={"afterSuccess": "1h", "afterFailure": "1h"})
    tenant.ask_for_a_run()
    return time.monotonic()


def make(tenant: Tenant, kind: str, version: str, spec: Json) -> None:
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "strict"}, "spec": spec}
    tenant.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))


def missing(tenant: Tenant) -> list[tuple[str, str, str]]:
    return [(each["layer"], each["verb"], each["name"]) for each in tenant.policy().get("missing", [])]


def test_an_account_that_is_gone_is_told_and_its_grant_makes_it_anew(tenant: Tenant) -> None:
    asks(tenant, "slow")
    eventually(lambda: trains(tenant))
    tenant.kubectl("delete", "serviceaccount", "retrain-runner")
    status = tenant.blocked("ServiceAccountNotFound")
    account = f"ServiceAccount {tenant.namespace}/retrain-runner"
    assert status["message"].startswith(f"{FORBIDDEN}{account} does not exist. Create it, or name another")
    assert status["missing"][0]["layer"] == "ServiceAccountNotFound"
    assert tenant.model() == FIRST
    grant = eventually(lambda: tenant.policy().get("grant"))
    tenant.describe()
    tenant.kubectl("apply", "-f", "-", stdin=grant)
    assert goes_on(tenant, time.monotonic())["reason"] == "Promoted"


def test_a_door_that_is_shut_before_a_run_is_told_with_what_opens_it(tenant: Tenant) -> None:
    tenant.kubectl("delete", "rolebinding", "retrain-operator")
    asks(tenant)
    eventually(lambda: tenant.ready().get("reason") == "MissingPermission", 60)
    assert tenant.ready()["message"].startswith("The operator may not act as ServiceAccount")
    assert missing(tenant) == [("Impersonation", "impersonate", "retrain-runner")]
    assert (tenant.runs(), tenant.all_of("jobs")) == ([], [])
    tenant.describe()
    tenant.kubectl("apply", "-f", "-", stdin=tenant.policy()["grant"])
    assert tenant.ended()["reason"] == "Promoted"


def test_a_door_that_is_shut_during_a_run_is_told_as_that_and_the_run_goes_on(tenant: Tenant) -> None:
    door = tenant.kubectl("get", "rolebinding", "retrain-operator", "-o", "yaml")
    asks(tenant, "slow")
    eventually(lambda: trains(tenant))
    tenant.kubectl("delete", "rolebinding", "retrain-operator")
    status = tenant.blocked("MissingPermission")
    assert status["message"].startswith(f"{FORBIDDEN}The operator may not act as ServiceAccount {tenant.namespace}/")
    assert status["missing"][0]["layer"] == "Impersonation"
    eventually(lambda: missing(tenant) == [("Impersonation", "impersonate", "retrain-runner")])
    tenant.describe()
    tenant.kubectl("create", "-f", "-", stdin=_anew(door))
    ended = goes_on(tenant, time.monotonic())
    assert (ended["reason"], ended["job"]["made"]) == ("Promoted", 1)


def _anew(body: str) -> str:
    made = yaml.safe_load(body)
    made["metadata"] = {name: made["metadata"][name] for name in ("name", "namespace")}
    return yaml.safe_dump(made)


def test_a_quota_on_jobs_is_told_in_the_words_of_the_api_server(tenant: Tenant) -> None:
    make(tenant, "ResourceQuota", "v1", {"hard": {"count/jobs.batch": "0"}})
    asked = asks(tenant)
    status = tenant.blocked("QuotaExceeded", 60)
    print(f"asked to told: {time.monotonic() - asked:.1f} s")
    assert status["message"].startswith("The API server refused to create jobs.batch")
    eventually(
        lambda: "exceeded quota: strict, requested: count/jobs.batch=1" in tenant.blocked("QuotaExceeded")["message"]
    )
    assert status["missing"] == []
    assert tenant.all_of("jobs") == []
    assert eventually(lambda: tenant.policy().get("state") == "Blocked")
    assert tenant.ready()["reason"] == "QuotaExceeded"
    tenant.describe()
    tenant.kubectl("delete", "resourcequota", "strict")
    assert tenant.ended()["reason"] == "Promoted"


PODS: dict[str, tuple[str, Json, str]] = {
    "QuotaExceeded": ("ResourceQuota", {"hard": {"pods": "0"}}, "exceeded quota: strict, requested: pods=1"),
    "LimitRange": (
        "LimitRange",
        {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
        "maximum memory usage per Container is 64Mi, but limit is 128Mi",
    ),
}


@pytest.mark.parametrize("reason", PODS)
def test_a_job_that_may_have_no_pod_is_told_and_trains_once_it_may(tenant: Tenant, reason: str) -> None:
    kind, spec, sentence = PODS[reason]
    make(tenant, kind, "v1", spec)
    asked = asks(tenant)

    def told() -> Json | None:
        status: Json = tenant.runs()[-1].get("status", {}) if tenant.runs() else {}
        return status if status.get("reason") == reason else None

    status = eventually(told, 60)
    print(f"asked to told: {time.monotonic() - asked:.1f} s")
    assert status["state"] == "Training"
    assert status["message"].startswith(f"No pod of the Job can be made: {sentence}")
    assert len(tenant.all_of("jobs")) == 1
    assert _of_a_job(tenant) == []
    tenant.describe()
    tenant.kubectl("delete", kind.lower(), "strict")
    ended = tenant.ended()
    assert (ended["reason"], ended["job"]["made"]) == ("Promoted", 1)


def _of_a_job(tenant: Tenant) -> list[str]:
    labels = (pod["metadata"].get("labels", {}) for pod in tenant.all_of("pods"))
    return [each["batch.kubernetes.io/job-name"] for each in labels if "batch.kubernetes.io/job-name" in each]


def test_a_job_that_never_may_have_a_pod_fails_by_the_reason_of_the_quota(tenant: Tenant) -> None:
    make(tenant, "ResourceQuota", "v1", {"hard": {"requests.cpu": "0"}})
    trainer = {**policy_spec("promote", tenant.namespace)["trainer"], "startDeadline": "20s"}
    tenant.apply_policy("promote", trainer=trainer, cooldown={"afterFailure": "1h"})
    tenant.ask_for_a_run()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Failed", "QuotaExceeded")
    assert "exceeded quota: strict, requested: requests.cpu=10m" in ended["message"]
    eventually(lambda: tenant.all_of("jobs") == [])


@pytest.fixture
def auditors(tenant: Tenant) -> Iterator[str]:
    """An admission policy of the cluster's that binds this namespace alone."""
    name = f"no-models-in-{tenant.namespace}"
    kubectl("label", "namespace", tenant.namespace, f"audited={tenant.namespace}")
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    denied = {"expression": "!request.userInfo.username.endsWith(':retrain-runner')", "message": NO}
    policy = {"matchConstraints": {"resourceRules": [rule]}, "validations": [denied]}
    here = {"namespaceSelector": {"matchLabels": {"audited": tenant.namespace}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    group = "admissionregistration.k8s.io/v1"
    objects = [
        {"apiVersion": group, "kind": f"ValidatingAdmissionPolicy{kind}", "metadata": {"name": name}, "spec": spec}
        for kind, spec in (("", policy), ("Binding", binding))
    ]
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))
    yield name
    kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name, "--ignore-not-found")


def test_an_admission_policy_that_denies_the_deploy_is_told_in_its_own_words(tenant: Tenant, auditors: str) -> None:
    runner = f"system:serviceaccount:{tenant.namespace}:retrain-runner"
    attempt = ("annotate", "deployment", "churn-serving", "a=b", "--dry-run=server", f"--as={runner}")
    eventually(lambda: NO in tenant.kubectl(*attempt, check=False), 60)
    asks(tenant)
    status = tenant.blocked("AdmissionDenied")
    refused = 'The API server refused to patch deployments.apps "churn-serving": '
    assert status["message"].startswith(f"{FORBIDDEN}{refused}")
    assert f"denied request: {NO}" in status["message"]
    assert (status["missing"], tenant.model()) == ([], FIRST)
    assert eventually(lambda: tenant.policy().get("state") == "Blocked")
    tenant.describe()
    kubectl("delete", "validatingadmissionpolicybinding", auditors)
    ended = goes_on(tenant, time.monotonic())
    assert (ended["reason"], ended["job"]["made"]) == ("Promoted", 1)


HARDENED: Json = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "server",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}


def restrict(tenant: Tenant) -> None:
    kubectl("label", "namespace", tenant.namespace, "pod-security.kubernetes.io/enforce=restricted")


def test_a_whole_run_succeeds_where_pods_are_restricted(tenant: Tenant) -> None:
    tenant.kubectl("patch", "deployment", "churn-serving", "-p", json.dumps({"spec": {"template": {"spec": HARDENED}}}))
    restrict(tenant)
    asks(tenant)
    assert tenant.ended()["reason"] == "Promoted"
    tenant.describe()
    image = paths.images()["SCRIPTED_IMAGE"]
    refused = tenant.kubectl("run", "privileged", f"--image={image}", "--privileged", check=False)
    print(refused)
    assert 'violates PodSecurity "restricted:latest"' in refused
    assert layer(refused) is Reason.POD_SECURITY


def test_new_pods_that_pod_security_refuses_are_told_and_the_model_before_is_back(tenant: Tenant) -> None:
    restrict(tenant)
    tenant.apply_policy("promote", rollout={**TARGET_REF, "progressDeadline": "20s"}, cooldown={"afterFailure": "1h"})
    tenant.ask_for_a_run()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "PodSecurity")
    late = (
        'The rollout was not complete after 20s: no new pod of it can be made: violates PodSecurity "restricted:latest"'
    )
    assert ended["message"].startswith(late)
    assert (tenant.model(), ended["job"]["made"]) == (FIRST, 1)
