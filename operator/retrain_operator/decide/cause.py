"""What speaks for a run now: one trigger that fires, or with triggerMode All every one of them."""

from retrain_operator.decide.breach import breach_message
from retrain_operator.decide.wording import clipped
from retrain_operator.model.observation import Sample
from retrain_operator.model.status import Cause, TriggerState, TriggerStatus
from retrain_operator.model.trigger import TriggerMode
from retrain_operator.model.world import PolicyWorld

ALL = "all"
"""What a run's trigger is called when it took all triggers of its policy."""
MANUAL = "manual"
"""What a run's trigger is called when a person asked for it."""
UNDO = "undo"
"""What a run's trigger is called when a person asked for an older version."""


def causes(world: PolicyWorld) -> tuple[Cause, ...]:
    """The causes that a run could start for, the strongest first: metrics in the order of the spec, then the clock.

    A trigger fires only on a number that was seen, never on what is only remembered.
    """
    status = world.policy.status
    firing = [each for each in status.triggers if each.state is TriggerState.FIRING]
    found = [cause for each in firing if (cause := _cause(each, world))]
    if world.policy.spec.trigger_mode is TriggerMode.ANY:
        metrics = [cause for cause in found if cause.breached_since]
        slots = [cause for cause in found if not cause.breached_since]
        # One run answers for all slots that came before the newest.
        return (*metrics, *sorted(slots, key=lambda cause: cause.at, reverse=True)[:1])
    if len(found) < len(status.triggers):
        return ()
    since = [cause.breached_since for cause in found if cause.breached_since]
    message = clipped(" ".join(cause.message for cause in found))
    newest = max(cause.at for cause in found)
    return (Cause(trigger=ALL, message=message, at=newest, breached_since=max(since, default=None)),)


def _cause(firing: TriggerStatus, world: PolicyWorld) -> Cause | None:
    if firing.slot:
        message = f"The slot of {firing.slot:%Y-%m-%d %H:%M} UTC of {firing.name} has come."
        return Cause(trigger=firing.name, message=message, at=firing.slot)
    trigger = next(each for each in world.policy.spec.triggers if each.name == firing.name)
    seen = world.observations.get(firing.name)
    if trigger.schedule or not isinstance(seen, Sample):
        return None
    message = breach_message(trigger, seen.value, firing.baseline)
    return Cause(trigger=firing.name, message=message, at=seen.at, breached_since=firing.breached_since)
