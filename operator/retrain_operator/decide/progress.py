"""What a run does next: one move from the facts, never from a remembered phase.

A move is a status to write and then an act. The status names what is about to be done, so that a kill between the two
loses nothing: the next look finds the same facts and makes the same move again.
"""

from datetime import timedelta

from retrain_operator.decide import approval
from retrain_operator.decide.answers import Unusable, answers
from retrain_operator.decide.deploy import begun, deploy
from retrain_operator.decide.ending import end, fail
from retrain_operator.decide.moves import CreateJob, DeleteJob, GoOn, Move, Wait
from retrain_operator.decide.objection import layer, unnamed
from retrain_operator.decide.steps import steps
from retrain_operator.decide.verdict import verdict
from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import RolloutMode
from retrain_operator.model.run import (
    JobRecord,
    Outcome,
    Result,
    RunState,
    RunStatus,
    StepName,
    StepState,
    VerdictRecord,
)
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.training import Exited, ForeignJob, Job, NoJob, NotStarted
from retrain_operator.model.world import Run, RunWorld
from retrain_trainer.contract import Collected, CollectOutcome, Digest, Evaluated

JOBS_AT_MOST = 3
"""A Job that vanishes is made again this often in all; the trainer finds what it had committed."""
START_POLL = timedelta(seconds=30)
"""How often a Job is looked at that has started no step."""
NO_POD_POLL = timedelta(seconds=5)
"""How often a Job is looked at that has no pod: what refuses one is told in events, which nobody watches."""


def progress(world: RunWorld) -> Move:
    """The next move of a run."""
    status = world.run.status
    if status.outcome:
        return Move(status, Wait())
    if world.run.spec.undo:
        return begun(world) if status.state is RunState.PENDING else deploy(world)
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
    pod = zip(StepName, job.containers, strict=False)
    current = next((name for name, seen in reversed(list(pod)) if not isinstance(seen, NotStarted)), None)
    return status.model_copy(
        update={
            "state": RunState.TRAINING,
            "reason": Reason.RUNNING if current else Reason.PENDING,
            "message": f"{current} is under way." if current else "Waiting for the trainer's pod to start.",
            "start_time": status.start_time or world.run.created,
            "steps": steps(world.run, job),
            "job": record,
            "missing": (),
        }
    )


def _going(world: RunWorld, job: Job) -> Move:
    status, problem = _seen(world, job), _start_problem(job)
    if problem.problem:
        status = status.model_copy(update={"reason": problem.problem, "message": clipped(problem.detail)})
    if any(step.start_time for step in status.steps):
        # trainer.timeout bounds all that comes after the first start
        return Move(status, Wait() if job.containers else Wait(NO_POD_POLL))
    deadline = job.created + world.run.spec.policy.spec.trainer.start_deadline
    if world.now < deadline:
        poll = START_POLL if job.containers else NO_POD_POLL
        return Move(status, Wait(min(deadline - world.now, poll)))
    reason = problem.problem or Reason.POD_NOT_STARTED
    ended = end(world, Outcome.FAILED, reason, problem.detail or _no_start(job), seen=status)
    return Move(ended.status, DeleteJob(job.uid))


def _start_problem(job: Job) -> NotStarted:
    """What keeps the Job from starting its next step, as far as can be seen."""
    if job.refusal:
        detail = unnamed(job.refusal)
        reason = layer(detail)
        if reason is Reason.ADMISSION_DENIED and "denied" not in detail:
            reason = Reason.POD_NOT_STARTED  # not everything that goes wrong is a refusal
        return NotStarted(reason, f"No pod of the Job can be made: {detail}.")
    waiting = next((each for each in job.containers if not isinstance(each, Exited)), None)
    return waiting if isinstance(waiting, NotStarted) else NotStarted()


def _no_start(job: Job) -> str:
    if not job.containers:
        return "No pod of the Job was made. See the Job's events for the reason."
    return "The trainer's pod did not start within trainer.startDeadline. See the pod's events for the reason."


def _failed(world: RunWorld, job: Job) -> Move:
    status = _seen(world, job)
    if job.failed == "DeadlineExceeded":
        timeout = duration_text(world.run.spec.policy.spec.trainer.timeout)
        message = f"The Job took longer than {timeout}, its trainer.timeout, and was ended."
        return end(world, Outcome.FAILED, Reason.TIMED_OUT, message, seen=status)
    broken = next((step for step in status.steps if step.state is StepState.FAILED), None)
    if broken:
        return end(world, Outcome.FAILED, Reason(broken.reason), broken.message, seen=status)
    message = "The Job failed and its pod is gone, so why is not known. See the Job's events."
    return end(world, Outcome.FAILED, Reason.STEP_FAILED, message, seen=status)


def _complete(world: RunWorld, job: Job) -> Move:
    status = _seen(world, job)
    if not job.containers:
        # The pod was removed before its answers were read. The version is committed, so a new Job only reports it.
        held = world.run.status.state is RunState.BLOCKED
        return Move(world.run.status if held else status, DeleteJob(job.uid))
    match answers(world.run, job):
        case Unusable(step=step, reason=reason, message=message):
            return _end_at(StepName(step.capitalize()), world, reason, message, status)
        case (Collected() as collected, _, _) if collected.outcome is not CollectOutcome.COLLECTED:
            found = status.model_copy(update={"result": Result(data_digest=collected.data_digest)})
            return _not_collected(world, collected, found)
        case (Collected(data_digest=data), _, Evaluated() as evaluated):
            return _evaluated(world, evaluated, data, status)


def _not_collected(world: RunWorld, collected: Collected, status: RunStatus) -> Move:
    match collected.outcome:
        case CollectOutcome.NO_NEW_DATA:
            return end(world, Outcome.NO_NEW_DATA, Reason.NO_NEW_DATA, collected.message, seen=status)
        case CollectOutcome.DATA_INVALID:
            return end(world, Outcome.DATA_INVALID, Reason.DATA_INVALID, collected.message, seen=status)
        case _:
            missing = "Data source not found"
            said = collected.message if collected.message.startswith(missing) else f"{missing}: {collected.message}"
            return _end_at(StepName.COLLECT, world, Reason.DATA_SOURCE_NOT_FOUND, said, status)


def _evaluated(world: RunWorld, evaluated: Evaluated, data: Digest | None, status: RunStatus) -> Move:
    found = verdict(world.run.spec.policy.spec.evaluation, world.run.spec.champion, evaluated)
    result = Result(
        data_digest=data,
        candidate=evaluated.candidate,
        champion=evaluated.champion,
        scores=evaluated.scores,
        holdout=evaluated.holdout,
        reference=evaluated.reference,
        worst_slice=evaluated.worst_slice,
    )
    record = VerdictRecord(promote=found.promote, reason=found.reason, message=found.message)
    judged = status.model_copy(update={"result": result, "verdict": record})
    if found.outcome is Outcome.FAILED:
        return _end_at(StepName.EVALUATE, world, found.reason, found.message, judged)
    if not found.promote:
        return end(world, found.outcome, found.reason, found.message, seen=judged)
    message = f"The candidate passed and is about to be {_comes_next(world.run)}."
    return Move(judged.model_copy(update={"state": RunState.DEPLOYING, "message": message}), GoOn())


def _comes_next(run: Run) -> str:
    if run.spec.policy.spec.rollout.mode is RolloutMode.RECOMMEND_ONLY:
        return "recommended"
    return "put before a person" if approval.needed(run) else "rolled out"


def _end_at(step: StepName, world: RunWorld, reason: Reason, message: str, seen: RunStatus) -> Move:
    """The run fails at a step whose container ended well."""
    return end(world, Outcome.FAILED, reason, message, seen=fail(seen, step, reason, message))
