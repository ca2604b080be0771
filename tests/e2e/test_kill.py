"""Killed at any moment, the operator carries on: one run, one Job, the same end."""

import time
from pathlib import Path

import pytest

from tests.e2e import install
from tests.e2e.stage import Tenant, eventually, kubectl

pytestmark = pytest.mark.cluster
MOMENTS = (0.2, 2.0, 5.0, 8.0)
"""Seconds from the request to a kill: while the run is claimed, while the Job is made, in training, in the rollout."""


def kill() -> None:
    kubectl("-n", "retrain-system", "delete", "pod", "--all", "--force", "--grace-period=0", "--wait=false")


def test_an_operator_killed_again_and_again_carries_every_run_on(installed: None, tmp_path: Path) -> None:
    tenants = [install.tenant(_folder(tmp_path, number)) for number in range(len(MOMENTS))]
    for tenant in tenants:
        tenant.apply_policy("promote", cooldown={"afterSuccess": "1h"})
    for tenant, before, at in zip(tenants, (0.0, *MOMENTS), MOMENTS, strict=False):
        tenant.ask_for_a_run()
        time.sleep(at - before)
        kill()
    for tenant in tenants:
        _carried_on(tenant)
        kubectl("delete", "namespace", tenant.namespace, "--wait=false")


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder


def _carried_on(tenant: Tenant) -> None:
    ended = tenant.ended(seconds=120)
    assert ended["outcome"] == "Succeeded"
    assert len(tenant.runs()) == 1
    assert len(tenant.all_of("jobs")) == 1
    assert ended["job"]["made"] == 1
    eventually(lambda: tenant.policy().get("champion", {}).get("uri") == tenant.model())


def test_a_run_that_somebody_deletes_is_not_made_again(tenant: Tenant) -> None:
    tenant.apply_policy("slow", cooldown={"afterFailure": "1h"})
    tenant.ask_for_a_run()
    eventually(lambda: tenant.policy().get("activeRun", {}).get("made") and tenant.all_of("jobs"))
    tenant.kubectl("delete", "retrainrun", "--all")
    eventually(lambda: (tenant.policy().get("lastRun") or {}).get("outcome") == "Cancelled")
    eventually(lambda: tenant.all_of("jobs") == [], 60)
    assert tenant.runs() == []
    assert tenant.policy()["lastRun"]["message"].startswith("Somebody deleted run churn-")
