"""Every kind of trigger against the real Prometheus, and who may ask it."""

import time
from datetime import datetime, timedelta

import pytest

from tests.e2e.stage import MONITORING, REST, Tenant, asking, eventually, stands
from tests.e2e.test_kill import kill

pytestmark = pytest.mark.cluster


def test_a_breach_that_waits_is_not_forgotten_when_the_operator_is_killed(tenant: Tenant) -> None:
    tenant.drift(0.5)
    tenant.apply_policy("promote", triggers=asking(tenant, **{"for": "40s"}), cooldown=REST)
    eventually(lambda: stands(tenant) == ("Pending", "Breached"))
    breached = datetime.fromisoformat(tenant.policy()["triggers"][0]["breachedSince"])
    time.sleep(10)
    kill()
    run = eventually(tenant.runs, 120)[0]
    fired = datetime.fromisoformat(run["spec"]["cause"]["at"])
    print(f"fired {(fired - breached).total_seconds():.0f} s after the breach began, for is 40 s")
    # A check later than its time by a busy machine is no fault; one before its time, or a wait begun anew, is.
    assert timedelta(seconds=40) <= fired - breached
    assert datetime.fromisoformat(run["spec"]["cause"]["breachedSince"]) == breached


def test_data_that_grows_by_more_than_a_fifth_starts_a_run_and_is_the_new_measure(tenant: Tenant) -> None:
    query = f'drift{{tenant="{tenant.namespace}"}}'
    growth = [{"name": "growth", "dataVolume": {"query": query, "growthPercent": 20}}]
    tenant.drift(1000)
    tenant.apply_policy("promote", triggers=growth, cooldown=REST)
    eventually(lambda: (tenant.policy().get("triggers") or [{}])[0].get("baseline") == 1000)
    tenant.drift(1200)
    time.sleep(10)
    assert tenant.runs() == []
    tenant.drift(1250)
    run = eventually(tenant.runs)[0]
    assert run["spec"]["cause"]["message"] == "growth is 1250, up by 25 % from 1000; more than 20 %."
    assert tenant.ended()["outcome"] == "Succeeded"
    eventually(lambda: tenant.policy()["triggers"][0].get("baseline") == 1250)
    eventually(lambda: stands(tenant)[0] == "Healthy")


def test_a_schedule_starts_a_run_in_its_minute(tenant: Tenant) -> None:
    every_minute = [{"name": "minutely", "schedule": {"cron": "* * * * *", "timeZone": "Europe/Berlin"}}]
    tenant.apply_policy("promote", triggers=every_minute, cooldown=REST)
    run = eventually(tenant.runs, 90)[0]
    slot = datetime.fromisoformat(run["spec"]["cause"]["at"])
    applied = datetime.fromisoformat(tenant.get("retrainpolicy", "churn")["metadata"]["creationTimestamp"])
    assert slot > applied, "no slot from before the policy is made up for"
    assert slot.second == 0
    assert run["spec"]["cause"]["message"] == f"The slot of {slot:%Y-%m-%d %H:%M} UTC of minutely has come."
    made = datetime.fromisoformat(run["metadata"]["creationTimestamp"])
    print(f"slot to run: {(made - slot).total_seconds():.0f} s")


def test_who_asks_by_hand_is_recorded_and_answered_once(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote", cooldown=REST)
    tenant.ask_for_a_run()
    tenant.ended()
    [run] = tenant.runs()
    cause = run["spec"]["cause"]
    assert (cause["trigger"], cause["requestedBy"]) == ("manual", "kubectl-annotate")
    assert cause["message"] == ("A run was asked for by kubectl-annotate with the annotation retrain.dev/requestedAt.")
    assert tenant.policy()["lastHandledRequest"] == cause["request"]


def test_a_credential_goes_only_where_it_is_allowed_and_is_read_as_the_policys_account(tenant: Tenant) -> None:
    allowed = f"http://prometheus.{MONITORING}.svc:9090"
    tenant.drift(0.5)
    own = asking(tenant, address="http://prometheus.elsewhere.svc:9090", secretRef={"name": "reader"})
    tenant.apply_policy("promote", triggers=own, cooldown=REST)
    eventually(lambda: stands(tenant) == ("Error", "SourceNotAllowed"))

    tenant.apply_policy("promote", triggers=asking(tenant, address=allowed, secretRef={"name": "reader"}))
    eventually(lambda: stands(tenant) == ("Error", "CredentialNotReadable"))
    message = tenant.policy()["triggers"][0]["message"]
    assert 'get secrets "reader"' in message, message
    assert tenant.runs() == []

    tenant.kubectl("create", "secret", "generic", "reader", "--from-literal=token=not-told-to-anybody")
    tenant.kubectl("create", "role", "reader", "--verb=get", "--resource=secrets", "--resource-name=reader")
    who = f"--serviceaccount={tenant.namespace}:retrain-runner"
    tenant.kubectl("create", "rolebinding", "reader", "--role=reader", who)
    assert eventually(tenant.runs, 120)[0]["spec"]["cause"]["message"] == "drift is 0.5, above 0.1."
