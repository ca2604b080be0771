"""Somebody else holds the field: seen, told by name, and not fought, during a rollout and long after it."""

from tests.reconcile.story import POLICY, Story
from tests.runs import NEW, OLD

ARGO = "argocd-controller"


async def test_a_champion_that_is_taken_out_is_seen_within_two_minutes_and_nothing_starts_by_itself() -> None:
    story = Story()
    await story.seeing(0.12).to_the_end()
    await story.seeing(0.02).until_quiet()
    pause = await story.one_pass(POLICY)
    assert pause is not None
    assert pause.total_seconds() <= 120
    story.sets(ARGO, OLD.uri).available()
    await story.later("2m").until_quiet()
    assert story.ready == ("False", "RevertedByManager")
    assert story.policy.message.startswith(f"{ARGO} put the model before v2 back into Deployment")
    before = list(story.api.writes)
    await story.later("1h").seeing(0.5).until_quiet()
    assert (len(story.runs), story.serving) == (1, OLD.uri)
    assert "patch deployments" not in story.api.writes[len(before) :]
    assert story.ready == ("False", "RevertedByManager")


async def test_once_the_champion_is_back_all_is_well_again() -> None:
    story = Story()
    await story.seeing(0.12).to_the_end()
    await story.seeing(0.02).later("2m").until_quiet()
    story.sets(ARGO, OLD.uri).available()
    await story.later("2m").until_quiet()
    story.sets(ARGO, NEW.uri).available()
    await story.later("10s").until_quiet()
    assert story.ready == ("True", "Watching")
    await story.seeing(0.12).until_quiet()
    assert len(story.runs) == 2


async def test_whoever_asks_by_hand_gets_a_run_all_the_same() -> None:
    story = Story()
    await story.seeing(0.12).to_the_end()
    await story.seeing(0.02).until_quiet()
    story.sets(ARGO, OLD.uri).available()
    await story.later("2m").until_quiet()
    await story.ask().to_the_end()
    assert (len(story.runs), story.serving) == (2, NEW.uri)
    assert story.ready == ("True", "Watching")


async def test_a_rollout_that_is_reverted_ends_the_run_and_is_not_tried_again_by_itself() -> None:
    story = Story()
    await story.seeing(0.12).until_deployed()
    story.stuck()
    await story.until_quiet()
    story.sets(ARGO, OLD.uri).available()
    await story.to_the_end()
    assert (story.run.outcome, story.run.reason, story.serving) == ("RolledBack", "RevertedByManager", OLD.uri)
    assert story.run.message.startswith(f"{ARGO} put the model before back into Deployment")
    assert story.ready == ("False", "RevertedByManager")
    await story.later("1h").seeing(0.5).to_the_end()
    assert (len(story.runs), story.count("patch deployments")) == (1, 1)
    await story.ask().to_the_end()
    assert (len(story.runs), story.serving, story.ready) == (2, NEW.uri, ("True", "Watching"))
