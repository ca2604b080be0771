"""The last step of a run: name the candidate in the target, wait for every replica, or put the model before back."""

from datetime import timedelta

from retrain_operator.decide.ending import blocked, end
from retrain_operator.decide.moves import GoOn, Move, SetModel, Wait
from retrain_operator.decide.objection import target_objection
from retrain_operator.decide.wording import clipped
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RolloutRecord, RunState, RunStatus, StepName, StepState
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.target import NotLooked, Serving
from retrain_operator.model.world import Run, RunWorld

ROLLOUT_POLL = timedelta(milliseconds=500)
BLOCKED_POLL = timedelta(seconds=10)


def deploy_rights(run: Run) -> tuple[Right, ...]:
    """What the account needs to roll the target out."""
    name = run.spec.policy.spec.rollout.target_ref.name
    return (Right("get", "apps", "deployments", name), Right("patch", "apps", "deployments", name))


def deploy(world: RunWorld) -> Move:
    """The next move of a run whose candidate passed."""
    target = world.target
    objection = target_objection(world.run.spec.policy.spec.rollout, target)
    if objection and isinstance(target, Refusal):
        return Move(blocked(world.run.status, objection, StepName.DEPLOY), Wait(BLOCKED_POLL))
    if objection:
        return _end(world, Outcome.FAILED, objection.reason, f"{objection.message} {_kept(world)}")
    match target:
        case Serving() as serving:
            return _roll(world, serving)
        case NotLooked() | _:
            return Move(world.run.status, GoOn())


def _roll(world: RunWorld, serving: Serving) -> Move:
    status, record = world.run.status, world.run.status.rollout
    if record is None:
        return _begin(world, serving)
    if serving.value == record.to:
        return _take_back(world, record) if record.undo else _await(world, serving, record)
    if serving.value != record.from_ or (record.landed and not record.undo):
        return _changed(world, serving.value)
    if record.undo:
        return _undone(world)
    if status.state is RunState.BLOCKED:
        return Move(status, SetModel(record.to))  # whether it is still refused is only known by trying
    return _set(world, record)


def _begin(world: RunWorld, serving: Serving) -> Move:
    run, result = world.run, world.run.status.result
    assert result is not None, "a verdict stands only on a result"
    assert result.candidate is not None, "a verdict promotes only a candidate"
    champion = run.spec.champion.uri if run.spec.champion else ""
    if serving.value != champion:
        return _changed(world, serving.value)
    to = result.candidate.uri
    return _set(world, RolloutRecord(deployment=serving.name, from_=champion, to=to, start_time=world.now))


def _set(world: RunWorld, record: RolloutRecord) -> Move:
    message = f"The candidate is being rolled out to {record.deployment}."
    return Move(_deploying(world, record, Reason.RUNNING, message), SetModel(record.to))


def _await(world: RunWorld, serving: Serving, record: RolloutRecord) -> Move:
    if serving.complete:
        message = f"The candidate is in service. {_verdict(world)}"
        return _end(world, Outcome.SUCCEEDED, Reason.PROMOTED, message, StepState.SUCCEEDED)
    if not record.landed or world.run.status.state is RunState.BLOCKED:
        # The deadline counts from when the rollout was first seen to go on, whatever came between word and deed.
        record = record.model_copy(update={"landed": True, "start_time": world.now})
    if world.now - record.start_time >= world.run.spec.policy.spec.rollout.progress_deadline:
        return _take_back(world, record.model_copy(update={"undo": True}))
    progress = f"{serving.available} of {serving.replicas} replicas are available"
    message = f"Waiting for the rollout of {serving.name}: {serving.updated} updated, {progress}."
    return Move(_deploying(world, record, Reason.RUNNING, message), Wait(ROLLOUT_POLL))


def _take_back(world: RunWorld, record: RolloutRecord) -> Move:
    if world.run.status.state is RunState.BLOCKED:
        return Move(world.run.status, SetModel(record.from_))
    deadline = duration_text(world.run.spec.policy.spec.rollout.progress_deadline)
    message = f"The rollout was not complete after {deadline}: the model before is put back."
    return Move(_deploying(world, record, Reason.PROGRESS_DEADLINE_EXCEEDED, message), SetModel(record.from_))


def _deploying(world: RunWorld, record: RolloutRecord, reason: Reason, message: str) -> RunStatus:
    *before, step = world.run.status.steps
    start = step.start_time or world.now
    update = {"state": StepState.RUNNING, "reason": reason, "message": message, "start_time": start}
    return world.run.status.model_copy(
        update={
            "state": RunState.DEPLOYING,
            "reason": reason,
            "message": message,
            "steps": (*before, step.model_copy(update=update)),
            "rollout": record,
            "missing": (),
        }
    )


def _undone(world: RunWorld) -> Move:
    deadline = duration_text(world.run.spec.policy.spec.rollout.progress_deadline)
    message = f"The rollout was not complete after {deadline}, so the model before is back. {_kept(world)}"
    return _end(world, Outcome.ROLLED_BACK, Reason.PROGRESS_DEADLINE_EXCEEDED, message)


def _changed(world: RunWorld, value: str) -> Move:
    rollout = world.run.spec.policy.spec.rollout
    now = repr(clipped(value, 200)) if value else "nothing"
    message = (
        f'Somebody else set {rollout.env} of Deployment "{rollout.target_ref.name}" to {now} while '
        f"the run was under way; it is left as it is. {_kept(world)}"
    )
    return _end(world, Outcome.FAILED, Reason.TARGET_CHANGED, message)


def _end(world: RunWorld, outcome: Outcome, reason: Reason, message: str, state: StepState = StepState.FAILED) -> Move:
    *before, step = world.run.status.steps
    closed = step.model_copy(
        update={
            "state": state,
            "reason": reason,
            "message": message,
            "start_time": step.start_time or world.now,
            "completion_time": world.now,
        }
    )
    return end(world, outcome, reason, message, seen=world.run.status.model_copy(update={"steps": (*before, closed)}))


def _kept(world: RunWorld) -> str:
    result = world.run.status.result
    return f"The trained model is kept at {result.candidate.uri}." if result and result.candidate else ""


def _verdict(world: RunWorld) -> str:
    return world.run.status.verdict.message if world.run.status.verdict else ""
