"""Killed at any moment, the operator carries on; and two of them at once are one too many for nobody but themselves."""

import asyncio
from collections.abc import Callable

import pytest

from retrain_operator.edges.request import JOBS, RUNS
from retrain_operator.queue import Key
from tests.reconcile.story import POLICY, Story
from tests.runs import NEW, OLD, collected, evaluated, trained


async def promoted(story: Story) -> None:
    await story.seeing(0.12).to_the_end()


async def rejected(story: Story) -> None:
    story.answers = (collected(), trained(), evaluated(scores=[{"metric": "accuracy", "candidate": 0.7}]))
    await story.seeing(0.12).to_the_end()


async def rolled_back(story: Story) -> None:
    await story.seeing(0.12).until_quiet()
    story.train()
    await story.until_quiet()
    story.stuck()
    await story.until_quiet()
    await story.later("6m").until_quiet()


async def held_back(story: Story) -> None:
    story.api.lacking = {("patch", "deployments")}
    await story.seeing(0.12).to_the_end()
    story.api.lacking = set()
    await story.later("1h").to_the_end()


async def never_started(story: Story) -> None:
    await story.seeing(0.12).until_quiet()
    for job in story.api.find(JOBS):
        waiting = {"waiting": {"reason": "ErrImagePull"}}
        story.pod(job, [waiting, {"waiting": {}}, {"waiting": {}}])
    await story.until_quiet()
    await story.later("10m").until_quiet()


PLOTS = {
    "promoted": (promoted, "Succeeded", NEW.uri),
    "rejected": (rejected, "Rejected", OLD.uri),
    "rolled back": (rolled_back, "RolledBack", OLD.uri),
    "never started": (never_started, "Failed", OLD.uri),
    "held back": (held_back, "Succeeded", NEW.uri),
}


async def told(plot: Callable[[Story], object], kill_at: float | None = None) -> Story:
    story = Story()
    story.api.kill_at = kill_at
    await plot(story)  # type: ignore[misc]
    return story


@pytest.mark.parametrize("name", PLOTS)
async def test_killed_before_or_after_any_write_it_comes_to_the_same_end(name: str) -> None:
    plot, outcome, serving = PLOTS[name]
    whole = await told(plot)
    assert (whole.run.outcome, whole.serving) == (outcome, serving)
    for halves in range(1, 2 * len(whole.api.writes) + 1):
        story = await told(plot, kill_at=halves / 2)
        at = f"killed at write {halves / 2}"
        assert story.kills == 1, at
        assert (len(story.api.find(RUNS)), len(story.api.find(JOBS))) == (1, len(whole.api.find(JOBS))), at
        assert (story.count("create retrainruns"), story.count("create jobs")) == (1, 1), at
        assert (story.run.outcome, story.run.reason, story.serving) == (outcome, whole.run.reason, serving), at
        assert story.run.message == whole.run.message, at
        assert story.policy.last_run, at
        assert story.policy.last_run.name == story.api.find(RUNS)[0]["metadata"]["name"], at
        assert len(story.policy.history) == 1, at
        assert (story.policy.champion is None) == (whole.policy.champion is None), at


async def test_two_operators_at_once_start_one_run() -> None:
    story = Story()
    await story.seeing(0.02).until_quiet()
    story.seeing(0.12)
    another = story.an_operator()
    pauses = await asyncio.gather(story.operator(POLICY), another(POLICY))
    assert len([pause for pause in pauses if pause]) == 1, "one of them looks again"
    await asyncio.gather(story.operator(POLICY), another(POLICY))
    assert story.count("create retrainruns") == 1
    await story.to_the_end()
    assert (len(story.runs), story.run.outcome) == (1, "Succeeded")


async def test_two_operators_all_the_way_make_one_job_and_one_change() -> None:
    story = Story()
    another = story.an_operator()
    story.seeing(0.12)
    for step in range(60):
        keys = [POLICY, *(Key("run", "shop", run["metadata"]["name"]) for run in story.api.find(RUNS))]
        await asyncio.gather(*(operator(key) for key in keys for operator in (story.operator, another)))
        if step % 10 == 5:
            story.train()
            story.available()
    assert (len(story.runs), story.run.outcome, story.serving) == (1, "Succeeded", NEW.uri)
    assert (story.count("create retrainruns"), story.count("create jobs"), story.count("patch deployments")) == (
        1,
        1,
        1,
    )
    assert len(story.policy.history) == 1
