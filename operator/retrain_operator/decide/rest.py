"""How long a policy rests: after a run by its outcome, and longer each time while a breach lasts that no run heals."""

from datetime import datetime, timedelta

from retrain_operator.decide.cause import ALL
from retrain_operator.model.policy import Cooldown
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Cause, RunSummary, TriggerStatus
from retrain_operator.model.world import PolicyWorld

LONGEST = timedelta(days=1)
"""How long a breach that no run heals is left alone at most."""


def rest(cooldown: Cooldown, outcome: Outcome) -> tuple[timedelta, str]:
    """How long to rest after a run that ended like this, and what that is called in a sentence."""
    match outcome:
        case Outcome.SUCCEEDED:
            return cooldown.after_success, "a promotion"
        case Outcome.NO_NEW_DATA:
            return cooldown.after_rejection, "a run without new data"
        case Outcome.REJECTED | Outcome.INCONCLUSIVE:
            return cooldown.after_rejection, "a candidate that was not promoted"
        case Outcome.FAILED | Outcome.ROLLED_BACK | Outcome.DATA_INVALID | Outcome.CANCELLED:
            return cooldown.after_failure, "a run that failed"


def rest_until(world: PolicyWorld, last: RunSummary) -> datetime:
    """When the rest after a run ends."""
    return last.completion_time + rest(world.policy.spec.cooldown, Outcome(last.outcome))[0]


def ineffective(world: PolicyWorld, cause: Cause) -> tuple[TriggerStatus, datetime] | None:
    """The trigger whose breach has outlasted runs that succeeded, and until when it therefore rests; None if it may go.

    The rest is cooldown.afterSuccess twice, four times, ... as long, by how many runs did not help; at most a day. Of
    triggers that must fire together the freshest breach counts: theirs begins with the last of them.
    """
    status = world.policy.status
    breaches = [each for each in status.triggers if _concerns(cause, each)]
    freshest = min(breaches, key=lambda each: each.ineffective_runs, default=None)
    if freshest is None or not freshest.ineffective_runs or status.last_successful_time is None:
        return None
    until = status.last_successful_time + _longer(world.policy.spec.cooldown.after_success, freshest.ineffective_runs)
    return (freshest, until) if world.now < until else None


def _longer(once: timedelta, ineffective_runs: int) -> timedelta:
    if once >= LONGEST:
        return once
    # A second is a day after 17 doublings; many more are no time span any more.
    return min(once * (1 << min(ineffective_runs, 17)), LONGEST)


def _concerns(cause: Cause, trigger: TriggerStatus) -> bool:
    """Whether the cause is a breach of the trigger's that may be one that runs do not heal."""
    if cause.breached_since is None or trigger.breached_since is None or cause.trigger not in (trigger.name, ALL):
        return False
    # Growth that is measured anew after each run speaks neither for nor against the runs before.
    return trigger.baseline is None or trigger.ineffective_runs > 0
