"""What must hold of every status the operator writes, whatever happened: rules that any test can ask for.

The idea is that of Flux's runtime/conditions/check: the promises of an API, numbered by nobody and run by everybody.
"""

import re
from collections.abc import Iterable

from pydantic import BaseModel

from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RolloutRecord, RunState, RunStatus, StepName, StepState
from retrain_operator.model.status import Condition, PolicyState, PolicyStatus, TriggerState

LONGEST = 1024
OPEN = {StepState.PENDING, StepState.RUNNING, StepState.BLOCKED}
WITH_A_RUN = {
    PolicyState.TRAINING,
    PolicyState.AWAITING_APPROVAL,
    PolicyState.DEPLOYING,
    PolicyState.BAKING,
    PolicyState.BLOCKED,
}


def assert_coherent(status: PolicyStatus | RunStatus, generation: int = 1_000_000) -> None:
    """AssertionError if a status contradicts itself, breaks its schema, or says something that is no sentence."""
    match status:
        case PolicyStatus():
            _policy(status, generation)
        case RunStatus():
            _run(status)
    _comes_back_from_the_api_server_as_it_was(status)


def sentences(*messages: str) -> None:
    """Whether each is a sentence on one line, no longer than the API allows."""
    for message in messages:
        assert len(message) <= LONGEST, f"{len(message)} characters: {message}"
        assert message == " ".join(message.split()), f"white space: {message!r}"
        assert re.search(r"[.!?…]$", message), f"no sentence: {message!r}"
        assert not re.search(r"\.\.$|None|<|object at", message), f"not for people: {message!r}"


def _policy(status: PolicyStatus, generation: int) -> None:
    assert status.observed_generation <= generation
    conditions = _conditions(status.conditions)
    assert "Ready" in conditions
    for condition in status.conditions:
        assert condition.reason in set(Reason), condition.reason
        assert condition.observed_generation == status.observed_generation
    if "Stalled" in conditions:
        assert conditions["Stalled"].status == "True"
        assert conditions["Ready"].status == "False"
        assert conditions["Stalled"].reason == conditions["Ready"].reason
    sentences(status.message)
    _triggers(status)
    _runs(status)


def _triggers(status: PolicyStatus) -> None:
    assert len({trigger.name for trigger in status.triggers}) == len(status.triggers)
    for trigger in status.triggers:
        assert trigger.reason in set(Reason)
        sentences(trigger.message)
        if trigger.state is TriggerState.HEALTHY:
            assert trigger.breached_since is None
        if trigger.reason == Reason.BREACHED:
            assert trigger.breached_since is not None
    triggered = _conditions(status.conditions).get("Triggered")
    if triggered:
        fires = any(trigger.state is TriggerState.FIRING for trigger in status.triggers)
        assert (triggered.status == "True") == fires


def _runs(status: PolicyStatus) -> None:
    assert not (status.state in WITH_A_RUN and status.active_run is None), "at work on no run"
    names = [run.name for run in status.history]
    assert status.active_run is None or status.active_run.name not in names, "a run is both under way and over"
    assert len(set(names)) == len(names), "a run is told of twice"
    assert status.last_run == (status.history[0] if status.history else None)
    for run in status.history:
        assert run.outcome in set(Outcome)
        assert run.reason in set(Reason)
        assert run.completion_time >= run.start_time
        sentences(run.cause, run.message)
    served = (run for run in status.history if run.outcome == Outcome.SUCCEEDED and run.reason != Reason.RECOMMENDED)
    promoted = next(served, None)
    # A champion that somebody took out is forgotten once a person has asked for a run in spite of it.
    assert promoted is None or status.champion is None or status.champion.run == promoted.name
    quarantined = [(each.uri, each.digest) for each in status.quarantine]
    assert len(set(quarantined)) == len(quarantined), "a version is quarantined twice"
    assert bool(status.grant) == bool(status.missing), "what is missing can be granted"


def _run(status: RunStatus) -> None:
    assert tuple(step.name for step in status.steps) == tuple(StepName)
    assert (status.outcome is None) == (status.state is not RunState.ENDED) == (status.completion_time is None)
    if status.state is not RunState.PENDING:
        assert status.reason in set(Reason)
        assert status.start_time is not None
        sentences(status.message)
    if status.completion_time and status.start_time:
        assert status.completion_time >= status.start_time
    for condition in _conditions(status.conditions).values():
        assert (condition.type, condition.status) == ("Finished", "True" if status.outcome else "False")
    blocked = [step for step in status.steps if step.state is StepState.BLOCKED]
    assert bool(blocked) == (status.state is RunState.BLOCKED)
    assert not status.missing or blocked
    _steps(status)
    _result(status)


def _steps(status: RunStatus) -> None:
    for step in status.steps:
        assert not step.reason or step.reason in {
            *Reason,
            "Collected",
            "Trained",
            "Evaluated",
            "Skipped",
            "Inconclusive",
        }
        sentences(*filter(None, [step.message]))
        assert step.state is not StepState.PENDING or step.completion_time is None
        if step.start_time and step.completion_time:
            assert step.completion_time >= step.start_time
    states = [step.state for step in status.steps]
    if status.outcome:
        assert not OPEN & set(states), f"ended with open steps: {states}"
        failed = status.outcome in (Outcome.FAILED, Outcome.ROLLED_BACK)
        assert (StepState.FAILED in states) == failed, f"{status.outcome} with {states}"
    if status.outcome is Outcome.SUCCEEDED:
        trained = StepState.SKIPPED if _trains_nothing(status) else StepState.SUCCEEDED
        deployed = StepState.SKIPPED if status.reason == Reason.RECOMMENDED else StepState.SUCCEEDED
        assert states == [trained] * 3 + [deployed]


def _trains_nothing(status: RunStatus) -> bool:
    """Whether the run only goes back to a version: its first three steps are skipped from its first status on."""
    return all((step.state, step.reason) == (StepState.SKIPPED, "Skipped") for step in status.steps[:3])


def _result(status: RunStatus) -> None:
    if status.verdict:
        sentences(status.verdict.message)
        assert status.verdict.reason in set(Reason)
        assert not status.verdict.promote or (status.result and status.result.candidate)
        assert status.verdict.promote or status.outcome
        assert not _trains_nothing(status), "a verdict on nothing"
    may_deploy = _trains_nothing(status) or (status.verdict and status.verdict.promote)
    assert may_deploy or not (status.rollout or status.approval or status.recommendation)
    recommended = status.reason == Reason.RECOMMENDED
    assert bool(status.recommendation) == recommended
    assert status.outcome is not Outcome.SUCCEEDED or bool(status.rollout) != recommended
    _approval(status)
    if status.rollout:
        _rollout(status, status.rollout)


def _approval(status: RunStatus) -> None:
    record, waits = status.approval, status.state is RunState.AWAITING_APPROVAL
    assert not waits or (record and not record.decision and not status.rollout), "nobody is waited for"
    if record is None:
        return
    assert record.decision in ("", "Approved", "Rejected", "Expired")
    assert bool(record.decision) == (record.at is not None)
    assert record.decision or not record.by, "somebody decided nothing"
    assert record.at is None or record.at >= record.since
    assert status.rollout is None or record.decision == "Approved", "rolled out without a word"
    ends = {Reason.REJECTED_BY_USER: "Rejected", Reason.APPROVAL_EXPIRED: "Expired"}
    if not status.rollout and status.outcome and status.reason in set(ends):
        assert record.decision == ends[Reason(status.reason)]


def _rollout(status: RunStatus, record: RolloutRecord) -> None:
    if status.state is RunState.BAKING:
        assert record.complete_time, "watched before it was in service"
        assert not record.taken_back, "watched though it is taken back"
    assert not record.complete_time or (record.landed and not record.held)
    assert not record.complete_time or record.complete_time >= record.start_time
    if record.taken_back:
        assert record.taken_back.reason in set(Reason)
        sentences(f"{record.taken_back.message}.")
        assert status.outcome is not Outcome.SUCCEEDED, "in service though it was taken back"
    assert status.outcome is not Outcome.SUCCEEDED or record.complete_time


def _conditions(conditions: Iterable[Condition]) -> dict[str, Condition]:
    of_type = {condition.type: condition for condition in conditions}
    assert len(of_type) == len(tuple(conditions)), "a condition stands twice"
    for condition in conditions:
        sentences(condition.message)
    return of_type


def _comes_back_from_the_api_server_as_it_was(status: BaseModel) -> None:
    sent = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    back = type(status).model_validate(sent)
    assert back.model_dump(mode="json", by_alias=True, exclude_none=True) == sent
