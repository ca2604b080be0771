"""Whether a run may, and must, start now.

The chain is asked in the order written here, and the first check that speaks wins. Each is total: whatever the world
lacks has a type of its own. A hold says until when; a start says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from retrain_operator.decide.schedule import newest_slot, next_slot, unserved_since
from retrain_operator.decide.triggers import breach_message
from retrain_operator.decide.wording import clipped
from retrain_operator.model.observation import Sample
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Cause, TriggerState, TriggerStatus
from retrain_operator.model.world import NoRun, PolicyWorld

MANUAL = "manual"
"""What a run's trigger is called when a person asked for it."""


@dataclass(frozen=True, slots=True)
class Start:
    """A run starts, for this cause."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Hold:
    """No run starts, for this reason; worth asking again at that time even if nothing happens until then."""

    reason: Reason
    message: str
    recheck_at: datetime | None = None


Decision = Start | Hold
Check = Callable[[PolicyWorld], Decision | None]


def decide(world: PolicyWorld) -> Decision:
    """Whether a run starts now; if not, why, and when to look again."""
    return next(decision for check in CHAIN if (decision := check(world)))


def suspended(world: PolicyWorld) -> Decision | None:
    """The user said stop."""
    if not world.policy.spec.suspend:
        return None
    return Hold(Reason.SUSPENDED, "The policy is suspended: no run starts while spec.suspend is true.")


def run_active(world: PolicyWorld) -> Decision | None:
    """One policy has one run at a time."""
    active = world.policy.status.active_run
    if active is None or isinstance(world.run, NoRun):
        return None
    return Hold(Reason.RUN_ACTIVE, f"Run {active.name} is under way: {active.cause.message}")


def requested_by_hand(world: PolicyWorld) -> Decision | None:
    """A person asked for a run now, by an annotation; that is stronger than any rest."""
    requested = world.policy.requested
    if not requested or requested == world.policy.status.last_handled_request:
        return None
    message = "A run was asked for by the annotation retrain.dev/requestedAt."
    return Start(Cause(trigger=MANUAL, message=message, at=world.now, request=requested))


def cooling_down(world: PolicyWorld) -> Decision | None:
    """After each outcome its own rest, so that a rejected candidate is not trained again at once."""
    until = cooldown_until(world)
    last = world.policy.status.last_run
    if until is None or last is None or world.now >= until:
        return None
    rest = f"The next run may start at {until:%Y-%m-%d %H:%M:%S} UTC."
    message = f"{rest} Run {last.name} ended as {last.outcome}: {clipped(last.message, 800)}"
    return Hold(Reason.COOLING_DOWN, message, until)


def breach_sustained(world: PolicyWorld) -> Decision | None:
    """A metric was seen outside its healthy range, for long enough, and since the last run ended."""
    last = world.policy.status.last_run
    specs = {trigger.name: trigger.prometheus for trigger in world.policy.spec.triggers}
    for trigger in world.policy.status.triggers:
        metric, seen = specs[trigger.name], world.observations.get(trigger.name)
        if metric is None or trigger.state != TriggerState.FIRING or not isinstance(seen, Sample):
            continue
        # Statuses keep times to the second, so what was seen within the run's last second may be from before its end.
        if last is None or seen.at >= last.completion_time + timedelta(seconds=1):
            message = breach_message(trigger.name, metric.healthy_range, seen.value)
            return Start(Cause(trigger=trigger.name, message=message, at=seen.at))
    return None


def schedule_due(world: PolicyWorld) -> Decision | None:
    """The newest slot of any schedule that no run has served yet; one run answers for all that came before it."""
    after = unserved_since(world)
    schedules = {trigger.name: trigger.schedule for trigger in world.policy.spec.triggers if trigger.schedule}
    slots = {name: newest_slot(schedule, after, world.now) for name, schedule in schedules.items()}
    due = [(slot, name) for name, slot in slots.items() if slot]
    if not due:
        return None
    slot, name = max(due)
    message = f"The slot of {slot:%Y-%m-%d %H:%M} UTC of {name} has come."
    return Start(Cause(trigger=name, message=message, at=slot))


def watching(world: PolicyWorld) -> Decision:
    """Nothing speaks for a run."""
    slot = next_schedule_time(world)
    return Hold(Reason.WATCHING, _watching_message(world.policy.status.triggers, slot), slot)


CHAIN: tuple[Check, ...] = (
    suspended,  #          the user said stop
    run_active,  #         one run at a time
    requested_by_hand,  #  a person asked, and asking is stronger than any rest
    cooling_down,  #       the last run ended too recently, by its outcome
    breach_sustained,  #   a metric is out of its healthy range for long enough
    schedule_due,  #       the newest slot that no run has served yet
    watching,  #           nothing of all that
)


def cooldown_until(world: PolicyWorld) -> datetime | None:
    """When the rest after the last run ends; None when no run has ended yet."""
    last, cooldown = world.policy.status.last_run, world.policy.spec.cooldown
    if last is None:
        return None
    match Outcome(last.outcome):
        case Outcome.SUCCEEDED:
            rest = cooldown.after_success
        case Outcome.REJECTED | Outcome.INCONCLUSIVE | Outcome.NO_NEW_DATA:
            rest = cooldown.after_rejection
        case Outcome.FAILED | Outcome.ROLLED_BACK | Outcome.DATA_INVALID | Outcome.CANCELLED:
            rest = cooldown.after_failure
    return last.completion_time + rest


def next_schedule_time(world: PolicyWorld) -> datetime | None:
    """The next slot of any schedule of the policy."""
    schedules = [trigger.schedule for trigger in world.policy.spec.triggers if trigger.schedule]
    return min((next_slot(schedule, world.now) for schedule in schedules), default=None)


def _watching_message(triggers: tuple[TriggerStatus, ...], slot: datetime | None) -> str:
    firing = [f"{each.message} The next check decides." for each in triggers if each.state == TriggerState.FIRING]
    pending = [each.message for each in triggers if each.state == TriggerState.PENDING]
    unknown = [each.message for each in triggers if each.state in (TriggerState.NO_DATA, TriggerState.ERROR)]
    if said := firing + pending + unknown:
        return clipped(" ".join(said))
    if slot:
        return f"No trigger fires. The next slot is at {slot:%Y-%m-%d %H:%M} UTC."
    return "All triggers are within their healthy ranges."
