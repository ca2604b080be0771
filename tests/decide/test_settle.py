"""What an ended run leaves behind in its policy's status, and which runs, events and words come of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retrain_operator.decide import events
from retrain_operator.decide.history import surplus
from retrain_operator.decide.report import invalid
from retrain_operator.decide.settle import HISTORY, settle
from retrain_operator.model.policy import History
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, Result, RunState, RunStatus
from retrain_operator.model.status import Missing
from retrain_operator.model.world import Claimed, Ended, Foreign, Going, InvalidPolicy, NoRun, Run
from tests.builders import T0, APolicy, a_policy, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.runs import NEW, a_run

DRIFT = a_policy().watching("drift", max=0.1).seeing("drift", 0.02)
LATER = clock_time("10:05:00")
GOING = Going(RunStatus(), T0)


def ended(outcome: Outcome, reason: Reason = Reason.PROMOTED, message: str = "It ended.") -> Ended:
    status = RunStatus(
        state=RunState.ENDED,
        outcome=outcome,
        reason=reason,
        message=message,
        start_time=T0,
        completion_time=LATER,
        result=Result(candidate=NEW),
        rollout=a_run().rolling().status.rollout if outcome is Outcome.SUCCEEDED else None,
    )
    return Ended(a_run().run.spec, status, outcome, LATER)


def test_an_ended_run_is_let_go_and_told_of() -> None:
    settled = DRIFT.claiming(ended(Outcome.REJECTED, Reason.NOT_BETTER, "It is not better.")).settled
    status = settled.policy.status
    assert (status.active_run, settled.run) == (None, NoRun())
    last = status.last_run
    assert last
    assert (last.name, last.trigger, last.cause) == ("churn-abcdefghij", "drift", "drift is 0.12, above 0.1.")
    assert (last.outcome, last.reason, last.message) == ("Rejected", "NotBetter", "It is not better.")
    assert (last.start_time, last.completion_time) == (T0, LATER)
    assert status.history == (last,)


def test_a_run_that_succeeded_names_the_champion_and_no_other_does() -> None:
    champion = DRIFT.claiming(ended(Outcome.SUCCEEDED)).settled.policy.status.champion
    assert champion
    assert (champion.uri, champion.digest, champion.version) == (NEW.uri, NEW.digest, "v2")
    assert (champion.run, champion.promoted_at) == ("churn-abcdefghij", LATER)
    for outcome in set(Outcome) - {Outcome.SUCCEEDED}:
        after = DRIFT.with_status(champion=champion).claiming(ended(outcome)).settled
        assert after.policy.status.champion == champion
        assert DRIFT.claiming(ended(outcome)).settled.policy.status.champion is None


def test_a_run_under_way_keeps_its_claim() -> None:
    claim, known = DRIFT.claiming(GOING).settled.policy.status.active_run, DRIFT.claiming(GOING).status.active_run
    assert known is not None
    assert claim == known.model_copy(update={"made": True})


def test_a_run_that_was_claimed_and_not_made_keeps_its_claim() -> None:
    claimed = DRIFT.claiming(Claimed())
    assert claimed.settled.policy.status.active_run == claimed.status.active_run is not None


def test_a_run_that_somebody_deleted_is_let_go_and_not_made_again() -> None:
    status = settle(replace(DRIFT.claiming(GOING).settled, run=Claimed())).policy.status
    assert status.active_run is None
    assert status.last_run is not None
    assert (status.last_run.outcome, status.last_run.reason) == ("Cancelled", "Deleted")
    assert status.last_run.message == (
        f"Somebody deleted run {status.last_run.name} before it ended. The model in service is as it was left."
    )


def test_a_name_that_another_owners_run_holds_is_let_go() -> None:
    policy = DRIFT.claiming(Foreign()).later("1m")
    status = policy.settled.policy.status
    assert status.active_run is None
    assert status.last_run
    assert (status.last_run.outcome, status.last_run.reason) == ("Failed", "NameTaken")
    assert status.last_run.message == (
        "A RetrainRun churn-abcdefghij that is not this policy's exists in the namespace. Delete it."
    )
    assert_coherent(policy.passed().status)


def test_the_history_keeps_the_ten_newest() -> None:
    policy = DRIFT.resting()
    for number in range(HISTORY + 2):
        policy = policy.claiming(ended(Outcome.FAILED, Reason.STEP_FAILED), name=f"churn-{number}").passed()
        assert_coherent(policy.status)
    names = [run.name for run in policy.status.history]
    assert names == [f"churn-{number}" for number in range(11, 1, -1)]


# Which runs are one too many


def run(number: int, outcome: Outcome) -> Run:
    made = a_run().with_status(outcome=outcome).run
    object.__setattr__(made, "name", f"run-{number}")
    return made


def names(history: History, ended_runs: list[Run], champion: str | None = None) -> list[str]:
    return [each.name for each in surplus(history, ended_runs, champion)]


ENDED = [run(number, Outcome.SUCCEEDED if number % 2 else Outcome.REJECTED) for number in range(8)]


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("three of each are kept", given=(History(), "run-1"), then=["run-7", "run-6"]),
        case("the champion's run stays however old", given=(History(), "run-7"), then=["run-6"]),
        case("none of the failed is kept", given=(History(failed_runs=0), "run-1"),
             then=["run-7", "run-0", "run-2", "run-4", "run-6"]),
        case("none at all but the champion's", given=(History(successful_runs=0, failed_runs=0), "run-3"),
             then=["run-1", "run-5", "run-7", "run-0", "run-2", "run-4", "run-6"]),
        case("enough for all", given=(History(successful_runs=9, failed_runs=9), None), then=[]),
    ],
)  # fmt: skip
def test_surplus(given: tuple[History, str | None], then: list[str]) -> None:
    assert names(given[0], ENDED, given[1]) == then


# What is told


def told(before: APolicy, after: APolicy) -> list[tuple[str, str, str]]:
    made = events.of_policy(before.policy, after.status, after.now)
    return [(event["type"], event["reason"], event["message"]) for event in made]


WATCHING = ("Normal", "Watching", "The triggers are checked, and a run starts when one fires.")


def test_a_policys_diary() -> None:
    well = DRIFT.passed()
    assert told(DRIFT, well) == [WATCHING]
    firing = well.later("1m").seeing("drift", 0.12)
    started = firing.passed()
    assert started.status.active_run
    name = started.status.active_run.name
    assert told(firing, started) == [("Normal", "RunStarted", f"Run {name} starts: drift is 0.12, above 0.1.")]
    over = started.later("5m").whose_run_is(ended(Outcome.REJECTED, Reason.NOT_BETTER, "It is not better."))
    assert told(over, over.passed()) == [("Normal", "Rejected", f"Run {name}: It is not better.")]
    failed = started.later("5m").whose_run_is(ended(Outcome.FAILED, Reason.STEP_FAILED, "It broke."))
    assert told(failed, failed.passed()) == [("Warning", "Failed", f"Run {name}: It broke.")]
    assert told(over.passed(), over.passed()) == []


def test_an_event_is_about_its_policy() -> None:
    (event,) = events.of_policy(DRIFT.policy, DRIFT.passed().status, T0 + timedelta(microseconds=7))
    assert event["involvedObject"] == {
        "apiVersion": "retrain.dev/v1alpha1",
        "kind": "RetrainPolicy",
        "name": "churn",
        "namespace": "shop",
        "uid": DRIFT.policy.uid,
    }
    assert event["metadata"] == {"generateName": "churn-", "namespace": "shop"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2024-06-01T10:00:00Z"


def test_an_invalid_policy_is_warned_about() -> None:
    broken = InvalidPolicy("shop", "churn", "uid", 2, "7", DRIFT.passed().status, "it is wrong")
    (event,) = events.of_policy(broken, invalid(broken, T0, "it is wrong"), T0)
    assert (event["type"], event["reason"]) == ("Warning", "InvalidSpec")
    assert event["message"] == "The spec cannot be followed: it is wrong."


def run_events(before: RunStatus, after: RunStatus) -> list[tuple[str, str, str]]:
    about = a_run().with_status(**dict(before)).run
    return [(each["type"], each["reason"], each["message"]) for each in events.of_run(about, after, T0)]


def test_a_runs_diary() -> None:
    made = RunStatus()
    training = made.model_copy(update={"state": RunState.TRAINING, "message": "The Job is being made."})
    assert run_events(made, made) == []
    assert run_events(made, training) == [("Normal", "Training", "The Job is being made.")]
    assert run_events(training, training.model_copy(update={"message": "Train is under way."})) == []
    right = Missing(layer="RBAC", account="ServiceAccount shop/x", verb="patch", resource="deployments")
    held = training.model_copy(update={"state": RunState.BLOCKED, "message": "Forbidden.", "missing": (right,)})
    assert run_events(training, held) == [("Warning", "Blocked", "Forbidden.")]
    over = {"state": RunState.ENDED, "outcome": Outcome.ROLLED_BACK, "message": "It is back."}
    assert run_events(held, held.model_copy(update=over)) == [("Warning", "RolledBack", "It is back.")]
    good = over | {"outcome": Outcome.SUCCEEDED, "message": "In service."}
    assert run_events(held, held.model_copy(update=good)) == [("Normal", "Succeeded", "In service.")]
