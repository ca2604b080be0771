"""Jobs that vanish, never start, or lose their answers: the run is carried on or ended, and no Job is left behind."""

from retrain_operator.edges.request import JOBS, PODS, POLICIES, RUNS
from tests.reconcile.story import Json, Story
from tests.runs import NEW, OLD

NO_IMAGE = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
PENDING = {"waiting": {"reason": "PodInitializing"}}


async def training(story: Story) -> Json:
    """The Job of a run that has just started."""
    await story.seeing(0.12).until_quiet()
    (job,) = story.api.find(JOBS)
    return job


async def test_a_job_that_is_lost_is_made_again_under_the_same_run() -> None:
    story = Story()
    job = await training(story)
    story.api.remove(JOBS, job["metadata"]["name"])
    await story.to_the_end()
    assert (story.run.outcome, story.count("create jobs"), story.count("create retrainruns")) == ("Succeeded", 2, 1)
    assert story.run.job
    assert story.run.job.made == 2


async def test_a_run_that_somebody_deletes_is_over_and_not_made_again() -> None:
    story = Story()
    job = await training(story)
    story.api.remove(RUNS, job["metadata"]["name"])
    await story.until_quiet()
    assert (story.runs, story.api.find(JOBS), story.policy.active_run) == ([], [], None)
    assert story.policy.last_run
    assert (story.policy.last_run.outcome, story.policy.last_run.reason) == ("Cancelled", "Deleted")
    await story.seeing(0.12).to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)


async def test_a_policy_that_is_edited_while_its_run_is_deleted_lets_go_of_it_too() -> None:
    story = Story()
    job = await training(story)
    story.api.remove(RUNS, job["metadata"]["name"])
    (policy,) = story.api.find(POLICIES)
    story.api.changed(policy, spec=True)
    await story.until_quiet()
    assert (story.runs, story.policy.active_run) == ([], None)
    assert story.policy.last_run
    assert story.policy.last_run.reason == "Deleted"


async def test_who_removes_every_job_ends_the_run() -> None:
    story = Story()
    for _ in range(3):
        job = await training(story)
        story.api.remove(JOBS, job["metadata"]["name"])
    await story.until_quiet()
    assert (story.run.outcome, story.run.reason, story.count("create jobs")) == ("Failed", "JobLost", 3)


async def test_an_image_that_cannot_be_pulled_is_told_at_once_and_ends_the_run_at_its_deadline() -> None:
    story = Story()
    job = await training(story)
    story.pod(job, [NO_IMAGE, PENDING, PENDING])
    await story.until_quiet()
    told = "Image i cannot be pulled (ImagePullBackOff). Check trainer.image and the node's registry."
    assert (story.run.reason, story.run.message, story.policy.message) == ("ImagePullFailed", told, told)
    await story.later("10m").until_quiet()
    assert (story.run.outcome, story.run.reason, story.serving) == ("Failed", "ImagePullFailed", OLD.uri)
    assert story.api.find(JOBS) == [], "it would pull for ever"


async def test_a_job_that_may_not_be_removed_does_not_keep_the_run_from_ending() -> None:
    story = Story()
    job = await training(story)
    story.pod(job, [NO_IMAGE, PENDING, PENDING])
    story.api.lacking = {("delete", "jobs")}
    await story.later("10m").until_quiet()
    assert (story.run.outcome, story.run.reason) == ("Failed", "ImagePullFailed")
    assert len(story.api.find(JOBS)) == 1
    left = "Its Job cannot be removed: ServiceAccount shop/retrain-runner may not delete jobs.batch"
    assert left in story.run.message
    story.api.lacking = set()
    await story.later("1m").until_quiet()
    assert story.api.find(JOBS) == [], "and it is removed once that may be"
    assert left not in story.run.message
    assert story.ended == {"Failed": 1}, "one run has ended, however often it was written of"


async def test_answers_that_were_lost_with_their_pod_are_asked_for_again() -> None:
    story = Story()
    job = await training(story)
    story.train()
    story.api.remove(PODS, f"{job['metadata']['name']}-pod")
    await story.to_the_end()
    assert (story.run.outcome, story.serving, story.count("create jobs")) == ("Succeeded", NEW.uri, 2)


async def test_answers_that_may_not_be_asked_for_again_wait_for_the_permission() -> None:
    story = Story()
    job = await training(story)
    story.train()
    story.api.remove(PODS, f"{job['metadata']['name']}-pod")
    story.api.lacking = {("delete", "jobs")}
    await story.until_quiet()
    assert (story.run.state, story.run.outcome) == ("Blocked", None)
    assert story.run.message.startswith('ServiceAccount shop/retrain-runner may not delete jobs.batch "churn-')
    before = list(story.api.writes)
    await story.later("1h").until_quiet()
    assert story.api.writes == before
    story.api.lacking = set()
    await story.to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)
