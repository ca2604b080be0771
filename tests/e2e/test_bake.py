"""A model in service must prove itself: it is watched for a while, and taken back when it does not keep well."""

from typing import Any

import pytest

from tests.e2e.stage import REST, Tenant, eventually

pytestmark = pytest.mark.cluster
FIRST = "file:///models/churn/v-first"


def baking(duration: str) -> dict[str, Any]:
    return {"targetRef": {"name": "churn-serving"}, "container": "server", "bake": {"duration": duration}}


def state(tenant: Tenant) -> str:
    return str(tenant.policy().get("state", ""))


def test_a_model_that_does_not_keep_well_is_taken_back_quarantined_and_not_trained_again(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote", rollout=baking("10m"))
    eventually(lambda: tenant.ready().get("status") == "True")
    tenant.ask_for_a_run()
    eventually(lambda: state(tenant) == "Baking")
    candidate = tenant.model()
    assert candidate != FIRST
    tenant.describe()

    tenant.drift(0.4)
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "BakeBreached")
    assert ended["message"] == (
        "The model did not stay healthy in service (drift is 0.4, above 0.1), so the model before is back. The trained "
        f"model is kept at {candidate}. It is not rolled out again, nor is the same data trained on again in the same "
        "way."
    )
    assert tenant.model() == FIRST
    tenant.describe()
    [gone] = eventually(lambda: tenant.policy().get("quarantine"))
    assert (gone["uri"], gone["reason"]) == (candidate, "BakeBreached")
    template = tenant.get("deployment", "churn-serving")["spec"]["template"]["metadata"]
    assert "retrain.dev/model-digest" not in template.get("annotations", {}), "it stands as it stood before"

    # The breach goes on, so runs start; none of them trains on what was learned from already.
    again = tenant.ended(runs=2)
    known = tenant.runs()[1]["spec"]["knownData"]
    assert known == tenant.runs()[0]["status"]["result"]["dataDigest"]
    assert again["outcome"] == "NoNewData"
    assert tenant.model() == FIRST


def test_a_model_that_keeps_well_stays(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote", rollout=baking("10s"), cooldown=REST)
    tenant.ask_for_a_run()
    eventually(lambda: state(tenant) == "Baking")
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Succeeded", "Promoted")
    # Other stories kill the operator and stop Prometheus for a moment; then the bake takes longer and says so.
    assert ended["message"].startswith("The candidate is in service. It")
    assert "accuracy is 0.9 against 0.8 of the champion" in ended["message"]
    assert tenant.model() == ended["result"]["candidate"]["uri"]


def test_what_a_run_was_started_to_heal_may_take_its_time(tenant: Tenant) -> None:
    tenant.drift(0.4)
    tenant.apply_policy("promote", rollout=baking("10s"), cooldown=REST)
    eventually(lambda: state(tenant) == "Baking")
    assert tenant.ended()["outcome"] == "Succeeded"


def test_a_person_may_reject_a_model_that_is_watched(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote", rollout=baking("10m"), cooldown=REST)
    tenant.ask_for_a_run()
    eventually(lambda: state(tenant) == "Baking")
    tenant.annotate("reject", tenant.runs()[0]["metadata"]["name"])
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "RejectedByUser")
    assert ended["message"].startswith("kubectl-annotate rejected the candidate, so the model before is back.")
    assert tenant.model() == FIRST


def test_without_metric_triggers_there_is_nothing_to_watch_but_the_clock(tenant: Tenant) -> None:
    yearly = [{"name": "yearly", "schedule": {"cron": "0 0 1 1 *"}}]
    tenant.apply_policy("promote", rollout=baking("5s"), triggers=yearly, cooldown=REST)
    tenant.ask_for_a_run()
    assert tenant.ended()["outcome"] == "Succeeded"
