"""What happens while there is no Prometheus to ask. It takes minutes, so its name lets it begin before the others."""

import time

import pytest

from tests.e2e.stage import MONITORING, REST, Tenant, asking, eventually, kubectl, stands

pytestmark = pytest.mark.cluster
OUTAGE = 120


def test_while_prometheus_is_away_nothing_starts_and_the_policy_says_so(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote", triggers=asking(tenant, source="spare"), cooldown=REST)
    eventually(lambda: stands(tenant) == ("Healthy", "Healthy"), 60)

    kubectl("-n", MONITORING, "scale", "deployment/spare", "--replicas=0")
    tenant.drift(0.5)
    gone = time.monotonic()
    eventually(lambda: stands(tenant) == ("Error", "SourceUnreachable"), 60)
    ready = eventually(lambda: tenant.ready().get("status") == "False" and tenant.ready())
    assert ready["reason"] == "SourceUnreachable"
    print(tenant.kubectl("get", "retrainpolicy", "-o", "wide"), ready["message"])
    assert f"drift: Prometheus at spare.{MONITORING}.svc:9090" in ready["message"]
    while time.monotonic() - gone < OUTAGE:
        assert tenant.runs() == []
        time.sleep(5)

    kubectl("-n", MONITORING, "scale", "deployment/spare", "--replicas=1")
    run = eventually(tenant.runs, 400)[0]
    print(f"back after {time.monotonic() - gone - OUTAGE:.0f} s")
    assert run["spec"]["cause"]["message"] == "drift is 0.5, above 0.1."
    eventually(lambda: tenant.ready().get("status") == "True")
