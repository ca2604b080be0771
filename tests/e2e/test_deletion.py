"""A policy or its namespace goes in the middle of a run: what the run made goes with it, and nothing hangs."""

import time
from pathlib import Path

import pytest

from tests.e2e import install
from tests.e2e.stage import FIRST, Tenant, eventually, kubectl, trains

pytestmark = pytest.mark.cluster
KINDS = "retrainpolicies,retrainruns,jobs"


def in_training(tenant: Tenant) -> None:
    tenant.apply_policy("slow")
    tenant.ask_for_a_run()
    eventually(lambda: trains(tenant))
    tenant.describe()


def nothing_is_left(tenant: Tenant) -> bool:
    trainers = tenant.kubectl("get", "pods", "-l", "app.kubernetes.io/managed-by=retrain-operator", "-o", "name")
    return not tenant.kubectl("get", KINDS, "-o", "name") and not trainers


def test_a_policy_that_is_deleted_in_the_middle_of_a_run_takes_all_of_it_along(tenant: Tenant) -> None:
    in_training(tenant)
    deleted = time.monotonic()
    tenant.kubectl("delete", "retrainpolicy", "churn", "--timeout=30s")
    eventually(lambda: nothing_is_left(tenant))
    print(f"deleted to nothing left: {time.monotonic() - deleted:.1f} s")
    assert tenant.model() == FIRST
    assert tenant.get("deployment", "churn-serving")["metadata"]["generation"] == 1

    # Under the same name another policy begins from nothing.
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    assert tenant.ended()["reason"] == "Promoted"
    assert len(tenant.runs()) == 1


def test_a_policy_that_is_deleted_during_its_rollout_leaves_the_target_as_it_is(tenant: Tenant) -> None:
    tenant.kubectl("rollout", "pause", "deployment/churn-serving")
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    eventually(lambda: tenant.model() != FIRST)
    model = tenant.model()
    tenant.kubectl("delete", "retrainpolicy", "churn", "--timeout=30s")
    eventually(lambda: nothing_is_left(tenant))
    tenant.kubectl("rollout", "resume", "deployment/churn-serving")
    tenant.kubectl("rollout", "status", "deployment/churn-serving", "--timeout=60s")
    assert tenant.model() == model


def test_a_namespace_and_a_policy_that_go_while_the_operator_is_away_need_nobody(
    installed: None, tmp_path: Path, shared: Path
) -> None:
    whole, other = (install.tenant(folder) for folder in (_folder(tmp_path, "whole"), _folder(tmp_path, "other")))
    for tenant in (whole, other):
        in_training(tenant)
    with install.operator_away(shared):
        gone = time.monotonic()
        kubectl("delete", "namespace", whole.namespace, "--wait=false")
        other.kubectl("delete", "retrainpolicy", "churn", "--timeout=30s")
        eventually(lambda: nothing_is_left(other))
        print(f"policy deleted to nothing left: {time.monotonic() - gone:.1f} s")
        kubectl("wait", "--for=delete", f"namespace/{whole.namespace}", "--timeout=120s")
        print(f"namespace deleted to gone: {time.monotonic() - gone:.1f} s")
    assert other.model() == FIRST
    other.apply_policy("promote")
    other.ask_for_a_run()
    assert other.ended()["reason"] == "Promoted"
    other.describe()
    kubectl("delete", "namespace", other.namespace, "--wait=false")


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
