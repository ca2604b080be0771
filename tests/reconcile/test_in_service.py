"""A model in service must prove itself, and a person may say yes or no; as whole stories."""

from typing import Any

import pytest

from retrain_operator.edges.request import RUNS
from retrain_trainer.contract import CollectOutcome
from tests.reconcile.story import NO_REST, Story
from tests.runs import NEW, OLD, collected, evaluated, skipped, trained

ROLLOUT: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server"}
BAKE: dict[str, Any] = {"rollout": ROLLOUT | {"bake": {"duration": "10m"}}}
MANUAL: dict[str, Any] = {"rollout": ROLLOUT | {"approval": "Manual", "approvalTimeout": "2h"}}
DATA = "sha256:" + "d" * 64
SEEN = (collected(data_digest=DATA), trained(), evaluated())


async def baking() -> Story:
    story = Story(**BAKE)
    story.answers = SEEN
    await story.seeing(0.12).to_the_end()
    assert (story.run.state, story.policy.state, story.serving) == ("Baking", "Baking", NEW.uri)
    await story.seeing(0.02).until_quiet()
    return story


async def waiting() -> Story:
    story = Story(**MANUAL)
    await story.seeing(0.12).to_the_end()
    assert (story.run.state, story.policy.state, story.serving) == ("AwaitingApproval", "AwaitingApproval", OLD.uri)
    assert story.policy.message == story.run.message
    return story


async def test_a_model_that_stays_healthy_stays() -> None:
    story = await baking()
    before = list(story.api.writes)
    await story.later("5m").seeing(0.02).until_quiet()
    assert story.api.writes == before, "a watch is not a write"
    await story.later("5m").seeing(0.02).to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)
    assert story.policy.champion
    assert (story.policy.champion.uri, story.policy.champion.before) == (NEW.uri, OLD.uri)
    assert story.policy.quarantine == ()


async def test_a_model_that_does_worse_is_taken_back_and_its_like_is_not_trained_again() -> None:
    story = await baking()
    await story.later("1m").seeing(0.3).to_the_end()
    assert (story.run.outcome, story.run.reason, story.serving) == ("RolledBack", "BakeBreached", OLD.uri)
    assert [(each.digest, each.reason) for each in story.policy.quarantine] == [(NEW.digest, "BakeBreached")]
    assert story.policy.champion is None
    annotations = story.target["spec"]["template"]["metadata"]["annotations"]
    assert "retrain.dev/model-digest" not in annotations, "they are as they were"
    story.answers = (collected(CollectOutcome.NO_NEW_DATA), *skipped())
    await story.later("1m").seeing(0.3).to_the_end()
    _, second = story.api.find(RUNS)
    assert second["spec"]["knownData"] == DATA, "its inputs are known"
    assert story.serving == OLD.uri


async def test_a_breach_that_a_prometheus_outage_hides_does_not_pass_for_health() -> None:
    story = await baking()
    story.seen.newest.clear()
    await story.later("15m").until_quiet()
    assert story.run.state == "Baking"
    await story.seeing(0.3).to_the_end()
    assert (story.run.reason, story.serving) == ("BakeBreached", OLD.uri)


async def test_an_operator_that_was_away_for_all_of_the_bake_looks_before_it_says_well() -> None:
    story = await baking()
    story.seen.watched.clear()
    story.seen.newest.clear()
    story.operator = story.an_operator()
    await story.later("1h").until_quiet()
    assert story.run.outcome == "Succeeded"
    assert "at the end of which drift gave no number" in story.run.message


async def test_who_says_no_during_the_bake_gets_the_model_before() -> None:
    story = await baking()
    await story.later("1m").says("reject", story.name).to_the_end()
    assert (story.run.outcome, story.run.reason, story.serving) == ("RolledBack", "RejectedByUser", OLD.uri)
    assert story.run.message.startswith("kubectl-annotate rejected the candidate, so the model before is back.")


async def test_a_candidate_waits_for_a_yes() -> None:
    story = await waiting()
    before = list(story.api.writes)
    await story.later("1h").until_quiet()
    assert story.api.writes == before, "a wait is not a write"
    await story.says("approve", story.name).to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)
    assert story.run.approval
    assert (story.run.approval.decision, story.run.approval.by) == ("Approved", "kubectl-annotate")


async def test_who_said_yes_before_there_was_anything_to_see_says_it_again() -> None:
    story = Story(**MANUAL)
    await story.seeing(0.12).until_quiet()
    story.says("approve", story.name).later("1m").train()
    await story.until_quiet()
    assert (story.run.state, story.serving) == ("AwaitingApproval", OLD.uri)
    assert f"say {story.name}@{NEW.digest}" in story.run.message
    await story.later("1m").says("approve", f"{story.name}@{NEW.digest}").to_the_end()
    assert story.serving == NEW.uri


@pytest.mark.parametrize(("word", "reason"), [("reject", "RejectedByUser"), ("", "ApprovalExpired")])
async def test_a_no_or_no_word_at_all_changes_nothing(word: str, reason: str) -> None:
    story = await waiting()
    if word:
        story.says(word, story.name)
    await story.later("2h").to_the_end()
    assert (story.runs[0].outcome, story.runs[0].reason, story.serving) == ("Rejected", reason, OLD.uri)
    assert story.policy.failures_in_a_row == 0
    assert story.count("patch deployments") == 0


async def test_where_the_target_may_not_be_changed_the_change_is_recommended_once() -> None:
    story = Story(rollout=ROLLOUT | {"mode": "RecommendOnly"}, cooldown=NO_REST | {"afterSuccess": "1h"})
    story.answers, story.api.lacking = SEEN, {("patch", "deployments")}
    await story.seeing(0.12).to_the_end()
    assert (story.run.outcome, story.run.reason, story.serving) == ("Succeeded", "Recommended", OLD.uri)
    assert NEW.uri in story.run.recommendation
    assert (story.policy.champion, story.ready) == (None, ("True", "Watching"))
    await story.later("1h").seeing(0.12).until_quiet()
    _, second = story.api.find(RUNS)
    assert second["spec"]["knownData"] == DATA, "its inputs are known"
