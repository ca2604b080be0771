"""What a run does next: one move from the facts, never from a remembered phase.

A move is a status to write and then an act. The status names what is about to be done, so that a kill between the two
loses nothing: the next look finds the same facts and makes the same move again.
"""

from datetime import datetime, timedelta

from retrain_operator.decide.answers import Unusable, answers
from retrain_operator.decide.deploy import deploy
from retrain_operator.decide.ending import end
from retrain_operator.decide.moves import CreateJob, DeleteJob, GoOn, Move, Wait
from retrain_operator.decide.steps import failure, failure_message, steps
from retrain_operator.decide.verdict import verdict
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import JobRecord, Outcome, Result, RunState, RunStatus, StepName, VerdictRecord
from retrain_operator.model.training import Exited, ForeignJob, Job, NoJob, NotStarted
from retrain_operator.model.world import RunWorld
from retrain_trainer.contract import Collected, CollectOutcome, Evaluated

JOBS_AT_MOST = 3
"""A Job that vanishes is made again this often in all; the trainer finds what it had committed."""


def progress(world: RunWorld) -> Move:
    """The next move of a run."""
    status = world.run.status
    if status.outcome:
        return Move(status, Wait())
    if status.verdict and status.verdict.promote:
        return deploy(world)
    match world.job:
        case NoJob():
            return _no_job(world)
        case ForeignJob():
            message = f"A Job {world.run.name} that is not this run's exists in the namespace. Delete or rename it."
            return end(world, Outcome.FAILED, Reason.NAME_TAKEN, message)
        case Job(complete=True) as job:
            return _complete(world, job)
        case Job(failed=str(why)) as job if why:
            return _failed(world, job)
        case Job() as job:
            return _going(world, job)


def _no_job(world: RunWorld) -> Move:
    status = world.run.status
    if status.job and status.job.made >= JOBS_AT_MOST:
        message = f"The Job vanished {JOBS_AT_MOST} times before it ended. See who deletes Jobs in this namespace."
        return end(world, Outcome.FAILED, Reason.JOB_LOST, message)
    if status.state is RunState.BLOCKED:
        return Move(status, CreateJob())
    message = "The Job was lost and is made again." if status.job else "The Job is being made."
    update = {"state": RunState.TRAINING, "reason": Reason.PENDING, "message": message, "missing": ()}
    started = status.start_time or world.run.created
    return Move(status.model_copy(update={**update, "start_time": started}), CreateJob())


def _seen(world: RunWorld, job: Job) -> RunStatus:
    """The run's status with what its Job shows."""
    status, record = world.run.status, world.run.status.job
    if record is None or record.uid != job.uid:
        record = JobRecord(name=world.run.name, uid=job.uid, made=record.made + 1 if record else 1)
    current = next((step for step in reversed(steps(world.run, job)) if step.start_time), None)
    return status.model_copy(
        update={
            "state": RunState.TRAINING,
            "reason": Reason.RUNNING if current else Reason.PENDING,
            "message": f"{current.name} is under way." if current else "Waiting for the trainer's pod to start.",
            "start_time": status.start_time or world.run.created,
            "steps": steps(world.run, job),
            "job": record,
            "missing": (),
        }
    )


def _going(world: RunWorld, job: Job) -> Move:
    status = _seen(world, job)
    problem, detail = _start_problem(job)
    if problem is None:
        return Move(status, Wait())
    deadline = job.created + world.run.spec.policy.spec.trainer.start_deadline
    if world.now >= deadline:
        ended = end(world, Outcome.FAILED, problem, detail, seen=status)
        return Move(ended.status, DeleteJob(job.uid))
    if problem is not Reason.POD_NOT_STARTED:
        status = status.model_copy(update={"reason": problem, "message": detail})
    return Move(status, Wait(_until(deadline, world.now)))


def _start_problem(job: Job) -> tuple[Reason | None, str]:
    """What keeps the Job from starting its next step, as far as can be seen."""
    if not job.containers:
        return Reason.POD_NOT_STARTED, "No pod of the Job was made. See the Job's events for the reason."
    for container in job.containers:
        if isinstance(container, NotStarted):
            return container.problem or Reason.POD_NOT_STARTED, container.detail or "The trainer's pod did not start."
        if not isinstance(container, Exited):
            return None, ""
    return None, ""


def _until(deadline: datetime, now: datetime) -> timedelta:
    return min(deadline - now, timedelta(seconds=30))


def _failed(world: RunWorld, job: Job) -> Move:
    status = _seen(world, job)
    if job.failed == "DeadlineExceeded":
        message = "The Job took longer than trainer.timeout and was ended."
        return end(world, Outcome.FAILED, Reason.TIMED_OUT, message, seen=status)
    for step in status.steps:
        container = job.containers[list(StepName).index(step.name)] if step.name is not StepName.DEPLOY else None
        if isinstance(container, Exited) and container.code:
            message = step.message or failure_message(step.name, container)
            return end(world, Outcome.FAILED, failure(container), message, seen=status)
    message = "The Job failed and its pod is gone, so why is not known. See the Job's events."
    return end(world, Outcome.FAILED, Reason.STEP_FAILED, message, seen=status)


def _complete(world: RunWorld, job: Job) -> Move:
    status = _seen(world, job)
    if not job.containers:
        # The pod was removed before its answers were read. The version is committed, so a new Job only reports it.
        return Move(status, DeleteJob(job.uid))
    match answers(world.run, job):
        case Unusable(reason=reason, message=message):
            return end(world, Outcome.FAILED, reason, message, seen=status)
        case (Collected() as collected, _, _) if collected.outcome is not CollectOutcome.COLLECTED:
            return _not_collected(world, collected, status)
        case (_, _, Evaluated() as evaluated):
            return _evaluated(world, evaluated, status)


def _not_collected(world: RunWorld, collected: Collected, status: RunStatus) -> Move:
    match collected.outcome:
        case CollectOutcome.NO_NEW_DATA:
            return end(world, Outcome.NO_NEW_DATA, Reason.NO_NEW_DATA, collected.message, seen=status)
        case CollectOutcome.DATA_INVALID:
            return end(world, Outcome.DATA_INVALID, Reason.DATA_INVALID, collected.message, seen=status)
        case _:
            return end(world, Outcome.FAILED, Reason.DATA_SOURCE_NOT_FOUND, collected.message, seen=status)


def _evaluated(world: RunWorld, evaluated: Evaluated, status: RunStatus) -> Move:
    found = verdict(world.run.spec.policy.spec.evaluation, world.run.spec.champion, evaluated)
    result = Result(
        candidate=evaluated.candidate,
        champion=evaluated.champion,
        scores=evaluated.scores,
        holdout=evaluated.holdout,
        reference=evaluated.reference,
    )
    record = VerdictRecord(promote=found.promote, reason=found.reason, message=found.message)
    judged = status.model_copy(update={"result": result, "verdict": record})
    if not found.promote:
        return end(world, found.outcome, found.reason, found.message, seen=judged)
    message = "The candidate passed and is about to be rolled out."
    return Move(judged.model_copy(update={"state": RunState.DEPLOYING, "message": message}), GoOn())
