"""What a user may get wrong: each is told by a reason and a sentence, and nothing in service is touched."""

import copy
import time
from functools import partial
from typing import Any

import pytest

from tests.e2e.stage import MONITORING, Tenant, eventually, kubectl, policy_spec

pytestmark = pytest.mark.cluster
TARGET: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server", "env": "MODEL_URI"}


UNFIT: dict[str, tuple[dict[str, Any], str, str]] = {
    "another-deployment": (
        {"rollout": {**TARGET, "targetRef": {"name": "nothing"}}},
        "MissingPermission",
        'may not get deployments.apps "nothing" and patch deployments.apps "nothing". Grant it by a Role in namespace',
    ),
    "another-container": (
        {"rollout": {**TARGET, "container": "nobody"}},
        "ContainerNotFound",
        'Deployment "churn-serving" has no container "nobody", but only "server".',
    ),
    "another-variable": (
        {"rollout": {**TARGET, "env": "MODEL"}},
        "EnvNotFound",
        'Deployment "churn-serving" has no plain variable "MODEL", but only "KEPT", "MODEL_URI".',
    ),
    "another-account": (
        {"serviceAccountName": "nobody"},
        "ServiceAccountNotFound",
        "/nobody does not exist. Create it, or name another",
    ),
}


def _is_not_ready_for(tenant: Tenant, name: str, reason: str) -> bool:
    return bool(tenant.ready(name).get("reason") == reason)


def test_a_target_that_is_not_fit_is_told_within_seconds_and_no_run_starts(tenant: Tenant) -> None:
    for name, (changes, reason, message) in UNFIT.items():
        tenant.apply_policy("reject", name=name, **changes)
        applied = time.monotonic()
        eventually(partial(_is_not_ready_for, tenant, name, reason))
        # The bound is a second, which a busy machine must not decide, so it is printed and not asserted.
        print(f"{name}: told {time.monotonic() - applied:.2f} s after kubectl apply")
        assert tenant.ready(name)["status"] == "False"
        assert message in tenant.ready(name)["message"]
        tenant.ask_for_a_run(name)
    for name, (_, reason, _) in UNFIT.items():
        assert tenant.ready(name)["reason"] == reason
    assert tenant.all_of("retrainruns") == []
    for name in UNFIT:
        tenant.apply_policy("reject", name=name)
    for name in UNFIT:
        assert tenant.ended(name=name)["outcome"] == "Rejected"


def test_a_missing_deployment_is_told(tenant: Tenant) -> None:
    tenant.kubectl("delete", "deployment", "churn-serving")
    tenant.apply_policy("promote")
    eventually(lambda: tenant.ready().get("reason") == "TargetNotFound")
    assert tenant.ready()["message"] == 'Deployment "churn-serving" does not exist in this namespace.'


def test_a_namespace_that_did_not_let_the_operator_in_is_told(tenant: Tenant) -> None:
    tenant.kubectl("delete", "rolebinding", "retrain-operator")
    tenant.apply_policy("promote")
    eventually(lambda: tenant.ready().get("reason") == "MissingPermission")
    assert tenant.ready()["message"] == (
        f"The operator may not act as ServiceAccount {tenant.namespace}/retrain-runner: apply manifests/tenant in "
        f"namespace {tenant.namespace} to let it in."
    )


def test_a_time_zone_that_is_none_is_named_within_a_second(tenant: Tenant) -> None:
    schedule = {"cron": "0 0 * * *", "timeZone": "Europe/Atlantis"}
    tenant.apply_policy("promote", triggers=[{"name": "nightly", "schedule": schedule}])
    eventually(lambda: tenant.ready().get("reason") == "InvalidSpec")
    assert "timeZone 'Europe/Atlantis' is not an IANA time zone" in tenant.ready()["message"]
    stalled = next(each for each in tenant.policy()["conditions"] if each["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "InvalidSpec")
    tenant.apply_policy("promote")
    eventually(lambda: [each["type"] for each in tenant.policy()["conditions"]] == ["Ready", "Triggered"])


def test_an_image_that_cannot_be_pulled_is_told_and_the_run_ends(tenant: Tenant) -> None:
    trainer = copy.deepcopy(policy_spec("promote", tenant.namespace)["trainer"])
    trainer |= {"image": "localhost/there-is-no-such-image:v1", "startDeadline": "10s"}
    tenant.apply_policy("promote", trainer=trainer)
    tenant.ask_for_a_run()
    ended = tenant.ended(seconds=60)
    assert (ended["outcome"], ended["reason"]) == ("Failed", "ImagePullFailed")
    assert ended["message"].startswith("Image localhost/there-is-no-such-image:v1 cannot be pulled (")
    eventually(lambda: tenant.all_of("jobs") == [])


def test_prometheus_gone_starts_nothing_is_told_and_heals(tenant: Tenant) -> None:
    kubectl("-n", MONITORING, "scale", "deployment/prometheus", "--replicas=0")
    try:
        tenant.apply_policy("promote")
        eventually(lambda: tenant.ready().get("reason") == "SourceUnreachable")
        assert tenant.runs() == []
    finally:
        kubectl("-n", MONITORING, "scale", "deployment/prometheus", "--replicas=1")
        kubectl("-n", MONITORING, "rollout", "status", "deployment/prometheus", "--timeout=60s")
    eventually(lambda: tenant.ready().get("status") == "True")
