"""A run's next move, for each way its Job can be: collect, train, evaluate, then deploy, and never a guess."""

from datetime import timedelta

import pytest

from retrain_operator.decide.ending import blocked
from retrain_operator.decide.moves import Act, CreateJob, DeleteJob, GoOn, Wait
from retrain_operator.decide.objection import refusal_objection
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import RunStatus, StepName
from retrain_operator.model.training import NotStarted
from retrain_trainer.contract import CollectOutcome, Fault
from tests.builders import T0, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.runs import (
    NAME,
    NEW,
    NONCE,
    RUNNER,
    ARun,
    a_run,
    collected,
    evaluated,
    exited,
    running,
    skipped,
    trained,
    waiting,
)

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


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no Job yet", given=a_run(),
             then=(CreateJob(), "The Job is being made.", ["Pending"] * 4)),
        case("no pod yet", given=a_run().passed().with_job(),
             then=(Wait(timedelta(seconds=30)), "Waiting for the trainer's pod to start.", ["Pending"] * 4)),
        case("a pod that waits", given=started(),
             then=(Wait(timedelta(seconds=30)), "Waiting for the trainer's pod to start.", ["Pending"] * 4)),
        case("it collects", given=started().with_job(running(), WAITING, WAITING),
             then=(Wait(), "Collect is under way.", ["Running", "Pending", "Pending", "Pending"])),
        case("it trains", given=started().with_job(COLLECTED, running(), WAITING),
             then=(Wait(), "Train is under way.", ["Succeeded", "Running", "Pending", "Pending"])),
        case("it evaluates", given=started().with_job(COLLECTED, TRAINED, running()),
             then=(Wait(), "Evaluate is under way.", ["Succeeded", "Succeeded", "Running", "Pending"])),
        case("all have ended, and Kubernetes has not said so yet",
             given=started().with_job(COLLECTED, TRAINED, exited(evaluated())),
             then=(Wait(), "Evaluate is under way.", ["Succeeded", "Succeeded", "Succeeded", "Pending"])),
        case("a step failed and is tried again", given=started().with_job(COLLECTED, exited(code=3), WAITING),
             then=(Wait(), "Train is under way.", ["Succeeded", "Failed", "Pending", "Pending"])),
    ],
)  # fmt: skip
def test_under_way(given: ARun, then: tuple[Act, str, list[str]]) -> None:
    act, status = told(given)
    assert (act, status.message, states(status)) == then
    assert (status.state, status.outcome, status.start_time) == ("Training", None, T0)


def test_the_times_of_each_step_are_those_of_its_container() -> None:
    times = [clock_time(f"10:0{minute}:00") for minute in range(3)]
    pod = [exited(answer, at=at) for answer, at in zip((collected(), trained()), times, strict=False)]
    status = told(started().with_job(*pod, running(times[2])))[1]
    assert [step.start_time for step in status.steps] == [*times, None]
    assert [step.completion_time for step in status.steps] == [*times[:2], None, None]
    assert [step.message for step in status.steps] == ["7 new batches.", "Learned from 7 batches.", "", ""]


def test_a_candidate_that_passed_goes_on_to_its_deploy() -> None:
    act, status = told(started().trained_with(collected(), trained(), evaluated()))
    assert act == GoOn()
    assert (status.state, status.message) == ("Deploying", "The candidate passed and is about to be rolled out.")
    assert states(status) == ["Succeeded", "Succeeded", "Succeeded", "Pending"]
    assert status.verdict
    assert status.verdict.promote
    assert status.result
    assert status.result.candidate == NEW


NOT_BETTER = (
    "accuracy is 0.86 against 0.9 of the champion (gain at least -0.05). "
    "With 0.95 confidence the gain must be more than 0."
)
WORSE = [{"metric": "accuracy", "candidate": 0.86, "champion": 0.9, "lowerBound": -0.05}]
ENDED_BY_COLLECT = ["Succeeded", "Skipped", "Skipped", "Skipped"]


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a worse candidate does not reach production", given=(collected(), trained(), evaluated(scores=WORSE)),
             then=("Rejected", "NotBetter", NOT_BETTER, ["Succeeded", "Succeeded", "Succeeded", "Skipped"])),
        case("too little to tell", given=(collected(), trained(), evaluated(outcome="Inconclusive")),
             then=("Inconclusive", "HoldoutTooSmall", "Compared on 941 rows.",
                   ["Succeeded", "Succeeded", "Succeeded", "Skipped"])),
        case("nothing new", given=(collected(CollectOutcome.NO_NEW_DATA, "All batches are known."), *skipped()),
             then=("NoNewData", "NoNewData", "All batches are known.", ENDED_BY_COLLECT)),
        case("bad data", given=(collected(CollectOutcome.DATA_INVALID, "week-07.csv lacks target."), *skipped()),
             then=("DataInvalid", "DataInvalid", "week-07.csv lacks target.", ENDED_BY_COLLECT)),
        case("no data where it should be", then=("Failed", "DataSourceNotFound",
             "Data source not found: file:///data/*.csv matches no file.", ["Failed", "Skipped", "Skipped", "Skipped"]),
             given=(collected(CollectOutcome.DATA_SOURCE_NOT_FOUND,
                              "Data source not found: file:///data/*.csv matches no file."), *skipped())),
        case("no data, in words of the trainer's own", then=("Failed", "DataSourceNotFound",
             "Data source not found: no such bucket.", ["Failed", "Skipped", "Skipped", "Skipped"]),
             given=(collected(CollectOutcome.DATA_SOURCE_NOT_FOUND, "no such bucket."), *skipped())),
        case("an answer that is missing", given=(collected(), "", evaluated()),
             then=("Failed", "AnswerMissing", "train ended without an answer in its termination message.",
                   ["Succeeded", "Failed", "Succeeded", "Skipped"])),
        case("an answer of another run", given=(collected(), trained(), evaluated(nonce="f" * 16)),
             then=("Failed", "AnswerInvalid", "The answer of evaluate is of another run.",
                   ["Succeeded", "Succeeded", "Failed", "Skipped"])),
        case("an evaluation without a candidate", given=(collected(), trained(), evaluated(candidate=None)),
             then=("Failed", "AnswerInvalid", "The trainer named no candidate.",
                   ["Succeeded", "Succeeded", "Failed", "Skipped"])),
    ],
)  # fmt: skip
def test_ends_by_what_the_trainer_said(given: tuple[str, ...], then: tuple[str, str, str, list[str]]) -> None:
    act, status = told(started().later("5m").trained_with(*given))
    assert act == Wait()
    assert (status.outcome, status.reason, status.message, states(status)) == then
    assert status.completion_time == clock_time("10:05:00")


FULL_DISK = Fault(run=NAME, nonce=NONCE, message="The disk is full.").model_dump_json(by_alias=True)
OOM = exited(code=137, reason="OOMKilled")
LATE = "The Job took longer than 2h, its trainer.timeout, and was ended."


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("it crashed", given=started().with_job(COLLECTED, exited(code=3), WAITING, failed="BackoffLimitExceeded"),
             then=("StepFailed", "Train ended with exit code 3; see the log of container train of its pod.",
                   ["Succeeded", "Failed", "Skipped", "Skipped"])),
        case("it crashed, and said why",
             given=started().with_job(exited(FULL_DISK, code=1), WAITING, WAITING, failed="BackoffLimitExceeded"),
             then=("StepFailed", "The disk is full.", ["Failed", "Skipped", "Skipped", "Skipped"])),
        case("it needed too much memory",
             given=started().with_job(COLLECTED, OOM, WAITING, failed="BackoffLimitExceeded"),
             then=("OutOfMemory", "Train needed more memory than its limit: raise trainer.resources.limits.memory.",
                   ["Succeeded", "Failed", "Skipped", "Skipped"])),
        case("it took too long", given=started().with_job(COLLECTED, running(), WAITING, failed="DeadlineExceeded"),
             then=("TimedOut", LATE, ["Succeeded", "Failed", "Skipped", "Skipped"])),
        case("it took too long, and its pod is gone",
             given=started().with_job(COLLECTED, running(), WAITING).passed().with_job(failed="DeadlineExceeded"),
             then=("TimedOut", LATE, ["Succeeded", "Failed", "Skipped", "Skipped"])),
        case("it failed, and its pod is gone", given=started().with_job(failed="BackoffLimitExceeded"),
             then=("StepFailed", "The Job failed and its pod is gone, so why is not known. See the Job's events.",
                   ["Failed", "Skipped", "Skipped", "Skipped"])),
        case("it failed, and its pod is gone, but was seen",
             given=started().with_job(COLLECTED, OOM, WAITING).passed().with_job(failed="BackoffLimitExceeded"),
             then=("OutOfMemory", "Train needed more memory than its limit: raise trainer.resources.limits.memory.",
                   ["Succeeded", "Failed", "Skipped", "Skipped"])),
        case("another's Job has the name", given=a_run().passed().with_a_foreign_job(),
             then=("NameTaken", f"A Job {NAME} that is not this run's exists in the namespace. Delete or rename it.",
                   ["Failed", "Skipped", "Skipped", "Skipped"])),
    ],
)  # fmt: skip
def test_fails(given: ARun, then: tuple[str, str, list[str]]) -> None:
    act, status = told(given)
    assert act == Wait()
    assert status.outcome == "Failed"
    assert (status.reason, status.message, states(status)) == then


# A Job that does not start

PULL = waiting(Reason.IMAGE_PULL_FAILED, "Image nowhere/no:1 cannot be pulled (ErrImagePull). Check trainer.image.")
FULL = waiting(Reason.POD_NOT_STARTED, "The pod cannot be scheduled: 0/1 nodes are available: Insufficient memory.")


@pytest.mark.parametrize("problem", [PULL, FULL], ids=["no image", "no room"])
def test_what_keeps_the_pod_from_starting_is_told_at_once(problem: NotStarted) -> None:
    act, status = told(started().with_job(problem, WAITING, WAITING).later("9m45s"))
    assert act == Wait(timedelta(seconds=15)), "the deadline is not slept through"
    assert (status.state, status.reason, status.message) == ("Training", problem.problem, problem.detail)
    assert (status.steps[0].state, status.steps[0].message) == ("Pending", problem.detail)


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
    for again in (late.with_job(), late.with_job(WAITING, WAITING, WAITING), late.with_job(PULL, WAITING, WAITING)):
        assert told(again)[0] == Wait()
        assert told(again.passed())[0] == Wait()
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
    assert act == Wait(timedelta(seconds=30))


def test_a_job_that_may_not_be_removed_holds_the_run_back_without_a_flutter() -> None:
    lost = started().with_job(COLLECTED, TRAINED, running()).passed().with_job(complete=True)
    delete = Right("delete", "batch", "jobs", NAME)
    held = blocked(
        lost.passed().status, refusal_objection(Refusal(RUNNER, delete, lacking=(delete,))), StepName.COLLECT
    )
    again = lost.with_status(**dict(held)).passed()
    assert told(again.later("1m")) == (DeleteJob("job-1"), again.status)


def test_an_ended_run_does_nothing_more() -> None:
    ended = started().trained_with(collected(), trained(), evaluated(scores=WORSE)).passed()
    assert told(ended.later("1h").without_a_job()) == (Wait(), ended.status)


def test_the_condition_finished_flips_once() -> None:
    run = started().passed().later("1m")
    ended = run.trained_with(collected(), trained(), evaluated(scores=WORSE)).passed()
    (before,), (after,) = run.status.conditions, ended.status.conditions
    assert (before.status, before.last_transition_time) == ("False", T0)
    assert (after.status, after.reason, after.last_transition_time) == ("True", "Rejected", clock_time("10:01:00"))
