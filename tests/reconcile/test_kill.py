"""Killed at any moment, the operator carries on; and two of them at once are one too many for nobody but themselves."""

import asyncio
from collections.abc import Awaitable, Callable

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
    story.available()
    await story.until_quiet()


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


async def stayed(story: Story) -> None:
    await story.seeing(0.12).to_the_end()
    await story.seeing(0.02).until_quiet()
    await story.later("10m").seeing(0.02).to_the_end()


async def did_worse(story: Story) -> None:
    await story.seeing(0.12).to_the_end()
    await story.seeing(0.02).until_quiet()
    await story.later("1m").seeing(0.3).to_the_end()


async def let_in(story: Story) -> None:
    await story.seeing(0.12).to_the_end()
    await story.later("1m").says("approve", story.name).to_the_end()


async def refused(story: Story) -> None:
    await story.seeing(0.12).to_the_end()
    await story.later("1m").says("reject", story.name).to_the_end()


async def forgotten(story: Story) -> None:
    await story.seeing(0.12).to_the_end()
    await story.later("24h").to_the_end()


async def reverted(story: Story) -> None:
    await story.seeing(0.12).until_deployed()
    story.stuck()
    await story.until_quiet()
    await story.sets("argocd-controller", OLD.uri).until_quiet()
    await story.to_the_end()


async def crashed(story: Story) -> None:
    await story.seeing(0.12).until_deployed()
    story.gives_up()
    await story.to_the_end()


ROLLOUT = {"targetRef": {"name": "churn-serving"}, "container": "server"}
BAKE, MANUAL = ROLLOUT | {"bake": {"duration": "10m"}}, ROLLOUT | {"approval": "Manual"}
CAREFUL = {"stayed": BAKE, "did worse": BAKE, "let in": MANUAL, "refused": MANUAL, "forgotten": MANUAL} | {
    "recommended": ROLLOUT | {"mode": "RecommendOnly"}
}
REST = {"afterSuccess": "48h", "afterRejection": "48h", "afterFailure": "48h"}
"""Nothing starts after the one run that a plot is about."""
PLOTS: dict[str, tuple[Callable[[Story], Awaitable[None]], str, str]] = {
    "stayed": (stayed, "Succeeded", NEW.uri),
    "did worse": (did_worse, "RolledBack", OLD.uri),
    "let in": (let_in, "Succeeded", NEW.uri),
    "refused": (refused, "Rejected", OLD.uri),
    "forgotten": (forgotten, "Rejected", OLD.uri),
    "recommended": (promoted, "Succeeded", OLD.uri),
    "reverted": (reverted, "RolledBack", OLD.uri),
    "crashed": (crashed, "RolledBack", OLD.uri),
    "promoted": (promoted, "Succeeded", NEW.uri),
    "rejected": (rejected, "Rejected", OLD.uri),
    "rolled back": (rolled_back, "RolledBack", OLD.uri),
    "never started": (never_started, "Failed", OLD.uri),
    "held back": (held_back, "Succeeded", NEW.uri),
}


async def told(name: str, kill_at: float | None = None) -> Story:
    story = Story(cooldown=REST, rollout=CAREFUL.get(name, ROLLOUT))
    story.api.kill_at = kill_at
    await PLOTS[name][0](story)
    return story


@pytest.mark.parametrize("name", PLOTS)
async def test_killed_before_or_after_any_write_it_comes_to_the_same_end(name: str) -> None:
    _, outcome, serving = PLOTS[name]
    whole = await told(name)
    assert (whole.run.outcome, whole.serving) == (outcome, serving)
    for halves in range(1, 2 * len(whole.api.writes) + 1):
        story = await told(name, kill_at=halves / 2)
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
        assert [each.digest for each in story.policy.quarantine] == [each.digest for each in whole.policy.quarantine], (
            at
        )
        assert story.count("patch deployments") == whole.count("patch deployments"), at
        assert (story.policy.state, story.ready) == (whole.policy.state, whole.ready), at


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
