"""Going back to a version by an annotation: at any time, without training, and remembered."""

from typing import Any

from retrain_operator.edges.request import JOBS, RUNS
from retrain_trainer.contract import ModelRef
from tests.reconcile.story import Story
from tests.runs import NEW, OLD, collected, evaluated, trained

NEWER = ModelRef(uri="file:///models/churn/v000003-abc", digest="sha256:" + "5" * 64)
FURTHER = (collected(), trained(), evaluated(candidate=NEWER, champion=NEW))


async def promoted_twice(**spec: Any) -> Story:
    """The first run made the model before the one in service."""
    story = Story(**spec)
    await story.seeing(0.12).to_the_end()
    story.answers = FURTHER
    await story.later("1m").seeing(0.12).to_the_end()
    assert [run.outcome for run in story.policy.history] == ["Succeeded", "Succeeded"]
    assert story.serving == NEWER.uri
    await story.seeing(0.02).until_quiet()
    return story


def first(story: Story) -> str:
    return story.policy.history[-1].name


async def test_the_model_of_a_run_is_put_back_without_training() -> None:
    story = await promoted_twice()
    jobs = len(story.api.find(JOBS))
    await story.says("undo-to", first(story)).to_the_end()
    assert (story.runs[-1].outcome, story.runs[-1].reason, story.serving) == ("Succeeded", "Undone", NEW.uri)
    assert len(story.api.find(JOBS)) == jobs
    assert [step.state for step in story.runs[-1].steps] == ["Skipped", "Skipped", "Skipped", "Succeeded"]
    assert story.policy.champion
    assert (story.policy.champion.uri, story.policy.champion.before) == (NEW.uri, NEWER.uri)
    assert [(each.uri, each.reason) for each in story.policy.quarantine] == [(NEWER.uri, "Undone")]
    annotations = story.target["spec"]["template"]["metadata"]["annotations"]
    assert annotations["retrain.dev/model-digest"] == NEW.digest


async def test_the_same_word_is_heard_again_only_after_it_was_taken_away() -> None:
    story = await promoted_twice()
    word = first(story)
    await story.says("undo-to", word).to_the_end()
    await story.later("1h").until_quiet()
    assert len(story.runs) == 3
    await story.says("undo-to", "").until_quiet()
    await story.later("1m").says("undo-to", word).to_the_end()
    assert [run.reason for run in story.policy.history] == ["Undone", "Undone", "Promoted", "Promoted"]
    assert len(story.policy.quarantine) == 1


async def test_a_version_that_was_left_is_not_gone_back_to_by_run_nor_by_folder() -> None:
    story = await promoted_twice()
    newest = story.policy.history[0].name
    await story.says("undo-to", first(story)).to_the_end()
    for name in (newest, "v000003-abc"):
        await story.later("1m").says("undo-to", name).to_the_end()
        assert (story.runs[-1].outcome, story.runs[-1].reason) == ("Failed", "Quarantined"), name
    assert (story.serving, story.policy.failures_in_a_row) == (NEW.uri, 0)


async def test_a_name_that_nobody_knows_ends_with_a_word_and_is_no_failure() -> None:
    story = await promoted_twice(limits={"failureLimit": 1})
    await story.says("undo-to", "no-such-run").to_the_end()
    assert (story.runs[-1].outcome, story.runs[-1].reason) == ("Failed", "VersionUnknown")
    assert (story.serving, story.policy.failures_in_a_row, story.ready) == (NEWER.uri, 0, ("True", "Watching"))


async def test_a_folder_that_is_named_gets_the_digest_that_is_known_of_it() -> None:
    story = await promoted_twice()
    body = story.api.objects["retrainpolicies", "shop", "churn"]
    story.sets("kubectl-edit", NEW.uri)
    await story.says("undo-to", "v000003-abc").to_the_end()
    assert body["status"]["champion"]["digest"] == NEWER.digest


async def test_it_works_while_suspended_with_an_open_circuit_and_without_the_rights_to_train() -> None:
    story = await promoted_twice()
    body = story.api.objects["retrainpolicies", "shop", "churn"]
    body["spec"]["suspend"] = True
    story.api.changed(body, spec=True)
    story.api.lacking = {("create", "jobs"), ("delete", "jobs")}
    await story.until_quiet()
    await story.says("undo-to", first(story)).to_the_end()
    assert (story.runs[-1].reason, story.serving) == ("Undone", NEW.uri)
    assert story.policy.state == "Suspended"
    assert story.ready == ("False", "MissingPermission"), "what training lacks is told all the same"


async def test_it_waits_for_the_run_under_way() -> None:
    story = await promoted_twice()
    await story.later("1m").seeing(0.12).until_quiet()
    assert story.policy.state == "Training"
    await story.says("undo-to", first(story)).until_quiet()
    assert len(story.runs) == 3
    story.answers = (collected(), trained(), evaluated(candidate=NEWER, champion=NEWER, scores=WORSE))
    await story.to_the_end()
    assert [run.outcome for run in story.policy.history][:2] == ["Succeeded", "Rejected"]
    assert (len(story.runs), story.runs[-1].reason, story.serving) == (4, "Undone", NEW.uri)


WORSE = [{"metric": "accuracy", "candidate": 0.7}]


async def test_the_model_that_was_there_before_the_operator_cannot_be_named_by_a_run() -> None:
    story = Story()
    await story.seeing(0.12).to_the_end()
    await story.says("undo-to", OLD.uri).to_the_end()
    assert (story.runs[-1].reason, story.serving) == ("VersionUnknown", NEW.uri)
    assert len(story.api.find(RUNS)) == 2


async def gone_back(kill_at: float | None = None) -> tuple[Story, list[str]]:
    story = Story()
    await story.seeing(0.12).to_the_end()
    story.answers = FURTHER
    await story.later("1m").seeing(0.12).to_the_end()
    await story.seeing(0.02).until_quiet()
    before = len(story.api.writes)
    story.api.kill_at = kill_at and before + kill_at
    await story.says("undo-to", first(story)).to_the_end()
    return story, story.api.writes[before:]


async def test_killed_before_or_after_any_write_it_goes_back_once() -> None:
    whole, writes = await gone_back()
    assert (whole.runs[-1].reason, whole.serving) == ("Undone", NEW.uri)
    for halves in range(1, 2 * len(writes) + 1):
        story, written = await gone_back(kill_at=halves / 2)
        at = f"killed at write {halves / 2}"
        assert story.kills == 1, at
        assert [run.reason for run in story.policy.history] == ["Undone", "Promoted", "Promoted"], at
        assert written.count("create retrainruns") == written.count("patch deployments") == 1, at
        assert story.serving == NEW.uri, at
        assert story.policy.champion, at
        assert (story.policy.champion.uri, story.policy.champion.before) == (NEW.uri, NEWER.uri), at
        assert len(story.policy.quarantine) == 1, at
