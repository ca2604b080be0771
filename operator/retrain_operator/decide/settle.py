"""What the facts change in a policy's status before anything is decided: an ended run is let go, triggers move."""

from dataclasses import replace

from retrain_operator.decide.triggers import triggers
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import ActiveRun, PolicyStatus, RunSummary, ServedModel
from retrain_operator.model.world import Claimed, Ended, Going, NoRun, PolicyWorld

HISTORY = 10
"""How many ended runs a status tells of."""


def settle(world: PolicyWorld) -> PolicyWorld:
    """The same world, with the policy's status brought up to the facts."""
    world = _let_go(world)
    return _with_status(world, world.policy.status.model_copy(update={"triggers": triggers(world)}))


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
    update = {
        "active_run": None,
        "last_run": summary,
        "history": (summary, *status.history)[:HISTORY],
        "champion": _champion(claim, world) or status.champion,
    }
    return replace(_with_status(world, status.model_copy(update=update)), run=NoRun())


def _summary(claim: ActiveRun, world: PolicyWorld) -> RunSummary:
    told = {"name": claim.name, "trigger": claim.cause.trigger, "cause": claim.cause.message}
    match world.run:
        case Ended(status=run, outcome=outcome, at=at):
            how = {"outcome": outcome, "reason": run.reason, "message": run.message}
            return RunSummary(**told, **how, start_time=run.start_time or at, completion_time=at)
        case Claimed():
            message = f"Somebody deleted run {claim.name} before it ended. The model in service is as it was left."
            how = {"outcome": Outcome.CANCELLED, "reason": Reason.DELETED, "message": message}
            return RunSummary(**told, **how, start_time=claim.cause.at, completion_time=world.now)
        case _:
            message = f"A RetrainRun {claim.name} that is not this policy's exists in the namespace. Delete it."
            how = {"outcome": Outcome.FAILED, "reason": Reason.NAME_TAKEN, "message": message}
            return RunSummary(**told, **how, start_time=world.now, completion_time=world.now)


def _champion(claim: ActiveRun, world: PolicyWorld) -> ServedModel | None:
    match world.run:
        case Ended(outcome=Outcome.SUCCEEDED, status=run, at=at) if run.result and run.result.candidate:
            candidate = run.result.candidate
            version = candidate.uri.rstrip("/").rsplit("/", 1)[-1]
            return ServedModel(
                uri=candidate.uri, digest=candidate.digest, version=version, run=claim.name, promoted_at=at
            )
        case _:
            return None
