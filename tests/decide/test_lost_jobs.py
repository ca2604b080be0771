"""A run whose Job does not start, is lost, or is refused: what is told, what is tried again, and when it is over."""

from datetime import timedelta

import pytest

from retrain_operator.decide.ending import blocked
from retrain_operator.decide.moves import Act, CreateJob, DeleteJob, Wait
from retrain_operator.decide.objection import refusal_objection
from retrain_operator.decide.progress import NO_POD_POLL
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import RunStatus, StepName
from retrain_operator.model.training import NotStarted
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.runs import NAME, RUNNER, ARun, a_run, collected, exited, running, trained, waiting

WAITING = waiting()
CREATE = Right("create", "batch", "jobs")
COLLECTED, TRAINED = exited(collected()), exited(trained())


def started() -> ARun:
    """A run whose Job was made, and whose pod waits."""
    return a_run().passed().with_job(WAITING, WAITING, WAITING)


def blocked_at_collect() -> ARun:
    refused = blocked(
        a_run().passed().status, refusal_objection(Refusal(RUNNER, CREATE, lacking=(CREATE,))), StepName.COLLECT
    )
    return a_run().with_status(**dict(refused)).passed()


def told(run: ARun) -> tuple[Act, RunStatus]:
    move = run.move
    assert_coherent(move.status)
    return move.act, move.status


def states(status: RunStatus) -> list[str]:
    return [step.state for step in status.steps]


# A Job that does not start

PULL = waiting(Reason.IMAGE_PULL_FAILED, "Image nowhere/no:1 cannot be pulled (ErrImagePull). Check trainer.image.")
FULL = waiting(Reason.POD_NOT_STARTED, "The pod cannot be scheduled: 0/1 nodes are available: Insufficient memory.")


@pytest.mark.parametrize("problem", [PULL, FULL], ids=["no image", "no room"])
def test_what_keeps_the_pod_from_starting_is_told_at_once(problem: NotStarted) -> None:
    act, status = told(started().with_job(problem, WAITING, WAITING).later("9m45s"))
    assert act == Wait(timedelta(seconds=15)), "the deadline is not slept through"
    assert (status.state, status.reason, status.message) == ("Training", problem.problem, problem.detail)
    step = status.steps[0]
    assert (step.state, step.reason, step.message) == ("Pending", problem.problem, problem.detail)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no image", given=(PULL, WAITING, WAITING), then=("ImagePullFailed", PULL.detail)),
        case("no room", given=(FULL, WAITING, WAITING), then=("PodNotStarted", FULL.detail)),
        case("no word", given=(WAITING, WAITING, WAITING), then=("PodNotStarted", "The trainer's pod did not start "
             "within trainer.startDeadline. See the pod's events for the reason.")),
        case("no pod", given=(), then=("PodNotStarted",
             "No pod of the Job was made. See the Job's events for the reason.")),
    ],
)  # fmt: skip
def test_a_job_that_does_not_start_in_time_is_removed(given: tuple[NotStarted, ...], then: tuple[str, str]) -> None:
    act, status = told(started().with_job(*given).later("10m"))
    assert act == DeleteJob("job-1")
    assert (status.outcome, status.reason, status.message) == ("Failed", *then)
    assert states(status) == ["Failed", "Skipped", "Skipped", "Skipped"]


def test_a_step_may_take_longer_than_the_deadline_for_the_first_to_start() -> None:
    collecting = started().with_job(running(), WAITING, WAITING).passed().later("30m")
    between = collecting.with_job(COLLECTED, WAITING, WAITING)
    assert between.move.act == Wait()
    training = between.passed().with_job(COLLECTED, running(), WAITING).passed().later("1h")
    assert training.with_job(COLLECTED, TRAINED, WAITING).move.act == Wait()


def test_a_pod_that_is_tried_again_has_no_deadline_but_the_timeout() -> None:
    late = started().with_job(running(), WAITING, WAITING).passed().later("30m")
    for again in (late.with_job(WAITING, WAITING, WAITING), late.with_job(PULL, WAITING, WAITING)):
        assert told(again)[0] == Wait()
        assert told(again.passed())[0] == Wait()
    assert told(late.with_job())[0] == Wait(NO_POD_POLL), "what refuses its pods is told in events"
    assert told(late.with_job(PULL, WAITING, WAITING))[1].reason == "ImagePullFailed"


# A Job that is gone


def test_a_lost_job_is_made_again_and_counted() -> None:
    lost = started().with_job(COLLECTED, running(), WAITING).passed().without_a_job()
    act, status = told(lost)
    assert (act, status.message) == (CreateJob(), "The Job was lost and is made again.")
    again = told(lost.passed().with_job(uid="job-2"))[1]
    assert again.message == "Waiting for the trainer's pod to start."
    assert again.job
    assert (again.job.uid, again.job.made) == ("job-2", 2)


def test_a_job_that_is_lost_again_and_again_ends_the_run() -> None:
    run = started()
    for number in range(1, 4):
        run = run.with_job(uid=f"job-{number}").passed().without_a_job()
    act, status = told(run)
    assert act == Wait()
    assert (status.outcome, status.reason) == ("Failed", "JobLost")
    assert status.message == "The Job vanished 3 times before it ended. See who deletes Jobs in this namespace."


def test_answers_that_were_lost_with_their_pod_are_asked_for_again() -> None:
    act, status = told(started().with_job(COLLECTED, TRAINED, running()).passed().with_job(complete=True))
    assert act == DeleteJob("job-1")
    assert status.outcome is None


# A Job that is refused


def test_a_job_that_is_refused_is_tried_again_without_telling_it_again() -> None:
    held = blocked_at_collect()
    assert (held.status.state, held.status.steps[0].state) == ("Blocked", "Blocked")
    assert held.status.message == (
        "ServiceAccount shop/retrain-runner may not create jobs.batch. Grant it by a Role in namespace shop. "
        "The run goes on by itself once that is mended."
    )
    act, status = told(held.later("1h"))
    assert (act, status) == (CreateJob(), held.status)


def test_once_it_is_permitted_nothing_is_blocked_any_more() -> None:
    act, status = told(blocked_at_collect().with_job())
    assert (status.state, status.missing, states(status)) == ("Training", (), ["Pending"] * 4)
    assert status.steps[0].message == ""
    assert act == Wait(timedelta(seconds=5))


def test_a_job_that_may_not_be_removed_holds_the_run_back_without_a_flutter() -> None:
    lost = started().with_job(COLLECTED, TRAINED, running()).passed().with_job(complete=True)
    delete = Right("delete", "batch", "jobs", NAME)
    held = blocked(
        lost.passed().status, refusal_objection(Refusal(RUNNER, delete, lacking=(delete,))), StepName.COLLECT
    )
    again = lost.with_status(**dict(held)).passed()
    assert told(again.later("1m")) == (DeleteJob("job-1"), again.status)
