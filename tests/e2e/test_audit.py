"""The API server's audit log as a witness: who wrote what while runs of every end went through the operator."""

from collections import Counter
from datetime import datetime

import pytest

from tests.e2e import audit
from tests.e2e.audit import Act
from tests.e2e.stage import MONITORING, REST, Tenant, asking, eventually, kubectl

pytestmark = pytest.mark.cluster

ALLOWED = {
    ("itself", "create", "retrainruns"),
    ("itself", "delete", "retrainruns"),
    ("itself", "patch", "retrainruns/status"),
    ("itself", "patch", "retrainpolicies/status"),
    ("itself", "create", "events"),
    ("account", "create", "jobs"),
    ("account", "delete", "jobs"),
    ("account", "patch", "deployments"),
    ("account", "create", "selfsubjectaccessreviews"),
}
"""All that the operator writes: who, verb, resource."""
OURS = ("retrainpolicies", "retrainruns")
JANITORS = ("system:serviceaccount:kube-system:generic-garbage-collector", "kubernetes-admin")


def test_nothing_is_written_by_another_identity_than_the_list_says(tenant: Tenant) -> None:
    since = audit.now()
    _promoted_with_a_credential(tenant)
    _ended_before_its_job_began(tenant)
    _forgotten(tenant)
    wrote = [act for act in audit.acts(since) if act.verb not in audit.READS]
    here = [act for act in wrote if tenant.namespace in (act.namespace, act.home)]
    _show(tenant, here)
    assert {(act.who, act.verb, act.resource) for act in here if not act.refused} == ALLOWED
    assert {act.acting_as for act in here} == {"", f"system:serviceaccount:{tenant.namespace}:retrain-runner"}
    # Other stories go on at the same time, with the same operator: what is refused there by intent is no write.
    elsewhere = [act for act in wrote if not act.refused]
    assert [act for act in elsewhere if (act.who, act.verb, act.resource) not in ALLOWED] == []
    _nobody_leaves_home(since)
    _nobody_else_writes_our_objects(tenant, since)


def _promoted_with_a_credential(tenant: Tenant) -> None:
    """A run by a metric that is asked for with a Secret, from its Job to the rollout."""
    tenant.kubectl("create", "secret", "generic", "reader", "--from-literal=token=not-told-to-anybody")
    tenant.kubectl("create", "role", "reader", "--verb=get", "--resource=secrets", "--resource-name=reader")
    tenant.kubectl(
        *("create", "rolebinding", "reader", "--role=reader"), f"--serviceaccount={tenant.namespace}:retrain-runner"
    )
    tenant.drift(0.5)
    own = asking(tenant, address=f"http://prometheus.{MONITORING}.svc:9090", secretRef={"name": "reader"})
    tenant.apply_policy("promote", triggers=own, cooldown=REST)
    assert tenant.ended()["outcome"] == "Succeeded"


def _ended_before_its_job_began(tenant: Tenant) -> None:
    """A run whose image is absent: the operator removes its Job."""
    spec = tenant.get("retrainpolicy", "churn")["spec"]
    trainer = {**spec["trainer"], "image": "localhost/there-is-no-such-image:v1", "startDeadline": "10s"}
    tenant.apply_policy("promote", name="late", trainer=trainer, cooldown=REST)
    tenant.ask_for_a_run("late")
    assert tenant.ended(name="late")["reason"] == "ImagePullFailed"
    eventually(lambda: len(tenant.all_of("jobs")) == 1)


def _forgotten(tenant: Tenant) -> None:
    """A run of which no history is kept: the operator removes it."""
    tenant.apply_policy("reject", name="brief", history={"successfulRuns": 0, "failedRuns": 0}, cooldown=REST)
    tenant.ask_for_a_run("brief")
    eventually(lambda: (tenant.policy("brief").get("lastRun") or {}).get("outcome") == "Rejected")
    eventually(lambda: tenant.runs("brief") == [])


def _show(tenant: Tenant, acts: list[Act]) -> None:
    print(tenant.kubectl("get", "retrainpolicies,retrainruns,jobs", "-o", "wide"))
    print(tenant.kubectl("describe", "retrainpolicy", "late"))
    counted = Counter((act.who, act.verb, act.resource, act.code) for act in acts)
    for (who, verb, resource, code), count in sorted(counted.items()):
        print(f"{who:8} {verb:7} {resource:26} HTTP {code}  {count}")


def _nobody_leaves_home(since: datetime) -> None:
    """As an account the operator touches its namespace alone, and by itself it never reads a Secret."""
    done = [act for act in audit.acts(since) if not act.refused]
    acted = [act for act in done if act.acting_as]
    assert acted
    assert [act for act in acted if act.resource != "selfsubjectaccessreviews" and act.namespace != act.home] == []
    read = [act for act in done if act.resource.startswith("secrets")]
    assert read
    assert {(act.who, act.verb) for act in read} == {("account", "get")}


def _nobody_else_writes_our_objects(tenant: Tenant, since: datetime) -> None:
    """Runs and statuses are the operator's alone; the garbage collector removes what a deletion leaves."""
    wrote = [act for act in audit.acts(since, tenant.namespace) if act.verb not in audit.READS and act.code < 300]
    ours = [act for act in wrote if act.resource.split("/")[0] in OURS and not act.by_the_operator]
    assert {act.resource for act in ours} == {"retrainpolicies"}
    assert {act.user for act in ours} <= set(JANITORS)


def test_a_namespace_that_lets_nobody_in_is_read_and_told_but_never_written(tenant: Tenant) -> None:
    since = audit.now()
    tenant.kubectl("delete", "rolebinding", "retrain-operator")
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    eventually(lambda: tenant.ready().get("reason") == "MissingPermission")
    print(tenant.kubectl("describe", "retrainpolicy", "churn"))
    done = [act for act in audit.acts(since) if act.namespace == tenant.namespace and act.verb not in audit.READS]
    assert {(act.who, act.verb, act.resource) for act in done} == {
        ("itself", "patch", "retrainpolicies/status"),
        ("itself", "create", "events"),
    }
    # It asks first whether the account may, which takes acting as it, and asks for nothing more when that is refused.
    refused = {(act.verb, act.resource) for act in audit.acts(since) if act.refused and act.by_the_operator}
    assert ("create", "selfsubjectaccessreviews") in refused
    assert not [act for act in audit.acts(since) if act.refused and act.namespace == tenant.namespace]
    assert kubectl("get", "jobs", "-n", tenant.namespace, "-o", "name") == ""
