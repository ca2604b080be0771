"""What is forbidden: told once and exactly, with nothing lost, and carried on once it is permitted."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from retrain_operator.edges.request import POLICIES
from tests.decide.case import case
from tests.reconcile.story import POLICY, Story
from tests.runs import NEW, OLD

ACCOUNT = "ServiceAccount shop/retrain-runner"


async def test_a_deploy_that_is_forbidden_waits_with_the_model_and_goes_on_without_a_second_training() -> None:
    story = Story()
    await story.seeing(0.12).one_pass(POLICY)
    story.api.lacking = {("patch", "deployments")}
    await story.to_the_end()
    assert (story.run.state, story.run.outcome, story.policy.state) == ("Blocked", None, "Blocked")
    assert story.run.message.startswith(
        "Training is complete and the candidate passed, but the deploy is forbidden: "
        f'{ACCOUNT} may not patch deployments.apps "churn-serving".'
    )
    assert story.policy.message == story.run.message
    assert story.serving == OLD.uri
    before = list(story.api.writes)
    await story.later("24h").until_quiet()
    assert story.api.writes == before, "what is known is not written again"
    story.api.lacking = set()
    await story.to_the_end()
    assert (story.run.outcome, story.serving, story.count("create jobs")) == ("Succeeded", NEW.uri, 1)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a right to create Jobs", given=lambda api: api.lacking.add(("create", "jobs")),
             then=("MissingPermission", f"{ACCOUNT} may not create jobs.batch. Grant it by a Role in namespace shop. "
                   "The run goes on by itself once that is mended.")),
        case("a quota",
             given=lambda api: api.denials.update({("create", "jobs"): ("Forbidden", "exceeded quota: one")}),
             then=("QuotaExceeded", "The API server refused to create jobs.batch: exceeded quota: one. "
                   "The run goes on by itself once that is mended.")),
    ],
)  # fmt: skip
async def test_a_job_that_is_forbidden_is_made_once_it_is_not(
    given: Callable[[object], None], then: tuple[str, str]
) -> None:
    story = Story()
    await story.seeing(0.12).one_pass(POLICY)
    given(story.api)
    await story.until_quiet()
    assert (story.run.state, story.run.reason, story.run.message) == ("Blocked", *then)
    before = list(story.api.writes)
    await story.later("1h").until_quiet()
    assert story.api.writes == before
    story.api.lacking, story.api.denials = set(), {}
    await story.to_the_end()
    assert (story.run.outcome, story.count("create jobs")) == ("Succeeded", 1)


@pytest.mark.parametrize("reason", ["Forbidden", "Invalid"], ids=["a webhook", "an admission policy"])
async def test_a_patch_that_admission_denies_is_told_once_and_tried_until_it_passes(reason: str) -> None:
    story = Story()
    story.api.denials = {("patch", "deployments"): (reason, "admission denied the request: not on Fridays")}
    await story.seeing(0.12).to_the_end()
    assert (story.run.state, story.run.reason) == ("Blocked", "AdmissionDenied")
    before = list(story.api.writes)
    await story.later("24h").until_quiet()
    assert story.api.writes == before
    story.api.denials = {}
    await story.to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)


async def test_a_permission_that_is_taken_away_during_the_rollout() -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    story.train()
    await story.until_quiet()
    story.stuck()
    story.api.lacking = {("get", "deployments")}
    await story.later("1h").until_quiet()
    assert story.run.state == "Blocked"
    story.api.lacking = set()
    await story.until_quiet()
    assert story.run.state == "Deploying", "the time in which nobody could see it does not count"
    story.available()
    await story.until_quiet()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)


async def test_a_status_of_a_newer_operator_is_left_alone_and_told() -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    status = story.api.find(POLICIES)[0]["status"]
    status["activeRun"]["cause"] = "a word of the future"
    before, told = list(story.api.writes), len(story.api.events)
    assert await story.one_pass(POLICY) == timedelta(minutes=10)
    assert story.api.writes == before
    [event] = story.api.events[told:]
    assert (event["type"], event["reason"], event["involvedObject"]["name"]) == ("Warning", "StatusUnreadable", "churn")
    assert event["message"] == (
        "The status was written by a newer operator, or by hand, so nothing is done here until it can be read: upgrade "
        "the operator, or take status.activeRun away once its run has ended."
    )
