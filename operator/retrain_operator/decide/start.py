"""Whether a run may, and must, start now.

The chain is asked in the order written here, and the first check that speaks wins. Each is total: whatever the world
lacks has a type of its own. A hold says until when; a start says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from retrain_operator.decide.cause import ALL, MANUAL, UNDO, causes
from retrain_operator.decide.rest import ineffective, rest, rest_until
from retrain_operator.decide.wording import clipped
from retrain_operator.model.names import REQUEST_ANNOTATION, UNDO_ANNOTATION
from retrain_operator.model.observation import Sample
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.status import Cause, TriggerState, Undo
from retrain_operator.model.trigger import TriggerMode
from retrain_operator.model.world import NoRun, PolicyWorld


@dataclass(frozen=True, slots=True)
class Start:
    """A run starts, for this cause; with `undo` it trains nothing and puts that version back."""

    cause: Cause
    undo: Undo | None = None


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


def undo_requested(world: PolicyWorld) -> Decision | None:
    """A person wants an older version back: that is stronger than anything but a run under way, which ends first."""
    ask, claim = world.policy.undo_to, world.policy.status.active_run
    under_way = claim is not None and not isinstance(world.run, NoRun)
    if ask is None or world.undo is None or under_way:
        return None
    who = f" by {ask.by}" if ask.by else ""
    message = f"The model of {ask.value} was asked for{who} with the annotation {UNDO_ANNOTATION}."
    asked = {"request": ask.value, "requested_by": ask.by or None}
    return Start(Cause(trigger=UNDO, message=message, at=world.now, **asked), world.undo)


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
    """A person asked for a run now, by an annotation; that is stronger than any rest or limit."""
    ask = world.policy.requested
    if ask is None or ask.value == world.policy.status.last_handled_request:
        return None
    who = f" by {ask.by}" if ask.by else ""
    message = f"A run was asked for{who} with the annotation {REQUEST_ANNOTATION}."
    asked = {"request": ask.value, "requested_by": ask.by or None}
    return Start(Cause(trigger=MANUAL, message=message, at=world.now, **asked))


def circuit_open(world: PolicyWorld) -> Decision | None:
    """Too many runs failed in a row: more of the same would only cost."""
    status, limit = world.policy.status, world.policy.spec.limits.failure_limit
    if status.failures_in_a_row < limit or status.last_run is None:
        return None
    many = "The last run failed" if limit == 1 else f"{status.failures_in_a_row} runs in a row failed"
    message = (
        f"{many}, so no other starts until the spec changes or one is asked for: kubectl annotate retrainpolicy "
        f'{world.policy.name} --overwrite {REQUEST_ANNOTATION}="$(date)". Run {status.last_run.name}: '
        f"{status.last_run.message}"
    )
    return Hold(Reason.CIRCUIT_OPEN, message)


def cooling_down(world: PolicyWorld) -> Decision | None:
    """After each outcome its own rest, so that a rejected candidate is not trained again at once."""
    last = world.policy.status.last_run
    if last is None or world.now >= (until := rest_until(world, last)):
        return None
    span, after = rest(world.policy.spec.cooldown, Outcome(last.outcome))
    if last.trigger == UNDO:
        after = "a version was asked for"
    elif last.reason == Reason.RECOMMENDED:
        after = "a recommendation"
    reason = Reason.NO_NEW_DATA if last.outcome == Outcome.NO_NEW_DATA else Reason.COOLING_DOWN
    message = f"The next run may start at {_clock(until)} UTC, {duration_text(span)} after {after}."
    return Hold(reason, f"{message} Run {last.name}: {clipped(last.message, 800)}", until)


def nothing_due(world: PolicyWorld) -> Decision | None:
    """Nothing speaks for a run; what is not known is told before what is well."""
    if causes(world):
        return None
    triggers = world.policy.status.triggers
    slot = next_schedule_time(world)
    unknown = [each for each in triggers if each.state in (TriggerState.NO_DATA, TriggerState.ERROR)]
    if told := _moving(world):
        # With triggerMode All it is the unknown ones that are waited for.
        needed = unknown and world.policy.spec.trigger_mode is TriggerMode.ALL
        reason = Reason(unknown[0].reason) if needed else Reason.WATCHING
        return Hold(reason, " ".join((*told, *(each.message for each in unknown))), slot)
    if unknown:
        return Hold(Reason(unknown[0].reason), " ".join(each.message for each in unknown), slot)
    if slot:
        return Hold(Reason.WATCHING, f"No trigger fires. The next slot is at {slot:%Y-%m-%d %H:%M} UTC.", slot)
    return Hold(Reason.WATCHING, "All triggers are within their healthy ranges.")


def breach_outlasts_runs(world: PolicyWorld) -> Decision | None:
    """A breach that a model in service did not heal is left alone for longer each time, unless something else fires."""
    found = [ineffective(world, cause) for cause in causes(world)]
    waits = [each for each in found if each]
    if len(waits) < len(found):
        return None
    trigger, until = min(waits, key=lambda each: each[1])
    many = "a run that succeeded has" if trigger.ineffective_runs == 1 else f"{trigger.ineffective_runs} runs have"
    message = (
        f"{many} not helped since the breach of {trigger.name} began at {_clock(trigger.breached_since)} UTC. The next "
        f"run for it may start at {_clock(until)} UTC; look whether it measures what retraining can change."
    )
    return Hold(Reason.INEFFECTIVE_RETRAIN, message[0].upper() + message[1:], until)


def budget_exhausted(world: PolicyWorld) -> Decision | None:
    """As many runs have started of late as the user wants to pay for."""
    limits = world.policy.spec.limits
    if limits.max_runs is None:
        return None
    counted = sorted(at for at in world.policy.status.recent_runs if at > world.now - limits.period)
    if len(counted) < limits.max_runs:
        return None
    until = counted[-limits.max_runs] + limits.period
    many = "1 run has" if limits.max_runs == 1 else f"{limits.max_runs} runs have"
    message = (
        f"{many} started within {duration_text(limits.period)}, as many as limits.maxRuns allows. The next may start "
        f"at {_clock(until)} UTC. What waits for it: {_waiting(world)}"
    )
    return Hold(Reason.BUDGET_EXHAUSTED, message, until)


def due(world: PolicyWorld) -> Decision:
    """Something speaks for a run, and nothing holds it back."""
    return Start(_chosen(world))


CHAIN: tuple[Check, ...] = (
    undo_requested,  #        a person wants an older version back
    suspended,  #             the user said stop
    run_active,  #            one run at a time
    requested_by_hand,  #     a person asked, and asking is stronger than any rest
    circuit_open,  #          too many runs failed in a row
    cooling_down,  #          the last run ended too recently, by its outcome
    nothing_due,  #           no trigger fires
    breach_outlasts_runs,  #  what fires is what runs have not healed
    budget_exhausted,  #      enough runs have started of late
    due,  #                   so a run starts
)


def next_schedule_time(world: PolicyWorld) -> datetime | None:
    """The next slot of any schedule of the policy."""
    return min((each.next_slot for each in world.policy.status.triggers if each.next_slot), default=None)


def _chosen(world: PolicyWorld) -> Cause:
    return next(cause for cause in causes(world) if not ineffective(world, cause))


def _waiting(world: PolicyWorld) -> str:
    """What would start a run, as it is remembered: told by its value now, a breach would be news at every check."""
    cause = _chosen(world)
    if cause.breached_since is None:
        return cause.message
    return " ".join(each.message for each in world.policy.status.triggers if cause.trigger in (each.name, ALL))


def _moving(world: PolicyWorld) -> tuple[str, ...]:
    """What is told of triggers that fire, though not enough of them or without a number, and of those that might."""
    triggers = world.policy.status.triggers
    firing = [each for each in triggers if each.state is TriggerState.FIRING]
    told = []
    if firing and world.policy.spec.trigger_mode is TriggerMode.ALL:
        calm = ", ".join(each.name for each in triggers if each.state is not TriggerState.FIRING)
        told = [f"{each.message}" for each in firing]
        told += [f"With triggerMode All a run waits for {calm}."] if calm else ["The next check decides."]
    else:
        told = [
            f"{each.message} The next check decides."
            for each in firing
            if not isinstance(world.observations.get(each.name), Sample)
        ]
    return (*told, *(each.message for each in triggers if each.state is TriggerState.PENDING))


def _clock(at: datetime | None) -> str:
    assert at, "a breach has a start"
    return f"{at:%Y-%m-%d %H:%M:%S}"
