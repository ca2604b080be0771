"""How a run's end, and what holds it back, stand in its status."""

from datetime import datetime

from retrain_operator.decide.moves import Move, Wait
from retrain_operator.decide.objection import Objection
from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState, RunStatus, StepName, StepState, StepStatus
from retrain_operator.model.status import Condition
from retrain_operator.model.world import RunWorld

_LEFT = " Its Job cannot be removed: "
_OPEN = (StepState.PENDING, StepState.RUNNING, StepState.BLOCKED)


def end(world: RunWorld, outcome: Outcome, reason: Reason, message: str, *, seen: RunStatus | None = None) -> Move:
    """The run ends. `seen` is its status with what was learnt in this pass."""
    status, message = seen or world.run.status, clipped(message)
    if outcome in (Outcome.FAILED, Outcome.ROLLED_BACK):
        status = _with_failed_step(status, reason, message, world.now)
    update = {
        "state": RunState.ENDED,
        "outcome": outcome,
        "reason": reason,
        "message": message,
        "steps": tuple(_closed(step) for step in status.steps),
        "missing": (),
        "start_time": status.start_time or world.run.created,
        "completion_time": world.now,
    }
    return Move(status.model_copy(update=update), Wait())


def fail(status: RunStatus, name: StepName, reason: Reason, message: str) -> RunStatus:
    """The status with one step marked as the one that failed, though its container may have ended well."""
    failed = {"state": StepState.FAILED, "reason": reason, "message": clipped(message)}
    steps = (step.model_copy(update=failed) if step.name is name else step for step in status.steps)
    return status.model_copy(update={"steps": tuple(steps)})


def _with_failed_step(status: RunStatus, reason: Reason, message: str, now: datetime) -> RunStatus:
    """A run fails at a step: the first that is open, unless one is known already."""
    if any(step.state is StepState.FAILED for step in status.steps):
        return status
    at = next(index for index, step in enumerate(status.steps) if step.state in _OPEN)
    steps = fail(status, status.steps[at].name, reason, message).steps
    ended = steps[at].model_copy(update={"completion_time": now})
    return status.model_copy(update={"steps": (*steps[:at], ended, *steps[at + 1 :])})


def _closed(step: StepStatus) -> StepStatus:
    return step.model_copy(update={"state": StepState.SKIPPED}) if step.state in _OPEN else step


def blocked(status: RunStatus, objection: Objection, step: StepName) -> RunStatus:
    """The status of a run that a missing right holds back at a step."""
    message = f"{objection.message} The run goes on by itself once that is mended."
    if step is StepName.DEPLOY and status.rollout and status.rollout.taken_back:
        late = f"{status.rollout.taken_back.message}, but putting the model before back is forbidden"
        message = f"{late}: {objection.message} It is put back once that is mended."
    elif step is StepName.DEPLOY and status.rollout and status.rollout.landed:
        what = "watched" if status.rollout.complete_time else "waited for"
        message = (
            f"The model is named in the target, but cannot be {what}: {objection.message} The run goes on by itself "
            "once that is mended."
        )
    elif step is StepName.DEPLOY and status.verdict:
        done = "Training is complete and the candidate passed, but the deploy is forbidden"
        kept = "The trained model is kept, and the deploy goes on by itself once that is mended."
        message = f"{done}: {objection.message} {kept}"
    held = {"state": StepState.BLOCKED, "reason": objection.reason, "message": objection.message}
    steps = tuple(each.model_copy(update=held) if each.name is step else each for each in status.steps)
    update: dict[str, object] = {"state": RunState.BLOCKED, "reason": objection.reason}
    update["message"] = clipped(message)
    return status.model_copy(update={**update, "steps": steps, "missing": objection.missing})


def left_behind(status: RunStatus, objection: Objection) -> RunStatus:
    """The status of an ended run whose Job, which may still train, cannot be removed."""
    if _LEFT in status.message:
        return status
    return status.model_copy(update={"message": clipped(f"{status.message}{_LEFT}{objection.message}")})


def cleared_up(status: RunStatus) -> RunStatus:
    """The status of an ended run that has left no Job behind."""
    return status.model_copy(update={"message": status.message.partition(_LEFT)[0]})


def with_condition(status: RunStatus, world: RunWorld) -> RunStatus:
    """The status with its condition Finished, which moves its time only when it flips."""
    finished = "True" if status.outcome else "False"
    before = next((condition for condition in status.conditions if condition.type == "Finished"), None)
    same = before is not None and before.status == finished
    condition = Condition(
        type="Finished",
        status=finished,
        reason=status.outcome or status.state,
        message=status.message,
        last_transition_time=before.last_transition_time if before and same else world.now,
    )
    return status.model_copy(update={"conditions": (condition,)})
