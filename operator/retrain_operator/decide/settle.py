"""What the facts change in a policy's status before anything is decided: an ended run is let go, triggers move."""

from dataclasses import replace

from retrain_operator.decide.recipe import recipe
from retrain_operator.decide.triggers import triggers
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import (
    ActiveRun,
    PolicyStatus,
    Quarantined,
    RunSummary,
    ServedModel,
    TriggerStatus,
)
from retrain_operator.model.world import Claimed, Ended, Going, NoRun, PolicyWorld
from retrain_trainer.contract import ModelRef

HISTORY = 10
"""How many ended runs a status tells of."""
QUARANTINE = 20
"""How many versions that were taken back it tells of."""


def settle(world: PolicyWorld) -> PolicyWorld:
    """The same world, with the policy's status brought up to the facts."""
    world = _let_go(_with_closed_circuit(_with_forgotten_undo(world)))
    moved = triggers(world)
    if moved == world.policy.status.triggers:
        return world
    return _with_status(world, world.policy.status.model_copy(update={"triggers": moved}))


def _with_closed_circuit(world: PolicyWorld) -> PolicyWorld:
    """Another spec may be the remedy, so what failed before it does not count."""
    status = world.policy.status
    if not status.failures_in_a_row or status.observed_generation == world.policy.generation:
        return world
    return _with_status(world, status.model_copy(update={"failures_in_a_row": 0}))


def _with_forgotten_undo(world: PolicyWorld) -> PolicyWorld:
    """Once the annotation is gone, the same version may be asked for again."""
    status = world.policy.status
    if world.policy.undo_to or status.last_handled_undo is None:
        return world
    return _with_status(world, status.model_copy(update={"last_handled_undo": None}))


def _with_status(world: PolicyWorld, status: PolicyStatus) -> PolicyWorld:
    return replace(world, policy=replace(world.policy, status=status))


def _let_go(world: PolicyWorld) -> PolicyWorld:
    """Without the claim of a run that has ended, and with what that run achieved."""
    status, claim = world.policy.status, world.policy.status.active_run
    if claim is None or isinstance(world.run, NoRun):
        return world
    if isinstance(world.run, Going):
        return _with_status(world, status.model_copy(update={"active_run": claim.model_copy(update={"made": True})}))
    if isinstance(world.run, Claimed) and not claim.made:
        return world
    summary = _summary(claim, world)
    succeeded = summary.outcome == Outcome.SUCCEEDED and summary.reason != Reason.RECOMMENDED
    update = {
        "active_run": None,
        "last_run": summary,
        "history": (summary, *status.history)[:HISTORY],
        "champion": _champion(claim, world) or status.champion,
        "last_successful_time": summary.completion_time if succeeded else status.last_successful_time,
        "failures_in_a_row": _failures(status, claim, Outcome(summary.outcome)),
        "quarantine": _quarantine(claim, world),
        "triggers": tuple(_after(each, claim, succeeded=succeeded) for each in status.triggers),
    }
    return replace(_with_status(world, status.model_copy(update=update)), run=NoRun())


def _failures(status: PolicyStatus, claim: ActiveRun, outcome: Outcome) -> int:
    """Failed runs in a row. Bad data and rejected candidates are no failures; one that was deleted is neither."""
    if claim.undo:
        return status.failures_in_a_row
    match outcome:
        case Outcome.FAILED | Outcome.ROLLED_BACK:
            return status.failures_in_a_row + 1
        case Outcome.CANCELLED:
            return status.failures_in_a_row
        case _:
            return 0


def _after(trigger: TriggerStatus, claim: ActiveRun, *, succeeded: bool) -> TriggerStatus:
    """What a trigger remembers once a run has ended: `for` starts anew, and growth from what the new champion saw."""
    update: dict[str, object] = {"counted_since": None, "counted": None}
    if claim.undo:
        return trigger.model_copy(update=update)  # what is in service now learned nothing new
    learned = next((volume.value for volume in claim.data_volumes if volume.trigger == trigger.name), None)
    if succeeded and learned is not None:
        # The champion knows that much by now, so whatever is too much growth from there is another breach.
        update |= {"baseline": learned, "ineffective_runs": 0}
    elif succeeded and trigger.breached_since and trigger.breached_since <= claim.cause.at:
        update["ineffective_runs"] = trigger.ineffective_runs + 1
    return trigger.model_copy(update=update)


def _summary(claim: ActiveRun, world: PolicyWorld) -> RunSummary:
    told = {"name": claim.name, "trigger": claim.cause.trigger, "cause": claim.cause.message}
    match world.run:
        case Ended(spec=spec, status=run, outcome=outcome, at=at):
            how = {"outcome": outcome, "reason": run.reason, "message": run.message}
            summary = RunSummary(**told, **how, start_time=run.start_time or at, completion_time=at)
            data = run.result.data_digest if run.result else None
            made = run.result.candidate if run.result else None
            learned = {"data_digest": data, "recipe": recipe(spec.policy.spec, spec.champion), "candidate": made}
            if spec.undo and spec.undo.uri and spec.undo.digest:
                back = ModelRef(uri=spec.undo.uri, digest=spec.undo.digest)
                learned = {"candidate": back}  # it learned nothing, so nothing of its inputs is known
            return summary.model_copy(update=learned)
        case Claimed():
            message = f"Somebody deleted run {claim.name} before it ended. The model in service is as it was left."
            how = {"outcome": Outcome.CANCELLED, "reason": Reason.DELETED, "message": message}
            return RunSummary(**told, **how, start_time=claim.cause.at, completion_time=world.now)
        case _:
            message = f"A RetrainRun {claim.name} that is not this policy's exists in the namespace. Delete it."
            how = {"outcome": Outcome.FAILED, "reason": Reason.NAME_TAKEN, "message": message}
            return RunSummary(**told, **how, start_time=world.now, completion_time=world.now)


def _champion(claim: ActiveRun, world: PolicyWorld) -> ServedModel | None:
    """The model that the run put in service; None when it put none there."""
    match world.run:
        case Ended(outcome=Outcome.SUCCEEDED, status=run, at=at) if run.rollout:
            uri, digest = run.rollout.to, _digest(world.run)
            version, before = uri.rstrip("/").rsplit("/", 1)[-1], run.rollout.from_
            known = {"uri": uri, "digest": digest, "version": version, "before": before}
            return ServedModel(**known, run=claim.name, promoted_at=run.rollout.complete_time or at)
        case _:
            return None


def _digest(ended: Ended) -> str | None:
    if ended.spec.undo:
        return ended.spec.undo.digest
    result = ended.status.result
    return result.candidate.digest if result and result.candidate else None


def _quarantine(claim: ActiveRun, world: PolicyWorld) -> tuple[Quarantined, ...]:
    """All versions that were taken back, newest first, each once however often it was."""
    new = _quarantined(claim, world)
    known = (each for each in world.policy.status.quarantine if each.digest not in {one.digest for one in new})
    return (*new, *known)[:QUARANTINE]


def _quarantined(claim: ActiveRun, world: PolicyWorld) -> tuple[Quarantined, ...]:
    """The version that the run took back after it had been in service, or that a person went back from."""
    match world.run:
        case Ended(status=run, at=at) if (
            run.rollout and run.rollout.complete_time and run.rollout.taken_back and run.result and run.result.candidate
        ):
            gone = run.result.candidate
            return (Quarantined(uri=gone.uri, digest=gone.digest, run=claim.name, reason=run.reason, at=at),)
        case Ended(outcome=Outcome.SUCCEEDED, spec=spec, status=run, at=at) if (
            spec.undo and run.rollout and spec.champion and spec.champion.digest and spec.champion.uri != run.rollout.to
        ):
            left, digest = spec.champion.uri, spec.champion.digest
            return (Quarantined(uri=left, digest=digest, run=claim.name, reason=run.reason, at=at),)
        case _:
            return ()
