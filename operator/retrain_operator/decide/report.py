"""What a policy's status says after a decision. The only place that knows when a condition's time moves."""

from datetime import datetime

from retrain_operator.decide.claim import claimed
from retrain_operator.decide.grant import grant
from retrain_operator.decide.objection import Objection
from retrain_operator.decide.start import Decision, Hold, Start, next_schedule_time
from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import RunState
from retrain_operator.model.status import (
    Condition,
    Missing,
    PolicyState,
    PolicyStatus,
    TriggerState,
    TriggerStatus,
)
from retrain_operator.model.trigger import TriggerMode
from retrain_operator.model.world import Going, InvalidPolicy, Policy, PolicyWorld


def report(world: PolicyWorld, decision: Decision, objection: Objection | None) -> PolicyStatus:
    """The status to write. A start is claimed in it; its run may exist only after it was written."""
    status = claimed(world, decision) if isinstance(decision, Start) else world.policy.status
    if isinstance(decision, Start) and objection and objection.reason is Reason.REVERTED_BY_MANAGER:
        status = status.model_copy(update={"champion": None})  # whoever asks has seen that it is not in service
    state, reason, message = _state(world, decision, objection)
    missing = _missing(world, objection)
    return status.model_copy(
        update={
            "observed_generation": world.policy.generation,
            "state": state,
            "reason": reason,
            "message": clipped(message),
            "conditions": _conditions(world, decision, objection),
            "next_schedule_time": next_schedule_time(world),
            "cooldown_until": _rests_until(decision),
            "runs_remaining": _runs_remaining(world, status),
            "missing": missing,
            "grant": grant(world.policy.account, missing, world.operator) if missing else "",
        }
    )


def _missing(world: PolicyWorld, objection: Objection | None) -> tuple[Missing, ...]:
    """Rights that hold back the run under way, or the one to come."""
    if isinstance(world.run, Going) and world.run.status.missing:
        return world.run.status.missing
    return objection.missing if objection else ()


_RUN_STATES = {
    RunState.PENDING: PolicyState.TRAINING,
    RunState.TRAINING: PolicyState.TRAINING,
    RunState.AWAITING_APPROVAL: PolicyState.AWAITING_APPROVAL,
    RunState.DEPLOYING: PolicyState.DEPLOYING,
    RunState.BAKING: PolicyState.BAKING,
    RunState.BLOCKED: PolicyState.BLOCKED,
    RunState.ENDED: PolicyState.IDLE,
}


_HOLD_STATES = {
    Reason.SUSPENDED: PolicyState.SUSPENDED,
    Reason.RUN_ACTIVE: PolicyState.TRAINING,
    Reason.COOLING_DOWN: PolicyState.COOLING_DOWN,
    Reason.INEFFECTIVE_RETRAIN: PolicyState.COOLING_DOWN,
    Reason.BUDGET_EXHAUSTED: PolicyState.COOLING_DOWN,
    Reason.NO_NEW_DATA: PolicyState.COOLING_DOWN,
    Reason.CIRCUIT_OPEN: PolicyState.STALLED,
}
"""Of other holds the state is Idle."""


def _runs_remaining(world: PolicyWorld, status: PolicyStatus) -> int | None:
    limits = world.policy.spec.limits
    if limits.max_runs is None:
        return None
    return max(limits.max_runs - sum(at > world.now - limits.period for at in status.recent_runs), 0)


def _rests_until(decision: Decision) -> datetime | None:
    if isinstance(decision, Hold) and _HOLD_STATES.get(decision.reason) is PolicyState.COOLING_DOWN:
        return decision.recheck_at
    return None


def _state(world: PolicyWorld, decision: Decision, objection: Objection | None) -> tuple[PolicyState, str, str]:
    if isinstance(decision, Start):
        state = PolicyState.DEPLOYING if decision.undo else PolicyState.TRAINING
        return state, Reason.RUN_ACTIVE, f"A run starts: {decision.cause.message}"
    if isinstance(world.run, Going):
        run = world.run.status
        return _RUN_STATES[run.state], run.reason or decision.reason, run.message or decision.message
    if objection and objection.holds and decision.reason not in (Reason.SUSPENDED, Reason.CIRCUIT_OPEN):
        return PolicyState.IDLE, objection.reason, objection.message
    return _HOLD_STATES.get(decision.reason, PolicyState.IDLE), decision.reason, decision.message


def _conditions(world: PolicyWorld, decision: Decision, objection: Objection | None) -> tuple[Condition, ...]:
    told = [
        _condition(world.policy, world.now, "Ready", *_ready(world, decision, objection)),
        _condition(world.policy, world.now, "Triggered", *_triggered(world.policy.status.triggers)),
    ]
    if isinstance(world.run, Going) and world.run.status.state is RunState.BLOCKED:
        blocked = world.run.status
        told.append(_condition(world.policy, world.now, "Stalled", "True", blocked.reason, blocked.message))
    if isinstance(decision, Hold) and decision.reason is Reason.CIRCUIT_OPEN:
        told.append(_condition(world.policy, world.now, "Stalled", "True", decision.reason, decision.message))
    return tuple(told)


def _ready(world: PolicyWorld, decision: Decision, objection: Objection | None) -> tuple[str, str, str]:
    triggers, needs_all = world.policy.status.triggers, world.policy.spec.trigger_mode is TriggerMode.ALL
    # What needs a person most comes first: a policy that is Stalled gives the same reason here.
    if isinstance(world.run, Going) and world.run.status.state is RunState.BLOCKED:
        return "False", world.run.status.reason, world.run.status.message
    if isinstance(decision, Hold) and decision.reason is Reason.CIRCUIT_OPEN:
        return "False", decision.reason, decision.message
    if objection and objection.holds:
        return "False", objection.reason, objection.message
    wrong = [trigger for trigger in triggers if trigger.state is TriggerState.ERROR]
    if wrong and (needs_all or len(wrong) == len(triggers)):
        return "False", wrong[0].reason, wrong[0].message
    if world.policy.spec.suspend:
        return "True", Reason.SUSPENDED, "The policy is suspended: no run starts while spec.suspend is true."
    fires = "all fire at once" if needs_all else "one fires"
    ready = f"The triggers are checked, and a run starts when {fires}."
    return "True", Reason.WATCHING, f"{ready} Its deploy will be held back: {objection.message}" if objection else ready


def _triggered(triggers: tuple[TriggerStatus, ...]) -> tuple[str, str, str]:
    firing = [trigger for trigger in triggers if trigger.state is TriggerState.FIRING]
    unknown = [trigger for trigger in triggers if trigger.state in (TriggerState.NO_DATA, TriggerState.ERROR)]
    pending = [trigger for trigger in triggers if trigger.state is TriggerState.PENDING]
    for status, found in (("True", firing), ("Unknown", unknown), ("False", pending)):
        if found:
            return status, found[0].reason, " ".join(trigger.message for trigger in found)
    return "False", Reason.HEALTHY, "No trigger fires."


def invalid(policy: Policy | InvalidPolicy, now: datetime, mistake: str) -> PolicyStatus:
    """The status of a policy whose spec cannot be followed. A run under way is not touched."""
    message = clipped(f"The spec cannot be followed: {mistake.rstrip('.')}.")
    return policy.status.model_copy(
        update={
            "observed_generation": policy.generation,
            "state": PolicyState.INVALID,
            "reason": Reason.INVALID_SPEC,
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
        message=clipped(message),
        last_transition_time=before.last_transition_time if before and before.status == status else now,
        observed_generation=policy.generation,
    )
