"""Where each trigger stands, from where it stood and what its newest check saw.

Only a number outside the healthy range moves a trigger towards firing, and only a number inside it moves it back.
No data and errors do neither: they hold it where it is and say so.
"""

from dataclasses import dataclass
from datetime import datetime

from retrain_operator.decide.schedule import newest_slot, unserved_since
from retrain_operator.decide.wording import number
from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.status import TriggerState, TriggerStatus
from retrain_operator.model.trigger import HealthyRange, PrometheusTrigger, ScheduleTrigger, Trigger
from retrain_operator.model.world import PolicyWorld


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a trigger stands now, before it is compared with where it stood."""

    state: TriggerState
    reason: Reason
    message: str
    breached_since: datetime | None = None


def triggers(world: PolicyWorld) -> tuple[TriggerStatus, ...]:
    """Where all triggers of the policy stand, in their order.

    One that did not move is returned as it was, unless the spec is new.
    """
    status = world.policy.status
    same = status.observed_generation == world.policy.generation
    # What was breached under another spec says nothing of this one.
    before = {each.name: each for each in status.triggers} if same else {}
    return tuple(_moved(trigger, before.get(trigger.name), world) for trigger in world.policy.spec.triggers)


def _moved(trigger: Trigger, before: TriggerStatus | None, world: PolicyWorld) -> TriggerStatus:
    stands = _standing(trigger, before, world)
    moved = before is None or (before.state, before.reason, before.breached_since) != (
        stands.state,
        stands.reason,
        stands.breached_since,
    )
    if before and not moved:
        return before
    since = before.since if before and before.state == stands.state else world.now
    return TriggerStatus(
        name=trigger.name,
        state=stands.state,
        reason=stands.reason,
        message=stands.message,
        since=since,
        breached_since=stands.breached_since,
    )


def _standing(trigger: Trigger, before: TriggerStatus | None, world: PolicyWorld) -> _Standing:
    if trigger.prometheus:
        observation = world.observations.get(trigger.name)
        return _metric(trigger.name, trigger.prometheus, before, observation)
    assert trigger.schedule, "the model demands one source"
    return _schedule(trigger.schedule, world)


def _metric(
    name: str, metric: PrometheusTrigger, before: TriggerStatus | None, observation: Observation | None
) -> _Standing:
    breached_since = before.breached_since if before else None
    match observation:
        case None if before:
            return _Standing(before.state, Reason(before.reason), before.message, breached_since)
        case None:
            return _Standing(TriggerState.NO_DATA, Reason.NOT_CHECKED, f"{name} has not been checked yet.")
        case NoData(reason=reason, message=message):
            return _Standing(TriggerState.NO_DATA, reason, f"{name}: {message}", breached_since)
        case SourceError(reason=reason, message=message):
            return _Standing(TriggerState.ERROR, reason, f"{name}: {message}", breached_since)
        case Sample(value=value) if not breach(metric.healthy_range, value):
            return _Standing(TriggerState.HEALTHY, Reason.HEALTHY, f"{name} is within its healthy range.")
        case Sample(at=at, value=value):
            since = min(breached_since or at, at)
            message = breach_message(name, metric.healthy_range, value)
            if at - since >= metric.for_:
                return _Standing(TriggerState.FIRING, Reason.BREACHED, message, since)
            wait = f"{message} It fires when it stays so for {duration_text(metric.for_)}."
            return _Standing(TriggerState.PENDING, Reason.BREACHED, wait, since)


def _schedule(schedule: ScheduleTrigger, world: PolicyWorld) -> _Standing:
    slot = newest_slot(schedule, unserved_since(world), world.now)
    if slot:
        return _Standing(TriggerState.FIRING, Reason.DUE, f"The slot of {slot:%Y-%m-%d %H:%M} UTC has come.")
    return _Standing(TriggerState.HEALTHY, Reason.WAITING, f"Waiting for the next slot of {schedule.cron}.")


def breach(healthy: HealthyRange, value: float) -> bool:
    """Whether a value is outside its healthy range; the bounds belong to it."""
    return (healthy.min is not None and value < healthy.min) or (healthy.max is not None and value > healthy.max)


def breach_message(name: str, healthy: HealthyRange, value: float) -> str:
    """What a breach is called, such as `drift is 0.12, above 0.1.`"""
    if healthy.min is not None and value < healthy.min:
        return f"{name} is {number(value, healthy.min)}, below {number(healthy.min, value)}."
    assert healthy.max is not None, "what is not below is above"
    return f"{name} is {number(value, healthy.max)}, above {number(healthy.max, value)}."
