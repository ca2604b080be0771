"""A person lets a candidate into service, or does not, and may go back to any version later."""

import time
from typing import Any

import pytest

from tests.e2e.stage import REST, Json, Tenant, eventually

pytestmark = pytest.mark.cluster
FIRST = "file:///models/churn/v-first"


def by_hand(**more: str) -> dict[str, Any]:
    return {"targetRef": {"name": "churn-serving"}, "container": "server", "approval": "Manual", **more}


def waiting(tenant: Tenant, **more: str) -> Json:
    """A run whose candidate waits for a word."""
    tenant.apply_policy("promote", rollout=by_hand(**more), cooldown=REST)
    tenant.ask_for_a_run()
    eventually(lambda: tenant.policy().get("state") == "AwaitingApproval")
    tenant.describe()
    assert tenant.model() == FIRST
    return tenant.runs()[-1]


def test_a_candidate_waits_for_approval_and_is_then_rolled_out(tenant: Tenant) -> None:
    run = waiting(tenant)
    name, status = run["metadata"]["name"], run["status"]
    assert status["message"].startswith("The candidate passed and waits for approval until ")
    assert f"retrain.dev/approve={name}, or retrain.dev/reject={name}." in status["message"]
    # Who waits for a word is well, unless another story has stopped Prometheus for a moment.
    assert tenant.ready()["reason"] in ("Watching", "SourceUnreachable")
    tenant.annotate("approve", "another-run")
    tenant.annotate("approve", f"{name}@sha256:{'0' * 64}")
    eventually(lambda: "names another digest than the candidate's" in tenant.policy()["message"])
    assert tenant.model() == FIRST

    tenant.annotate("approve", name)
    ended = tenant.ended()
    assert ended["outcome"] == "Succeeded"
    approval = ended["approval"]
    assert (approval["decision"], approval["by"]) == ("Approved", "kubectl-annotate")
    assert approval["digest"] == ended["result"]["candidate"]["digest"]
    assert approval["since"] <= approval["at"]
    assert tenant.model() == ended["result"]["candidate"]["uri"]


def test_a_candidate_that_is_rejected_stays_out(tenant: Tenant) -> None:
    run = waiting(tenant)
    # Who signs is believed: the API server lets nobody sign for another.
    sign = f"retrain.dev/approved-by={tenant.me()}"
    tenant.kubectl("annotate", "retrainpolicy", "churn", sign, f"retrain.dev/reject={run['metadata']['name']}")
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Rejected", "RejectedByUser")
    assert ended["message"].startswith(f"{tenant.me()} rejected the candidate, so it is not rolled out.")
    assert tenant.model() == FIRST
    tenant.describe()


def test_a_word_that_does_not_come_in_time_is_a_no(tenant: Tenant) -> None:
    waiting(tenant, approvalTimeout="15s")
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Rejected", "ApprovalExpired")
    assert ended["message"].startswith("Nobody approved the candidate within 15s, so the model in service stays.")
    assert tenant.model() == FIRST
    tenant.describe()


def promoted(tenant: Tenant, runs: int) -> tuple[str, str]:
    """Name and model of a run that was just promoted."""
    tenant.ask_for_a_run()
    ended = tenant.ended(runs=runs)
    assert ended["outcome"] == "Succeeded"
    assert tenant.settled()["champion"]["uri"] == tenant.model()
    return tenant.runs()[-1]["metadata"]["name"], tenant.model()


def test_a_person_goes_back_to_the_model_of_an_earlier_run(tenant: Tenant) -> None:
    tenant.apply_policy("promote", cooldown=REST)
    first, old = promoted(tenant, 1)
    time.sleep(1)  # names of runs hold the second in which they were asked for
    _, new = promoted(tenant, 2)
    assert old != new
    tenant.kubectl("patch", "retrainpolicy", "churn", "--type=merge", "-p", '{"spec": {"suspend": true}}')

    tenant.annotate("undo-to", first)
    ended = tenant.ended(runs=3)
    assert (ended["outcome"], ended["reason"]) == ("Succeeded", "Undone")
    assert ended["message"] == f"The model of {first} is back in service."
    assert [step["state"] for step in ended["steps"]] == ["Skipped", "Skipped", "Skipped", "Succeeded"]
    assert tenant.model() == old
    status = tenant.settled()
    assert (status["champion"]["uri"], status["lastHandledUndo"]) == (old, first)
    assert [gone["uri"] for gone in status["quarantine"]] == [new]
    assert len(tenant.all_of("jobs")) == 2, "nothing is trained to go back"
    tenant.describe()

    tenant.annotate("undo-to", "nobody-knows")
    ended = tenant.ended(runs=4)
    assert (ended["outcome"], ended["reason"]) == ("Failed", "VersionUnknown")
    assert ended["message"].startswith('No version that was in service is known by the name "nobody-knows": ')
    assert tenant.model() == old
