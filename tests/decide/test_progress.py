"""A run's next move, for each way its Job can be: collect, train, evaluate, then deploy, and never a guess."""

from datetime import timedelta

import pytest

from retrain_operator.decide.moves import Act, CreateJob, GoOn, Wait
from retrain_operator.model.access import Right
from retrain_operator.model.run import RunStatus
from retrain_trainer.contract import CollectOutcome, Fault
from tests.builders import T0, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.decide.in_service import ROLLOUT
from tests.runs import (
    NAME,
    NEW,
    NONCE,
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
             then=(Wait(timedelta(seconds=5)), "Waiting for the trainer's pod to start.", ["Pending"] * 4)),
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


@pytest.mark.parametrize(
    ("rollout", "next_"),
    [
        ({}, "rolled out"),
        ({"approval": "Manual"}, "put before a person"),
        ({"mode": "RecommendOnly"}, "recommended"),
        ({"mode": "RecommendOnly", "approval": "Manual"}, "recommended"),
    ],
    ids=str,
)
def test_a_candidate_that_passed_goes_on_to_its_deploy(rollout: dict[str, str], next_: str) -> None:
    run = started().with_spec(rollout=ROLLOUT | rollout)
    act, status = told(run.trained_with(collected(), trained(), evaluated()))
    assert act == GoOn()
    assert (status.state, status.message) == ("Deploying", f"The candidate passed and is about to be {next_}.")
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
OOM, KILLED = (exited(code=137, reason=reason) for reason in ("OOMKilled", "Error"))
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
        case("it was killed, and nobody heard why",
             given=started().with_job(COLLECTED, KILLED, WAITING, failed="BackoffLimitExceeded"),
             then=("StepFailed", "Train was killed (exit code 137), as is done to what takes too much memory: see "
                   "trainer.resources.limits.memory and the pod's events.",
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


def test_an_ended_run_does_nothing_more() -> None:
    ended = started().trained_with(collected(), trained(), evaluated(scores=WORSE)).passed()
    assert told(ended.later("1h").without_a_job()) == (Wait(), ended.status)


def test_the_condition_finished_flips_once() -> None:
    run = started().passed().later("1m")
    ended = run.trained_with(collected(), trained(), evaluated(scores=WORSE)).passed()
    (before,), (after,) = run.status.conditions, ended.status.conditions
    assert (before.status, before.last_transition_time) == ("False", T0)
    assert (after.status, after.reason, after.last_transition_time) == ("True", "Rejected", clock_time("10:01:00"))
