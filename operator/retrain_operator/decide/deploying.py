"""How the last step of a run stands in its status, under way and at its end."""

from retrain_operator.decide.ending import end
from retrain_operator.decide.moves import Move
from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RolloutRecord, RunState, RunStatus, StepState
from retrain_operator.model.world import RunWorld


def deploying(
    world: RunWorld,
    reason: Reason,
    message: str,
    *,
    state: RunState = RunState.DEPLOYING,
    record: RolloutRecord | None = None,
) -> RunStatus:
    """The status of a run whose deploy goes on."""
    *before, step = world.run.status.steps
    start, message = step.start_time or world.now, clipped(message)
    update = {"state": StepState.RUNNING, "reason": reason, "message": message, "start_time": start}
    return world.run.status.model_copy(
        update={
            "state": state,
            "reason": reason,
            "message": message,
            "start_time": world.run.status.start_time or world.run.created,
            "steps": (*before, step.model_copy(update=update)),
            "rollout": record or world.run.status.rollout,
            "missing": (),
        }
    )


def deployed(
    world: RunWorld,
    outcome: Outcome,
    reason: Reason,
    message: str,
    *,
    state: StepState = StepState.FAILED,
    record: RolloutRecord | None = None,
) -> Move:
    """The run ends at its deploy."""
    *before, step = world.run.status.steps
    message = clipped(message)
    closed = step.model_copy(
        update={
            "state": state,
            "reason": reason,
            "message": message,
            "start_time": step.start_time or world.now,
            "completion_time": world.now,
        }
    )
    update = {"steps": (*before, closed), "rollout": record or world.run.status.rollout}
    return end(world, outcome, reason, message, seen=world.run.status.model_copy(update=update))


def kept(world: RunWorld) -> str:
    """Where the trained model is, as a sentence; empty when none was trained."""
    candidate = world.run.candidate
    return f"The trained model is kept at {candidate.uri}." if candidate else ""
