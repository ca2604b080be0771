"""May, and must, a run start now? The chain, check by check, with the words it answers in."""

from datetime import datetime, timedelta

import pytest

from retrain_operator.decide.rest import rest_until
from retrain_operator.decide.start import Hold, Start, decide
from retrain_operator.model.observation import NoData, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunStatus
from retrain_operator.model.scalars import duration
from retrain_operator.model.world import Claimed, Going
from tests.builders import T0, APolicy, a_policy, clock_time
from tests.coherent import assert_coherent, sentences
from tests.decide.case import case

SILENT = NoData(T0, Reason.NO_DATA, "The query returned no series.")
DOWN = SourceError(T0, Reason.SOURCE_UNREACHABLE, "Prometheus at prometheus:9090 refused the connection.")
DRIFT = a_policy().watching("drift", max=0.1)
DRIFTING = DRIFT.seeing("drift", 0.12)
NIGHTLY = a_policy().by_the_clock("0 0 * * *").created_at("2024-05-01 00:00:00")
MIDNIGHT = NIGHTLY.at("2024-06-02 00:00:00")
UNDER_WAY = Going(RunStatus(), T0)
ASKED = "A run was asked for with the annotation retrain.dev/requestedAt."


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("drift above its range", given=DRIFTING, then=("drift", "drift is 0.12, above 0.1.", T0)),
        case("accuracy below its range", given=a_policy().watching("accuracy", min=0.85).seeing("accuracy", 0.80),
             then=("accuracy", "accuracy is 0.8, below 0.85.", T0)),
        case("either of two conditions is enough: the first",
             given=a_policy().watching("accuracy", min=0.85).watching("growth", max=20)
             .seeing("accuracy", 0.8).seeing("growth", 3), then=("accuracy", "accuracy is 0.8, below 0.85.", T0)),
        case("either of two conditions is enough: the second",
             given=a_policy().watching("accuracy", min=0.85).watching("growth", max=20)
             .seeing("accuracy", 0.9).seeing("growth", 21), then=("growth", "growth is 21, above 20.", T0)),
        case("of both the first in the spec is told",
             given=a_policy().watching("accuracy", min=0.85).watching("growth", max=20)
             .seeing("accuracy", 0.8).seeing("growth", 21), then=("accuracy", "accuracy is 0.8, below 0.85.", T0)),
        case("one that is unknown does not silence the other",
             given=a_policy().watching("accuracy", min=0.85).watching("growth", max=20)
             .seeing("accuracy", SILENT).seeing("growth", 21), then=("growth", "growth is 21, above 20.", T0)),
        case("a slot of the schedule", given=MIDNIGHT,
             then=("nightly", "The slot of 2024-06-02 00:00 UTC of nightly has come.", MIDNIGHT.now)),
        case("whatever the metric says, the clock is enough",
             given=MIDNIGHT.watching("drift", max=0.1).seeing("drift", DOWN),
             then=("nightly", "The slot of 2024-06-02 00:00 UTC of nightly has come.", MIDNIGHT.now)),
        case("a person asked", given=DRIFT.asked_by_hand(),
             then=("manual", ASKED, T0)),
        case("a person asked again", given=DRIFT.asked_by_hand("second").with_status(last_handled_request="first"),
             then=("manual", ASKED, T0)),
        case("asking is stronger than a rest",
             given=DRIFT.resting(after_failure="1h").after_a_run(Outcome.FAILED).later("1m").asked_by_hand(),
             then=("manual", ASKED, clock_time("10:01:00"))),
    ],
)  # fmt: skip
def test_starts(given: APolicy, then: tuple[str, str, datetime]) -> None:
    decision = decide(given.settled)
    assert isinstance(decision, Start)
    assert (decision.cause.trigger, decision.cause.message, decision.cause.at) == then
    assert_coherent(given.passed().status)


WAITS = "drift is 0.12, above 0.1. It fires when it stays so for 5m."


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all is well", given=DRIFT.seeing("drift", 0.02),
             then=("Watching", "All triggers are within their healthy ranges.", None)),
        case("the next slot is when to look again", given=NIGHTLY,
             then=("Watching", "No trigger fires. The next slot is at 2024-06-02 00:00 UTC.",
                   clock_time("2024-06-02 00:00:00"))),
        case("of two schedules the nearer one", given=NIGHTLY.by_the_clock("0 12 * * *", name="noon"),
             then=("Watching", "No trigger fires. The next slot is at 2024-06-01 12:00 UTC.", clock_time("12:00:00"))),
        case("the user said stop", given=DRIFTING.suspended(),
             then=("Suspended", "The policy is suspended: no run starts while spec.suspend is true.", None)),
        case("even to one who asks", given=DRIFTING.suspended().asked_by_hand(),
             then=("Suspended", "The policy is suspended: no run starts while spec.suspend is true.", None)),
        case("a run is claimed", given=DRIFTING.claiming(Claimed()),
             then=("RunActive", "Run churn-abcdefghij is under way: drift is 0.12, above 0.1.", None)),
        case("a run is under way", given=DRIFTING.claiming(UNDER_WAY),
             then=("RunActive", "Run churn-abcdefghij is under way: drift is 0.12, above 0.1.", None)),
        case("who asks while a run is under way waits for its end", given=DRIFT.claiming(UNDER_WAY).asked_by_hand(),
             then=("RunActive", "Run churn-abcdefghij is under way: drift is 0.12, above 0.1.", None)),
        case("what was asked for once is answered once", given=DRIFT.seeing("drift", 0.02).asked_by_hand("now")
             .with_status(last_handled_request="now"),
             then=("Watching", "All triggers are within their healthy ranges.", None)),
        case("a breach must last", given=a_policy().watching("drift", max=0.1, lasting="5m").seeing("drift", 0.12),
             then=("Watching", WAITS, None)),
        case("nothing was checked yet", given=DRIFT, then=("NotChecked", "drift has not been checked yet.", None)),
        case("no data", given=DRIFT.seeing("drift", SILENT),
             then=("NoData", "drift: The query returned no series.", None)),
        case("an error", given=DRIFT.seeing("drift", DOWN),
             then=("SourceUnreachable", "drift: Prometheus at prometheus:9090 refused the connection.", None)),
        case("no data after a breach", given=DRIFTING.claiming(UNDER_WAY).passed().with_status(active_run=None)
             .whose_run_is(a_policy().run).seeing("drift", SILENT),
             then=("NoData", "drift: The query returned no series.", None)),
        case("a breach known only from before a restart",
             given=DRIFTING.suspended().passed().operator_restarted().with_spec(suspend=False),
             then=("Watching", "drift is 0.12, above 0.1. The next check decides.", None)),
        case("a breach seen before the last run ended",
             given=DRIFTING.later("1m").resting().after_a_run(Outcome.SUCCEEDED),
             then=("Watching", "drift is 0.12, above 0.1. The next check decides.", None)),
    ],
)  # fmt: skip
def test_holds(given: APolicy, then: tuple[str, str, datetime | None]) -> None:
    decision = decide(given.settled)
    assert isinstance(decision, Hold)
    assert (decision.reason, decision.message, decision.recheck_at) == then
    sentences(decision.message)


RESTS = {"after_success": "1h", "after_rejection": "6h", "after_failure": "10m"}


@pytest.mark.parametrize(
    ("outcome", "span", "after"),
    [
        (Outcome.SUCCEEDED, "1h", "a promotion"),
        (Outcome.REJECTED, "6h", "a candidate that was not promoted"),
        (Outcome.INCONCLUSIVE, "6h", "a candidate that was not promoted"),
        (Outcome.NO_NEW_DATA, "6h", "a run without new data"),
        (Outcome.FAILED, "10m", "a run that failed"),
        (Outcome.ROLLED_BACK, "10m", "a run that failed"),
        (Outcome.DATA_INVALID, "10m", "a run that failed"),
        (Outcome.CANCELLED, "10m", "a run that failed"),
    ],
)
def test_each_outcome_has_its_rest(outcome: Outcome, span: str, after: str) -> None:
    ended = DRIFT.resting(**RESTS).after_a_run(outcome)
    until = T0 + duration(span)
    assert ended.status.last_run
    assert rest_until(ended.world, ended.status.last_run) == until
    almost = ended.at(f"{until - timedelta(seconds=1):%H:%M:%S}").seeing("drift", 0.12)
    told = (
        f"The next run may start at {until:%Y-%m-%d %H:%M:%S} UTC, {span} after {after}. Run churn-lastrun: It ended."
    )
    reason = Reason.NO_NEW_DATA if outcome is Outcome.NO_NEW_DATA else Reason.COOLING_DOWN
    assert decide(almost.settled) == Hold(reason, told, until)
    assert isinstance(decide(almost.later("1s").settled), Start)


def test_a_slot_that_came_in_a_rest_is_served_after_it() -> None:
    resting = NIGHTLY.resting(after_failure="10m").at("2024-06-01 23:55:00").after_a_run(Outcome.FAILED)
    assert isinstance(decide(resting.at("2024-06-02 00:01:00").settled), Hold)
    assert isinstance(decide(resting.at("2024-06-02 00:05:00").settled), Start)


def test_a_slot_that_a_rest_outlasts_by_more_than_its_deadline_is_skipped() -> None:
    resting = NIGHTLY.resting(after_rejection="6h").at("2024-06-01 23:55:00").after_a_run(Outcome.REJECTED)
    assert isinstance(decide(resting.at("2024-06-02 06:00:00").settled), Hold)


def test_of_slots_missed_by_several_schedules_the_newest_is_served_and_no_other() -> None:
    given = NIGHTLY.by_the_clock("30 0 * * *", name="later").at("2024-06-02 00:40:00")
    decision = decide(given.settled)
    assert isinstance(decision, Start)
    assert (decision.cause.trigger, decision.cause.at) == ("later", clock_time("2024-06-02 00:30:00"))
    served = given.with_status(last_schedule_time=decision.cause.at)
    assert isinstance(decide(served.settled), Hold)


def test_with_no_cooldown_each_breached_observation_starts_one_run_once_the_one_before_has_ended() -> None:
    policy, started = DRIFT.resting(), []
    for value in (0.02, 0.05, 0.12, 0.03, 0.15):
        policy = policy.later("30s").seeing("drift", value)
        decision = decide(policy.settled)
        if isinstance(decision, Start):
            started.append(value)
            running = policy.passed().whose_run_is(UNDER_WAY)
            assert isinstance(decide(running.later("1s").seeing("drift", 0.2).settled), Hold)
            ended = running.later("5s").with_status(active_run=None).whose_run_is(a_policy().run)
            policy = ended.after_a_run(Outcome.REJECTED)
            assert isinstance(decide(policy.settled), Hold), "never twice for one observation"
    assert started == [0.12, 0.15]


def test_an_observation_within_the_second_in_which_the_run_ended_may_be_from_before_its_end() -> None:
    ended = DRIFT.resting().after_a_run(Outcome.REJECTED)
    assert isinstance(decide(ended.seeing("drift", 0.12).settled), Hold)
    assert isinstance(decide(ended.later("1s").seeing("drift", 0.12).settled), Start)


def test_many_troubles_are_told_in_a_message_that_fits() -> None:
    given = a_policy()
    for number in range(16):
        given = given.watching(f"drift-{number}", max=0.1).seeing(
            f"drift-{number}", NoData(T0, Reason.NO_DATA, "x" * 99 + ".")
        )
    told = given.passed().status.message
    sentences(told)
    assert told.startswith("drift-0: xxx")
    assert told.endswith("…")
