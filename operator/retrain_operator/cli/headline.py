"""The first lines of `kubectl retrain status`: how a policy's newest run went, as keys and values to rely on.

Pure: from parsed objects to words. Times are UTC.
"""

from datetime import datetime

from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState
from retrain_operator.model.status import ActiveRun, PolicyState, PolicyStatus, RunSummary
from retrain_operator.model.world import InvalidPolicy, Policy, Run

Pair = tuple[str, str]

FAILED = frozenset({Outcome.FAILED, Outcome.ROLLED_BACK})
"""Outcomes that a person should look at; all others are ordinary ends."""


_WORDS = {
    RunState.BLOCKED: "Blocked",
    RunState.AWAITING_APPROVAL: "Awaiting approval",
    RunState.BAKING: "Watching",
}
"""States in which a run waits for a person, or only looks on; in all others it is Running."""


def clock(at: datetime) -> str:
    """A time as the lines show it."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def headline(policy: Policy | InvalidPolicy, run: Run | None) -> tuple[Pair, ...]:
    """Status first, and what belongs to it. `run` is the run under way or else the last one, if it still exists."""
    status, last = policy.status, _last_end(policy.status, run)
    if status.active_run and not (run and run.status.outcome):
        return _under_way(status.active_run, run)
    match status.state:
        case PolicyState.INVALID:
            return ("Status", "Invalid"), ("Error", status.message), *(_told(last)[:2] if last else ())
        case PolicyState.SUSPENDED:
            return ("Status", "Suspended"), *(_told(last) if last else (("Detail", status.message),))
        case _ if last:
            return _ended(last)
        case _:
            return ("Status", "Idle"), ("Detail", status.message or "No run has started yet.")


def _under_way(claim: ActiveRun, run: Run | None) -> tuple[Pair, ...]:
    if run is None:
        return ("Status", "Running"), ("Last run", clock(claim.cause.at)), ("Detail", "The run is about to be made.")
    word = _WORDS.get(run.status.state, "Running")
    start = run.status.start_time or run.created
    return ("Status", word), ("Last run", clock(start)), ("Detail", run.status.message or "The run has just been made.")


def _last_end(status: PolicyStatus, run: Run | None) -> RunSummary | None:
    """The run that ended last: the one given, which the policy may not know of yet, or what the policy keeps of it."""
    if run is None or run.status.outcome is None:
        return status.last_run
    return RunSummary(
        name=run.name,
        trigger=run.spec.cause.trigger,
        cause=run.spec.cause.message,
        outcome=run.status.outcome,
        reason=run.status.reason,
        message=run.status.message,
        start_time=run.status.start_time or run.created,
        completion_time=run.status.completion_time or run.created,
    )


def _ended(last: RunSummary) -> tuple[Pair, ...]:
    start, outcome, detail = _told(last)
    if last.outcome not in FAILED:
        return ("Status", "Completed"), start, outcome, detail
    if last.reason == Reason.DATA_SOURCE_NOT_FOUND:
        return ("Status", "Failed"), ("Error", "Data source not found"), detail, start
    return ("Status", "Failed"), ("Error", last.message), start, outcome


def _told(last: RunSummary) -> tuple[Pair, Pair, Pair]:
    return ("Last run", clock(last.start_time)), ("Outcome", last.outcome), ("Detail", last.message)
