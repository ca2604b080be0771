"""The main job as stories: a metric leaves its range, a run trains, and the Deployment moves or stays."""

import pytest

from retrain_operator.edges.request import JOBS, POLICIES, RUNS
from retrain_trainer.contract import CollectOutcome
from tests.reconcile.story import POLICY, Story
from tests.runs import NEW, OLD, collected, evaluated, skipped, trained

WORSE = (collected(), trained(), evaluated(scores=[{"metric": "accuracy", "candidate": 0.7}]))


async def test_drift_is_healed() -> None:
    story = Story()
    await story.seeing(0.02).until_quiet()
    assert (story.policy.state, story.runs, story.api.writes) == ("Idle", [], ["patch retrainpolicies/status"])
    await story.seeing(0.12).until_quiet()
    assert (story.policy.state, story.run.message) == ("Training", "Waiting for the trainer's pod to start.")
    await story.to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)
    annotations = story.target["spec"]["template"]["metadata"]["annotations"]
    assert annotations["retrain.dev/model-digest"] == NEW.digest
    env = story.target["spec"]["template"]["spec"]["containers"][1]["env"]
    assert env[0] == {"name": "KEPT", "value": "as-it-was"}
    assert story.policy.champion
    assert story.policy.champion.uri == NEW.uri
    assert (len(story.api.find(RUNS)), len(story.api.find(JOBS))) == (1, 1)


async def test_its_diary_reads_from_cause_to_end() -> None:
    story = Story()
    await (await story.seeing(0.12).until_quiet()).to_the_end()
    (run,) = story.api.find(RUNS)
    name = run["metadata"]["name"]
    passed = "accuracy is 0.9 against 0.8 of the champion (gain at least +0.08)."
    assert [f"{each['involvedObject']['kind']} {each['reason']}: {each['message']}" for each in story.api.events] == [
        "RetrainPolicy Watching: The triggers are checked, and a run starts when one fires.",
        f"RetrainPolicy RunStarted: Run {name} starts: drift is 0.12, above 0.1.",
        "RetrainRun Training: The Job is being made.",
        "RetrainRun Deploying: The candidate passed and is about to be rolled out.",
        f"RetrainRun Succeeded: The candidate is in service. {passed}",
        f"RetrainPolicy Succeeded: Run {name}: The candidate is in service. {passed}",
    ]


async def test_a_worse_candidate_changes_nothing() -> None:
    story = Story()
    story.answers = WORSE
    await story.seeing(0.12).to_the_end()
    assert (story.run.outcome, story.serving, story.count("patch deployments")) == ("Rejected", OLD.uri, 0)
    assert story.policy.champion is None
    (ready,) = (each for each in story.policy.conditions if each.type == "Ready")
    assert ready.status == "True"


async def test_the_first_model_of_all() -> None:
    story = Story(model="")
    story.answers = (collected(), trained(), evaluated(champion=None))
    await story.seeing(0.12).to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)


async def test_with_no_cooldown_each_breached_observation_starts_a_run_and_none_starts_two() -> None:
    story = Story(history={"failedRuns": 9})
    story.answers = (collected(CollectOutcome.NO_NEW_DATA), *skipped())
    counts = []
    for value in (0.02, 0.05, 0.12, 0.03, 0.15):
        await story.seeing(value).to_the_end()
        counts.append(len(story.runs))
    assert counts == [0, 0, 1, 1, 2]
    assert [run.cause for run in story.policy.history] == ["drift is 0.15, above 0.1.", "drift is 0.12, above 0.1."]


async def test_a_run_that_was_asked_for_by_hand() -> None:
    story = Story()
    await story.seeing(0.02).ask().to_the_end()
    assert story.run.outcome == "Succeeded"
    assert (story.policy.last_handled_request, len(story.runs)) == ("now", 1)


async def test_who_asks_again_after_somebody_else_gets_a_run_again() -> None:
    story = Story()
    for value in ("tom", "ann", "tom"):
        await story.later("1m").ask(value).to_the_end()
    assert len({run.name for run in story.policy.history}) == 3


async def test_a_run_by_the_clock_once_for_its_slot() -> None:
    story = Story(triggers=[{"name": "nightly", "schedule": {"cron": "0 12 * * *"}}])
    assert await story.operator(POLICY) == story.now.replace(hour=12) - story.now
    await story.later("2h").to_the_end()
    assert (len(story.runs), story.run.outcome) == (1, "Succeeded")
    await story.later("30m").to_the_end()
    assert len(story.runs) == 1


async def test_a_rollout_that_does_not_progress_is_undone_and_the_model_is_kept() -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    story.train()
    await story.until_quiet()
    assert story.serving == NEW.uri
    story.stuck()
    await story.later("4m59s").until_quiet()
    assert (
        story.run.message
        == 'Waiting for the rollout of Deployment "churn-serving": 1 of 2 replicas updated, 2 available, 1 old left.'
    )
    await story.later("1s").until_quiet()
    assert (story.run.state, story.serving) == ("Deploying", OLD.uri)
    assert story.run.message.startswith("The rollout was not complete after 5m: the model before is put back. ")
    story.available()
    await story.until_quiet()
    assert story.run.outcome == "RolledBack"
    assert story.run.message.endswith(f"The trained model is kept at {NEW.uri}.")
    assert story.policy.champion is None


async def test_old_runs_are_removed_but_never_that_of_the_champion() -> None:
    story = Story(history={"successfulRuns": 1, "failedRuns": 1})
    await story.seeing(0.12).to_the_end()
    (run,) = story.api.find(RUNS)
    story.answers = WORSE
    for _ in range(3):
        await story.seeing(0.12).to_the_end()
    kept = [each["metadata"]["name"] for each in story.api.find(RUNS)]
    assert len(kept) == 2
    assert run["metadata"]["name"] in kept
    assert len(story.api.find(JOBS)) == 2, "a Job goes with its run"
    assert len(story.policy.history) == 4


async def test_a_policy_that_is_gone_is_asked_about_no_longer() -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    assert story.seen.watched == {POLICY}
    story.api.remove(POLICIES, "churn")
    assert await story.operator(POLICY) is None
    assert story.seen.watched == set()
    assert (story.api.find(RUNS), story.api.find(JOBS)) == ([], []), "its runs and Jobs go with it"


@pytest.mark.parametrize("value", [0.02, 0.12])
async def test_a_second_look_at_the_same_facts_writes_nothing(value: float) -> None:
    story = Story()
    await story.seeing(value).until_quiet()
    before = list(story.api.writes)
    await story.until_quiet()
    assert story.api.writes == before
