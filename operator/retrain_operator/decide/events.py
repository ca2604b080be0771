"""What is told as a Kubernetes Event when a status moves: `kubectl describe` reads like a diary of the policy."""

from datetime import datetime
from typing import Any

from retrain_operator.model.names import API_VERSION
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState, RunStatus
from retrain_operator.model.scalars import time_text
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.world import InvalidPolicy, Policy, Run

Json = dict[str, Any]

_QUIET = {Outcome.SUCCEEDED, Outcome.REJECTED, Outcome.NO_NEW_DATA, Outcome.INCONCLUSIVE}


def of_policy(policy: Policy | InvalidPolicy, status: PolicyStatus, now: datetime) -> list[Json]:
    """What happened to a policy: not ready or ready again, runs held back, slots skipped, a run started or ended."""
    told: list[tuple[str, str, str]] = []
    before = {condition.type: condition for condition in policy.status.conditions}
    ready = next(condition for condition in status.conditions if condition.type == "Ready")
    known = before.get("Ready")
    if known is None or (known.status, known.reason) != (ready.status, ready.reason):
        told.append(("Normal" if ready.status == "True" else "Warning", ready.reason, ready.message))
    told += _held_back(policy.status, status)
    before_run = policy.status.active_run
    if status.active_run and (before_run is None or before_run.name != status.active_run.name):
        run = status.active_run
        told.append(("Normal", "RunStarted", f"Run {run.name} starts: {run.cause.message}"))
    if status.last_run and status.last_run != policy.status.last_run:
        last = status.last_run
        told.append((_type(Outcome(last.outcome)), last.outcome, f"Run {last.name}: {last.message}"))
    return [_event("RetrainPolicy", _meta(policy), *each, now) for each in told]


def _held_back(before: PolicyStatus, status: PolicyStatus) -> list[tuple[str, str, str]]:
    """Holds that a person may want to know of without looking, and slots of a schedule that nobody served."""
    told = []
    if status.reason in (Reason.INEFFECTIVE_RETRAIN, Reason.BUDGET_EXHAUSTED) and status.reason != before.reason:
        told.append(("Warning", status.reason, status.message))
    skipped = {each.name: each.skipped_slots for each in before.triggers}
    late = [each for each in status.triggers if each.skipped_slots > skipped.get(each.name, 0)]
    return told + [("Warning", "ScheduleMissed", f"{each.name}: {each.message}") for each in late]


def of_run(run: Run, status: RunStatus, now: datetime) -> list[Json]:
    """What happened to a run: it came to stand elsewhere, or ended; an end is told once."""
    if run.status.outcome:
        return []
    if status.outcome:
        return [_event("RetrainRun", _meta(run), _type(status.outcome), status.outcome, status.message, now)]
    if (status.state, status.missing) == (run.status.state, run.status.missing) or status.state is RunState.PENDING:
        return []
    kind = "Warning" if status.state is RunState.BLOCKED else "Normal"
    return [_event("RetrainRun", _meta(run), kind, status.state, status.message, now)]


def _type(outcome: Outcome) -> str:
    return "Normal" if outcome in _QUIET else "Warning"


def unreadable(kind: str, meta: Json, now: datetime) -> Json:
    """A status that this version cannot read stops all work on its object, and nothing but this shows it."""
    message = (
        "The status was written by a newer operator, or by hand, so nothing is done here until it can be read: upgrade "
        "the operator, or take status.activeRun away once its run has ended."
    )
    return _event(kind, meta, "Warning", "StatusUnreadable", message, now)


def _event(kind: str, meta: Json, importance: str, reason: str, message: str, now: datetime) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{meta['name']}-", "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": kind,
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
        "type": importance,
        "reason": reason,
        "message": message[:1024],
        "source": {"component": "retrain-operator"},
        "firstTimestamp": time_text(now),
        "lastTimestamp": time_text(now),
        "count": 1,
    }


def _meta(about: Policy | InvalidPolicy | Run) -> Json:
    return {"name": about.name, "namespace": about.namespace, "uid": about.uid}
