"""Where each trigger stands, from where it stood and what its newest check saw.

Only a number outside the healthy range moves a trigger towards firing, and only a number inside it moves it back.
No data and errors do neither: they hold it where it is and say so. What did not move is returned as it was.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from retrain_operator.decide.breach import breach_message, breached
from retrain_operator.decide.slot import schedule_standing
from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.status import TriggerState, TriggerStatus
from retrain_operator.model.trigger import Trigger
from retrain_operator.model.world import PolicyWorld

SECOND = timedelta(seconds=1)
NOTHING = timedelta(0)
_MENDED_STEP_BY_STEP = frozenset(
    {Reason.CREDENTIAL_NOT_READABLE, Reason.QUERY_INVALID, Reason.SOURCE_NOT_ALLOWED, Reason.SOURCE_UNKNOWN}
)
"""Whoever mends one flaw must see the next, so each new sentence is told; those of other reasons vary by themselves."""


def triggers(world: PolicyWorld) -> tuple[TriggerStatus, ...]:
    """Where all triggers of the policy stand, in their order."""
    known = {each.name: each for each in world.policy.status.triggers}
    return tuple(_standing(trigger, known.get(trigger.name), world) for trigger in world.policy.spec.triggers)


def calm(trigger: Trigger, before: Observation | None, after: Observation) -> bool:
    """Whether the newer observation can change nothing that the older one has not: no pass is needed for it."""
    match before, after:
        case Sample(value=old), Sample(value=new):
            return trigger.prometheus is not None and not (breached(trigger, old, None) or breached(trigger, new, None))
        case ((NoData() | SourceError()), (NoData() | SourceError())):
            known = type(before) is type(after) and before.reason == after.reason
            return known and (before.message == after.message or after.reason not in _MENDED_STEP_BY_STEP)
        case _:
            return False


def _standing(trigger: Trigger, known: TriggerStatus | None, world: PolicyWorld) -> TriggerStatus:
    observed = world.policy.status.observed_generation
    if known is None or (observed != world.policy.generation and known.definition != definition(trigger)):
        # What was remembered of another question says nothing of this one.
        known = _new(trigger, world.policy.created if observed == 0 else world.now, world.now)
    if trigger.schedule:
        return schedule_standing(trigger.name, trigger.schedule, known, world)
    match world.observations.get(trigger.name):
        case None:
            return known
        case Sample(value=value, at=at):
            return _judged(trigger, known, value, at, world)
        case SourceError() as error:
            return _unknown(TriggerState.ERROR, trigger, known, error, world)
        case NoData() as none:
            return _unknown(TriggerState.NO_DATA, trigger, known, none, world)


def definition(trigger: Trigger) -> str:
    """A hash of what the trigger asks. How long, how much and how late may change without forgetting what was seen."""
    changing = {"prometheus": {"for_"}, "data_volume": {"growth", "growth_percent"}, "schedule": {"starting_deadline"}}
    asked = trigger.model_dump_json(exclude=changing)
    return blake2b(asked.encode(), digest_size=8).hexdigest()


def _new(trigger: Trigger, since: datetime, now: datetime) -> TriggerStatus:
    return TriggerStatus(
        name=trigger.name,
        state=TriggerState.NO_DATA,
        reason=Reason.NOT_CHECKED,
        message=f"{trigger.name} has not been checked yet.",
        since=now,
        definition=definition(trigger),
        defined_at=since,
    )


def _judged(trigger: Trigger, known: TriggerStatus, value: float, at: datetime, world: PolicyWorld) -> TriggerStatus:
    if trigger.data_volume and known.baseline is None:
        known = known.model_copy(update={"baseline": value})
    if breached(trigger, value, known.baseline):
        return _breached(trigger, known, value, at, world)
    if known.state is TriggerState.HEALTHY:
        return known
    words = "has not grown too much" if trigger.data_volume else "is within its healthy range"
    forgotten = {"breached_since": None, "counted_since": None, "counted": None, "ineffective_runs": 0}
    return _moved(known, world, TriggerState.HEALTHY, Reason.HEALTHY, f"{trigger.name} {words}.", **forgotten)


def _breached(trigger: Trigger, known: TriggerStatus, value: float, at: datetime, world: PolicyWorld) -> TriggerStatus:
    since = min(known.breached_since or at, at)
    counted_since, waits = None, "The next check decides."
    if _fresh(at, world):
        counted_since = min(known.counted_since or at - (known.counted or NOTHING), at)
        lasting = trigger.prometheus.for_ if trigger.prometheus else NOTHING
        waits = "" if at - counted_since >= lasting else f"It fires when it stays so for {duration_text(lasting)}."
    state = TriggerState.PENDING if waits else TriggerState.FIRING
    still = (known.state, known.breached_since, known.counted_since) == (state, since, counted_since)
    if still and world.policy.status.observed_generation == world.policy.generation:
        return known
    message = f"{breach_message(trigger, value, known.baseline)} {waits}".rstrip()
    remembered = {"breached_since": since, "counted_since": counted_since, "counted": None}
    return _moved(known, world, state, Reason.BREACHED, message, **remembered)


def _fresh(at: datetime, world: PolicyWorld) -> bool:
    """Whether something was seen after the last run had ended, and so may be told of the model in service."""
    last = world.policy.status.last_run
    # Statuses keep times to the second, so what was seen within the run's last second may be from before its end.
    return last is None or at >= last.completion_time + SECOND


def _unknown(
    state: TriggerState, trigger: Trigger, known: TriggerStatus, seen: NoData | SourceError, world: PolicyWorld
) -> TriggerStatus:
    message = f"{trigger.name}: {seen.message}"
    told = known.message == message or seen.reason not in _MENDED_STEP_BY_STEP
    if (known.state, known.reason) == (state, seen.reason) and told:
        return known
    counted = known.counted
    if known.counted_since:
        # It was last seen outside at the check before this one.
        counted = max(seen.at - world.policy.spec.interval - known.counted_since, NOTHING)
    return _moved(known, world, state, seen.reason, message, counted_since=None, counted=counted)


def _moved(
    known: TriggerStatus,
    world: PolicyWorld,
    state: TriggerState,
    reason: Reason,
    message: str,
    **remembered: object,
) -> TriggerStatus:
    """The trigger as it stands now, by one copy: a backtest moves triggers hundreds of thousands of times."""
    since = known.since if known.state == state else world.now
    told = {"state": state, "reason": reason, "message": message, "since": since}
    return known.model_copy(update={**remembered, **told})
