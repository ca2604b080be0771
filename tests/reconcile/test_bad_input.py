"""What is missing, mistaken or another's: told by name within one pass, nothing stuck, nothing in service touched."""

from collections.abc import Callable

import pytest

from retrain_operator.edges.refusal import KubeError
from retrain_operator.edges.request import DEPLOYMENTS, JOBS, POLICIES, RUNS, SERVICE_ACCOUNTS
from retrain_operator.model.reason import Reason
from retrain_operator.model.status import PolicyStatus
from tests.decide.case import case
from tests.reconcile.story import POLICY, Story

ACCOUNT = "ServiceAccount shop/retrain-runner"


def ready(policy: PolicyStatus) -> tuple[str, str, str]:
    (found,) = (each for each in policy.conditions if each.type == "Ready")
    return found.status, found.reason, found.message


def without_account(story: Story) -> None:
    story.api.remove(SERVICE_ACCOUNTS, "retrain-runner")
    story.api.lacking = {("get", "deployments")}


def shut_out(story: Story) -> None:
    story.api.shut_out = True


def without_target(story: Story) -> None:
    story.api.remove(DEPLOYMENTS, "churn-serving")


def with_other_containers(story: Story) -> None:
    story.target["spec"]["template"]["spec"]["containers"].pop()


def with_other_variables(story: Story) -> None:
    story.target["spec"]["template"]["spec"]["containers"][1]["env"].pop()


def with_a_model_of_another_kind(story: Story) -> None:
    story.target["spec"]["template"]["spec"]["containers"][1]["env"][1]["value"] = "models:/churn/3"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no account", given=without_account, then=("ServiceAccountNotFound", f"{ACCOUNT} does not exist.")),
        case("not let in", given=shut_out, then=("MissingPermission", f"The operator may not act as {ACCOUNT}: ")),
        case("no target", given=without_target, then=("TargetNotFound", 'Deployment "churn-serving" does not exist')),
        case("no container", given=with_other_containers, then=("ContainerNotFound", 'Deployment "churn-serving" has')),
        case("no variable", given=with_other_variables, then=("EnvNotFound", 'Container "server" of Deployment')),
        case("no readable model", given=with_a_model_of_another_kind, then=("ModelNotReadable", "MODEL_URI of")),
    ],
)
async def test_what_is_missing_is_told_within_one_pass_and_no_run_starts(
    given: Callable[[Story], None], then: tuple[str, str]
) -> None:
    story = Story()
    given(story)
    await story.ask().operator(POLICY)
    status, reason, message = ready(story.policy)
    assert (status, reason) == ("False", then[0])
    assert message.startswith(then[1])
    assert story.policy.message == message
    await story.until_quiet()
    assert (story.runs, story.policy.active_run) == ([], None)
    assert list(story.api.writes) == ["patch retrainpolicies/status"]


async def test_once_the_target_is_there_what_was_asked_for_is_done() -> None:
    story = Story()
    target = story.target
    without_target(story)
    await story.ask().until_quiet()
    story.api.put(DEPLOYMENTS, "churn-serving", target)
    story.available()
    await story.to_the_end()
    assert (story.run.outcome, ready(story.policy)[0]) == ("Succeeded", "True")


async def test_a_claim_whose_target_vanished_waits_for_it() -> None:
    story = Story()
    target = story.target
    story.api.kill_at = 1
    await story.seeing(0.12).one_pass(POLICY)
    assert story.policy.active_run, "killed between claim and run"
    without_target(story)
    await story.until_quiet()
    assert (story.runs, ready(story.policy)[1]) == ([], "TargetNotFound")
    story.api.put(DEPLOYMENTS, "churn-serving", target)
    story.available()
    await story.to_the_end()
    assert story.run.outcome == "Succeeded"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a schema's rule was broken", given={"interval": "soon"},
             then="The spec cannot be followed: spec.interval: 'soon' is not a duration such as 90s, 5m or 1h30m."),
        case("a day that never comes", given={"triggers": [{"name": "n", "schedule": {"cron": "0 0 30 2 *"}}]},
             then="The spec cannot be followed: trigger n: cron '0 0 30 2 *' names a day that never comes."),
    ],
)  # fmt: skip
async def test_a_spec_that_cannot_be_followed_is_named_and_followed_once_mended(
    given: dict[str, object], then: str
) -> None:
    story = Story()
    await story.until_quiet()
    body = story.api.objects["retrainpolicies", "shop", "churn"]
    spec = dict(body["spec"])
    body["spec"] |= given
    story.api.changed(body, spec=True)
    assert await story.operator(POLICY) is None
    assert (story.policy.state, story.policy.message) == ("Invalid", then)
    assert story.seen.watched == set()
    body["spec"] = spec
    story.api.changed(body, spec=True)
    await story.seeing(0.02).until_quiet()
    assert story.policy.state == "Idle"


async def test_a_job_that_the_api_server_does_not_accept_ends_the_run() -> None:
    story = Story()
    story.api.denials = {("create", "jobs"): ("Invalid", "spec.template: memory request exceeds its limit")}
    await story.seeing(0.12).until_quiet()
    assert (story.run.outcome, story.run.reason) == ("Failed", Reason.JOB_REFUSED)
    assert story.run.message == (
        "The API server does not accept the trainer's Job: spec.template: memory request exceeds its limit."
    )
    assert story.policy.active_run is None


async def test_a_foreign_job_of_that_name_ends_the_run() -> None:
    story = Story()
    await story.seeing(0.12).one_pass(POLICY)
    (run,) = story.api.find(RUNS)
    story.api.put(JOBS, run["metadata"]["name"], {})
    await story.until_quiet()
    assert (story.run.outcome, story.run.reason) == ("Failed", "NameTaken")


async def test_a_foreign_run_of_that_name_is_not_taken_for_ours() -> None:
    story = Story()
    story.api.kill_at = 1
    await story.seeing(0.12).one_pass(POLICY)
    claim = story.policy.active_run
    assert claim
    story.api.put(RUNS, claim.name, {"metadata": {"ownerReferences": [{"uid": "another", "controller": True}]}})
    await story.until_quiet()
    assert story.policy.active_run is None
    assert story.policy.last_run
    assert (story.policy.last_run.outcome, story.policy.last_run.reason) == ("Failed", "NameTaken")
    await story.seeing(0.12).to_the_end()
    assert story.policy.last_run.outcome == "Succeeded"


async def test_a_run_that_somebody_made_by_hand_moves_nothing() -> None:
    story = Story()
    await story.seeing(0.12).to_the_end()
    [real] = story.api.find(RUNS)
    before = list(story.api.writes)
    story.api.put(RUNS, "churn-forged", {"spec": real["spec"], "metadata": {"labels": real["metadata"]["labels"]}})
    await story.until_quiet()
    assert story.api.writes == before
    assert len(story.api.find(JOBS)) == 1


async def test_an_api_server_that_fails_is_left_to_the_queue() -> None:
    story = Story()
    story.api.denials = {("get", "retrainpolicies"): ("Invalid", "it is broken")}
    with pytest.raises(KubeError):
        await story.operator(POLICY)
    story.api.denials = {}
    await story.seeing(0.12).to_the_end()
    assert story.run.outcome == "Succeeded"


async def test_a_status_that_somebody_broke_is_found_out_again() -> None:
    story = Story()
    await story.seeing(0.02).until_quiet()
    body = story.api.objects["retrainpolicies", "shop", "churn"]
    body["status"] = {"state": "Dancing", "conditions": 7}
    story.api.changed(body)
    await story.until_quiet()
    assert story.policy.state == "Idle"
    assert story.api.find(POLICIES) == [body]
