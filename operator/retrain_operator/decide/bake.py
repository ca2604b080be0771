"""The time after a rollout in which the model must prove itself: the policy's own metric triggers must stay healthy.

What counts is a breach that began after the rollout, for as long as its `for` asks: the one that the run was started to
heal may take its time to end. No data and errors decide nothing; they hold the end up for as long again at most.
"""

from datetime import datetime, timedelta

from retrain_operator.decide.deploying import deployed, deploying
from retrain_operator.decide.moves import Move, Wait
from retrain_operator.decide.wording import joined
from retrain_operator.model.observation import Sample
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RolloutRecord, RunState, StepState, TakenBack
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.status import TriggerState, TriggerStatus
from retrain_operator.model.target import Broken, Serving, Trouble, Unsettled
from retrain_operator.model.world import RunWorld

BAKE_POLL = timedelta(seconds=5)
CRASHES = 3
"""How often the model's server must have fallen to be down: once is also what a node that starts anew does to it."""
UNKNOWN = (TriggerState.NO_DATA, TriggerState.ERROR)


def baked(world: RunWorld, record: RolloutRecord) -> Move:
    """The first move once all of the target runs the model."""
    asked = world.run.spec.policy.spec.rollout.bake
    if asked is None:
        return _end(world, record, "")
    return _watching(world, record, world.now + asked.duration, [])


def bake(world: RunWorld, serving: Serving, record: RolloutRecord) -> Move | TakenBack:
    """The next move while the model is watched, or why it must go."""
    asked, complete = world.run.spec.policy.spec.rollout.bake, record.complete_time
    assert asked, "only a bake comes after a complete rollout"
    assert complete
    if why := _breach(world, record) or _down(serving):
        return why
    record = record.model_copy(update={"healthy": healthy(world, record)})
    until, unknown = complete + asked.duration, _unknown(world, complete)
    doubtful = [each.name for each in _watched(world) if each.state is TriggerState.PENDING and _new(each, record)]
    doubtful = [name for name in doubtful if name not in unknown]
    if world.now < until or doubtful or (unknown and world.now < until + asked.duration):
        return _watching(world, record, until, doubtful)
    return _end(world, record, _seen(world, asked.duration, unknown))


def healthy(world: RunWorld, record: RolloutRecord | None = None) -> tuple[str, ...]:
    """The metric triggers that are healthy, or were seen so since the rollout began."""
    before = record.healthy if record else ()
    now = {each.name for each in _watched(world) if each.state is TriggerState.HEALTHY}
    return tuple(name for name in _metrics(world) if name in now.union(before))


def _metrics(world: RunWorld) -> list[str]:
    """The metric triggers that the run's policy had."""
    return [each.name for each in world.run.spec.policy.spec.triggers if each.prometheus]


def _watched(world: RunWorld) -> list[TriggerStatus]:
    """Those of them that the policy still has, as they stand now."""
    names = _metrics(world)
    return [each for each in world.policy.status.triggers if each.name in names] if world.policy else []


def _unknown(world: RunWorld, complete: datetime) -> list[str]:
    """Those that gave no number since the model is in service: what is only remembered of one says nothing of it."""
    told = {each.name for each in _watched(world) if each.state not in UNKNOWN}
    seen = {name for name, at in world.observations.items() if isinstance(at, Sample) and at.at >= complete}
    return [name for name in _metrics(world) if name not in told & seen]


def _seen(world: RunWorld, asked: timedelta, unknown: list[str]) -> str:
    if unknown:
        return f" It was watched for {duration_text(2 * asked)}, at the end of which {joined(unknown)} gave no number."
    if not _metrics(world):
        return f" It was left alone for {duration_text(asked)}, as no trigger of the policy measures it."
    outside = [each.name for each in _watched(world) if each.state in (TriggerState.PENDING, TriggerState.FIRING)]
    if outside:
        return (
            f" It was watched for {duration_text(asked)}; what it was to heal in {joined(outside)} is not healed yet."
        )
    return f" Its triggers stayed healthy for {duration_text(asked)}."


def _new(trigger: TriggerStatus, record: RolloutRecord) -> bool:
    """Whether the trigger was healthy since the rollout began, and is breached since."""
    since = trigger.breached_since
    return trigger.name in record.healthy and since is not None and since > record.start_time


def _breach(world: RunWorld, record: RolloutRecord) -> TakenBack | None:
    firing = (each for each in _watched(world) if each.state is TriggerState.FIRING and _new(each, record))
    breach = next(firing, None)
    if breach is None:
        return None
    message = f"The model did not stay healthy in service ({breach.message.rstrip('.')})"
    return TakenBack(reason=Reason.BAKE_BREACHED, message=message)


def _down(serving: Serving) -> TakenBack | None:
    """A model whose server crashes. A drained node, an image that is not there or a sidecar is no fault of its."""
    match serving.progress:
        case Unsettled(trouble=Trouble(Reason.CRASH_LOOP, message, restarts)) if restarts >= CRASHES:
            return TakenBack(reason=Reason.CRASH_LOOP, message=f"The model did not stay up in service: {message}")
        case Broken(reason=reason, message=message):
            return TakenBack(reason=reason, message=f"The model did not stay up in service: {message}")
        case _:
            return None


def _watching(world: RunWorld, record: RolloutRecord, until: datetime, doubtful: list[str]) -> Move:
    message = f"The model is in service and watched until {until:%Y-%m-%d %H:%M:%S} UTC."
    if world.now >= until:
        gives = "not all of its triggers give a number yet"
        waits = f"it is to be seen whether {joined(doubtful)} stays outside its healthy range" if doubtful else gives
        message = f"The model is in service and watched on, as {waits}."
    status = deploying(world, Reason.BAKING, message, state=RunState.BAKING, record=record)
    return Move(status, Wait(max(min(until - world.now, BAKE_POLL), timedelta(seconds=1))))


def _end(world: RunWorld, record: RolloutRecord, seen: str) -> Move:
    verdict = f" {world.run.status.verdict.message}" if world.run.status.verdict else ""
    message = f"The candidate is in service.{seen}{verdict}"
    return deployed(world, Outcome.SUCCEEDED, Reason.PROMOTED, message, state=StepState.SUCCEEDED, record=record)
