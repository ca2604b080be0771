"""Killed at any moment, the operator carries on: one run, one Job, the same end."""

import time

import pytest

from tests.e2e.stage import Tenant, eventually, kubectl

pytestmark = pytest.mark.cluster


def kill() -> None:
    kubectl("-n", "retrain-system", "delete", "pod", "--all", "--force", "--grace-period=0", "--wait=false")


@pytest.mark.parametrize("seconds", [0.0, 0.5, 2.0, 6.0])
def test_a_killed_operator_carries_the_run_on(tenant: Tenant, seconds: float) -> None:
    tenant.apply_policy("promote", cooldown={"afterSuccess": "1h"})
    tenant.ask_for_a_run()
    time.sleep(seconds)
    kill()
    ended = tenant.ended(seconds=120)
    assert ended["outcome"] == "Succeeded"
    assert len(tenant.runs()) == 1
    assert len(tenant.all_of("jobs")) == 1
    assert ended["job"]["made"] == 1
    eventually(lambda: tenant.policy().get("champion", {}).get("uri") == tenant.model(), 30)
