"""Who the operator is to a real API server, and every way in which that server refuses."""

import asyncio
import time
from typing import Any

import pytest

from retrain_operator.edges.kube import Kube
from retrain_operator.edges.refusal import Forbidden, Invalid
from retrain_operator.edges.request import (
    DEPLOYMENTS,
    JOBS,
    PODS,
    POLICIES,
    Resource,
)
from retrain_operator.model.access import Account, Right
from tests.crds import samples
from tests.edges.bodies import CONTAINER, a_job, runner

pytestmark = pytest.mark.cluster

QUOTAS = Resource("", "v1", "resourcequotas")
NAMESPACES = Resource("", "v1", "namespaces")
WHO_AM_I = Resource("authentication.k8s.io", "v1", "selfsubjectreviews")
ADMISSION = Resource("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")
BINDINGS = Resource("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings")


async def test_the_account_is_who_it_says_and_the_operator_stays_itself(operator: Kube, tenant: str) -> None:
    async def name(account: Account | None) -> Any:
        return (await operator.create(WHO_AM_I, None, {}, account=account))["status"]["userInfo"]["username"]

    names = await asyncio.gather(*(name(runner(tenant) if turn % 2 else None) for turn in range(20)))
    assert names == ["system:serviceaccount:retrain-system:retrain-operator", runner(tenant).user] * 10


async def test_an_account_that_does_not_let_the_operator_in(operator: Kube, tenant: str) -> None:
    stranger = Account(tenant, "default")
    with pytest.raises(Forbidden, match=rf"^The API server forbids {stranger} to get jobs\.batch") as caught:
        await operator.get(JOBS, tenant, "x", account=stranger)
    assert (caught.value.kind, caught.value.name) == ("serviceaccounts", "default")
    assert 'cannot impersonate resource "serviceaccounts"' in caught.value.detail
    with pytest.raises(Forbidden) as caught:
        await operator.review(stranger, [Right("get", "batch", "jobs", "x")])
    assert caught.value.kind == "serviceaccounts"


async def test_a_right_that_the_account_lacks(operator: Kube, tenant: str) -> None:
    with pytest.raises(Forbidden) as caught:
        await operator.get(DEPLOYMENTS, tenant, "somebody-elses", account=runner(tenant))
    error = caught.value
    assert error.message == (
        f'The API server forbids {runner(tenant)} to get deployments.apps "somebody-elses" in namespace {tenant}.'
    )
    assert (error.kind, error.group, error.name) == ("deployments", "apps", "somebody-elses")
    assert f'User "{runner(tenant).user}" cannot get resource "deployments"' in error.detail


async def test_the_operator_alone_may_not_touch_workloads(operator: Kube, tenant: str) -> None:
    with pytest.raises(Forbidden, match=r"^The API server forbids the operator to create jobs\.batch"):
        await operator.create(JOBS, tenant, a_job("own"))
    with pytest.raises(Forbidden, match=r"^The API server forbids the operator to get deployments\.apps"):
        await operator.get(DEPLOYMENTS, tenant, "churn-serving")


async def test_a_review_names_what_is_lacking(operator: Kube, tenant: str) -> None:
    held = (Right("create", "batch", "jobs"), Right("patch", "apps", "deployments", "churn-serving"))
    lacking = (
        Right("patch", "apps", "deployments", "somebody-elses"),
        Right("patch", "apps", "deployments/scale", "churn-serving"),
        Right("get", "", "secrets", "s3"),
    )
    assert await operator.review(runner(tenant), (*lacking[:1], *held, *lacking[1:])) == lacking
    assert await operator.review(runner(tenant), held) == ()


async def test_a_quota(operator: Kube, admin: Kube, tenant: str) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/jobs.batch": "0"}}}
    made = await admin.create(QUOTAS, tenant, quota)
    try:
        refused = await _first_refusal(operator, tenant)
        assert refused.kind == "jobs"
        assert "exceeded quota: few" in refused.detail
    finally:
        await admin.delete(QUOTAS, tenant, "few", uid=made["metadata"]["uid"])


async def test_pod_security(admin: Kube, tenant: str) -> None:
    await admin.patch(
        NAMESPACES, None, tenant, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    )
    with pytest.raises(Forbidden) as caught:
        await admin.create(PODS, tenant, {"metadata": {"name": "bold"}, "spec": {"containers": [CONTAINER]}})
    assert (caught.value.kind, caught.value.name) == ("pods", "bold")
    assert 'violates PodSecurity "restricted:latest"' in caught.value.detail


async def test_an_admission_policy(operator: Kube, admin: Kube, tenant: str) -> None:
    rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": tenant}}}
    no = {"expression": "!('team' in object.metadata.labels)", "message": "Ask the team.", "reason": "Forbidden"}
    policy = {"matchConstraints": {**where, "resourceRules": [rule]}, "validations": [no]}
    binding = {"policyName": tenant, "validationActions": ["Deny"]}
    made = [
        (kind, await admin.create(kind, None, {"metadata": {"name": tenant}, "spec": spec}))
        for kind, spec in ((ADMISSION, policy), (BINDINGS, binding))
    ]
    try:
        refused = await _first_refusal(operator, tenant)
        assert refused.kind == "jobs"
        assert f"ValidatingAdmissionPolicy '{tenant}'" in refused.detail
        assert [cause.message for cause in refused.causes if "Ask the team." in cause.message]
    finally:
        for kind, each in made:
            await admin.delete(kind, None, tenant, uid=each["metadata"]["uid"])


async def _first_refusal(operator: Kube, tenant: str) -> Forbidden:
    """The refusal of a Job; a new rule takes a moment to be known, and admits some until then."""
    for _ in range(100):
        try:
            await operator.create(JOBS, tenant, a_job(f"job-{time.monotonic_ns()}", team="a"), account=runner(tenant))
        except Forbidden as error:
            return error
        await asyncio.sleep(0.1)
    raise AssertionError("nothing was refused for 10 s")


async def test_what_is_not_valid_says_which_field(operator: Kube, admin: Kube, tenant: str) -> None:
    job = a_job("crooked")
    job["spec"]["template"]["spec"]["restartPolicy"] = "Perhaps"
    with pytest.raises(Invalid) as caught:
        await operator.create(JOBS, tenant, job, account=runner(tenant))
    assert caught.value.message == (
        f'The API server does not accept the request to create jobs.batch "crooked" in namespace {tenant} (HTTP 422).'
    )
    assert "spec.template.spec.restartPolicy" in caught.value.detail
    with pytest.raises(Invalid) as caught:
        await admin.create(POLICIES, tenant, {**samples.policy(triggers=[])})
    assert "spec.triggers" in caught.value.detail
