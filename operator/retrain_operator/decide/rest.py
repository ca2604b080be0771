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

    The rest is cooldown.afterSuccess twice, four times, ... as long, by how many runs did not help; at most a day.
    """
    status = world.policy.status
    breaches = [each for each in status.triggers if each.ineffective_runs and _concerns(cause, each)]
    if not breaches or status.last_successful_time is None:
        return None
    worst = max(breaches, key=lambda each: each.ineffective_runs)
    once = world.policy.spec.cooldown.after_success
    longer = max(once, min(once * 2 ** min(worst.ineffective_runs, 30), LONGEST))
    until = status.last_successful_time + longer
    return (worst, until) if world.now < until else None


def _concerns(cause: Cause, trigger: TriggerStatus) -> bool:
    return (
        cause.breached_since is not None and cause.trigger in (trigger.name, ALL) and trigger.breached_since is not None
    )
