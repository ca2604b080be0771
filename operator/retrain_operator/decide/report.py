"""What a policy's status says after a decision. The only place that knows when a condition's time moves."""

from datetime import datetime, timedelta

from retrain_operator.decide.manifest import run_name
from retrain_operator.decide.objection import Objection
from retrain_operator.decide.start import Decision, Hold, Start, cooldown_until, next_schedule_time
from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import RunState
from retrain_operator.model.status import (
    ActiveRun,
    Condition,
    PolicyState,
    PolicyStatus,
    TriggerState,
    TriggerStatus,
)
from retrain_operator.model.world import Claimed, Going, InvalidPolicy, Policy, PolicyWorld

OBJECTION_POLL = timedelta(seconds=10)
"""How often a target that is not fit is looked at again."""

TARGET_REASONS = frozenset(
    {
        Reason.SERVICE_ACCOUNT_NOT_FOUND,
        Reason.TARGET_NOT_FOUND,
        Reason.CONTAINER_NOT_FOUND,
        Reason.ENV_NOT_FOUND,
        Reason.MODEL_NOT_READABLE,
        Reason.MISSING_PERMISSION,
        Reason.ADMISSION_DENIED,
    }
)
"""Why a policy may be not Ready on account of its target."""


def admit(decision: Decision, objection: Objection | None, now: datetime) -> Decision:
    """The decision, held back when the target it would end at is not fit."""
    if objection is None or not isinstance(decision, Start):
        return decision
    return Hold(objection.reason, objection.message, now + OBJECTION_POLL)


def wants_target(world: PolicyWorld, decision: Decision) -> bool:
    """Whether this pass depends on the target: a run starts or is claimed, the spec is new, or the target was unfit."""
    status = world.policy.status
    ready = next((condition for condition in status.conditions if condition.type == "Ready"), None)
    unfit = ready is not None and ready.status == "False" and ready.reason in TARGET_REASONS
    new = status.observed_generation != world.policy.generation
    return isinstance(decision, Start) or isinstance(world.run, Claimed) or new or unfit


def report(world: PolicyWorld, decision: Decision, objection: Objection | None) -> PolicyStatus:
    """The status to write. A start is claimed in it; its run may exist only after it was written."""
    status = world.policy.status
    claim = status.active_run
    update: dict[str, object] = {}
    if isinstance(decision, Start):
        claim = ActiveRun(name=run_name(world.policy, decision.cause), cause=decision.cause)
        update = _served(world, decision)
    state, message = _state(world, decision, objection)
    until = cooldown_until(world)
    return status.model_copy(
        update={
            **update,
            **_observed(world.policy, world.now),
            "state": state,
            "message": message,
            "conditions": _conditions(world, objection),
            "active_run": claim,
            "next_schedule_time": next_schedule_time(world),
            "cooldown_until": until if until and until > world.now else None,
        }
    )


def _observed(policy: Policy | InvalidPolicy, now: datetime) -> dict[str, object]:
    """Which spec the status is about, and since when unless since ever."""
    new = policy.status.observed_generation not in (0, policy.generation)
    since = now if new else policy.status.observed_since
    return {"observed_generation": policy.generation, "observed_since": since}


def _served(world: PolicyWorld, start: Start) -> dict[str, object]:
    """What a start answers for: a request, or a slot of a schedule."""
    if start.cause.request:
        return {"last_handled_request": start.cause.request}
    trigger = next(each for each in world.policy.spec.triggers if each.name == start.cause.trigger)
    return {"last_schedule_time": start.cause.at} if trigger.schedule else {}


_RUN_STATES = {
    RunState.PENDING: PolicyState.TRAINING,
    RunState.TRAINING: PolicyState.TRAINING,
    RunState.DEPLOYING: PolicyState.DEPLOYING,
    RunState.BLOCKED: PolicyState.BLOCKED,
    RunState.ENDED: PolicyState.IDLE,
}


def _state(world: PolicyWorld, decision: Decision, objection: Objection | None) -> tuple[PolicyState, str]:
    if isinstance(decision, Start):
        return PolicyState.TRAINING, f"A run starts: {decision.cause.message}"
    if isinstance(world.run, Going):
        return _RUN_STATES[world.run.status.state], world.run.status.message or decision.message
    if decision.reason is Reason.SUSPENDED:
        return PolicyState.SUSPENDED, decision.message
    if objection:
        return PolicyState.IDLE, objection.message
    match decision.reason:
        case Reason.RUN_ACTIVE:
            return PolicyState.TRAINING, decision.message
        case Reason.COOLING_DOWN:
            return PolicyState.COOLING_DOWN, decision.message
        case _:
            return PolicyState.IDLE, decision.message


def _conditions(world: PolicyWorld, objection: Objection | None) -> tuple[Condition, ...]:
    told = [
        _condition(world.policy, world.now, "Ready", *_ready(world, objection)),
        _condition(world.policy, world.now, "Triggered", *_triggered(world.policy.status.triggers)),
    ]
    if isinstance(world.run, Going) and world.run.status.state is RunState.BLOCKED:
        blocked = world.run.status
        told.append(_condition(world.policy, world.now, "Stalled", "True", blocked.reason, blocked.message))
    return tuple(told)


def _ready(world: PolicyWorld, objection: Objection | None) -> tuple[str, str, str]:
    triggers = world.policy.status.triggers
    if objection:
        return "False", objection.reason, objection.message
    if isinstance(world.run, Going) and world.run.status.state is RunState.BLOCKED:
        return "False", world.run.status.reason, world.run.status.message
    if all(trigger.state is TriggerState.ERROR for trigger in triggers):
        return "False", triggers[0].reason, triggers[0].message
    if world.policy.spec.suspend:
        return "True", Reason.SUSPENDED, "The policy is suspended: no run starts while spec.suspend is true."
    return "True", Reason.WATCHING, "The triggers are checked, and a run starts when one fires."


def _triggered(triggers: tuple[TriggerStatus, ...]) -> tuple[str, str, str]:
    firing = [trigger for trigger in triggers if trigger.state is TriggerState.FIRING]
    unknown = [trigger for trigger in triggers if trigger.state in (TriggerState.NO_DATA, TriggerState.ERROR)]
    pending = [trigger for trigger in triggers if trigger.state is TriggerState.PENDING]
    for status, found in (("True", firing), ("Unknown", unknown), ("False", pending)):
        if found:
            return status, found[0].reason, clipped(" ".join(trigger.message for trigger in found))
    return "False", Reason.HEALTHY, "No trigger fires."


def invalid(policy: Policy | InvalidPolicy, now: datetime, mistake: str) -> PolicyStatus:
    """The status of a policy whose spec cannot be followed. A run under way is not touched."""
    message = clipped(f"The spec cannot be followed: {mistake.rstrip('.')}.")
    return policy.status.model_copy(
        update={
            **_observed(policy, now),
            "state": PolicyState.INVALID,
            "message": message,
            "conditions": (
                _condition(policy, now, "Ready", "False", Reason.INVALID_SPEC, message),
                _condition(policy, now, "Stalled", "True", Reason.INVALID_SPEC, message),
            ),
        }
    )


def _condition(
    policy: Policy | InvalidPolicy, now: datetime, kind: str, status: str, reason: str, message: str
) -> Condition:
    before = next((condition for condition in policy.status.conditions if condition.type == kind), None)
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=before.last_transition_time if before and before.status == status else now,
        observed_generation=policy.generation,
    )
