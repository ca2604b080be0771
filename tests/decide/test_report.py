"""What a policy's status says after a decision: state, conditions, claims, and when their times move."""

from dataclasses import replace

import pytest

from retrain_operator.decide.admit import admit, wants_target
from retrain_operator.decide.objection import Objection
from retrain_operator.decide.report import invalid, report
from retrain_operator.decide.start import Hold, Start, decide
from retrain_operator.model.observation import NoData, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState, RunStatus
from retrain_operator.model.status import Condition, PolicyStatus
from retrain_operator.model.world import Claimed, Going, InvalidPolicy
from tests.builders import T0, APolicy, a_policy, clock_time, written
from tests.coherent import assert_coherent, sentences
from tests.decide.case import case

SILENT = NoData(T0, Reason.NO_DATA, "The query returned no series.")
DOWN = SourceError(T0, Reason.SOURCE_UNREACHABLE, "Prometheus at prometheus:9090 refused the connection.")
DRIFT = a_policy().watching("drift", max=0.1)
DRIFTING = DRIFT.seeing("drift", 0.12)
UNFIT = Objection(Reason.TARGET_NOT_FOUND, 'Deployment "churn-serving" does not exist in this namespace.')


def told(policy: APolicy, objection: Objection | None = None) -> PolicyStatus:
    world = policy.settled
    status = written(report(world, admit(decide(world), objection, world.now), objection))
    assert_coherent(status, policy.generation)
    return status


def going(state: RunState, message: str = "Train is under way.") -> APolicy:
    return DRIFTING.claiming(Going(RunStatus(state=state, reason="MissingPermission", message=message), T0))


def condition(status: PolicyStatus, kind: str) -> Condition:
    return next(each for each in status.conditions if each.type == kind)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nothing to do", given=DRIFT.seeing("drift", 0.02),
             then=("Idle", "All triggers are within their healthy ranges.")),
        case("a run starts", given=DRIFTING, then=("Training", "A run starts: drift is 0.12, above 0.1.")),
        case("a claimed run", given=DRIFTING.claiming(Claimed()),
             then=("Training", "Run churn-abcdefghij is under way: drift is 0.12, above 0.1.")),
        case("a run that was just made", given=going(RunState.PENDING, ""),
             then=("Training", "Run churn-abcdefghij is under way: drift is 0.12, above 0.1.")),
        case("a run that trains", given=going(RunState.TRAINING), then=("Training", "Train is under way.")),
        case("a run that deploys", given=going(RunState.DEPLOYING, "Waiting for the rollout."),
             then=("Deploying", "Waiting for the rollout.")),
        case("a run that is held back", given=going(RunState.BLOCKED, "A right is missing."),
             then=("Blocked", "A right is missing.")),
        case("a rest", given=DRIFTING.resting(after_failure="10m").after_a_run(Outcome.FAILED),
             then=("CoolingDown",
                   "The next run may start at 2024-06-01 10:10:00 UTC, 10m after a run that failed. "
                   "Run churn-lastrun: It ended.")),
        case("suspended", given=DRIFTING.suspended(),
             then=("Suspended", "The policy is suspended: no run starts while spec.suspend is true.")),
        case("suspended while a run is under way", given=going(RunState.TRAINING).suspended(),
             then=("Training", "Train is under way.")),
    ],
)  # fmt: skip
def test_the_state_and_its_sentence(given: APolicy, then: tuple[str, str]) -> None:
    status = told(given)
    assert (status.state, status.message) == then


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all is well", given=DRIFT.seeing("drift", 0.02),
             then=("True", "Watching", "The triggers are checked, and a run starts when one fires.")),
        case("a run is under way", given=going(RunState.TRAINING),
             then=("True", "Watching", "The triggers are checked, and a run starts when one fires.")),
        case("a rejected candidate leaves the policy ready", given=DRIFT.resting().after_a_run(Outcome.REJECTED),
             then=("True", "Watching", "The triggers are checked, and a run starts when one fires.")),
        case("no data is nobody's fault yet", given=DRIFT.seeing("drift", SILENT),
             then=("True", "Watching", "The triggers are checked, and a run starts when one fires.")),
        case("the only source is down", given=DRIFT.seeing("drift", DOWN),
             then=("False", "SourceUnreachable", "drift: Prometheus at prometheus:9090 refused the connection.")),
        case("one of two is down", given=DRIFT.watching("accuracy", min=0.8).seeing("drift", DOWN)
             .seeing("accuracy", 0.9),
             then=("True", "Watching", "The triggers are checked, and a run starts when one fires.")),
        case("suspended", given=DRIFT.suspended().seeing("drift", 0.02),
             then=("True", "Suspended", "The policy is suspended: no run starts while spec.suspend is true.")),
    ],
)  # fmt: skip
def test_ready(given: APolicy, then: tuple[str, str, str]) -> None:
    ready = condition(told(given), "Ready")
    assert (ready.status, ready.reason, ready.message) == then


WAITS = "drift is 0.12, above 0.1. It fires when it stays so for 5m."


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no", given=DRIFT.seeing("drift", 0.02), then=("False", "Healthy", "No trigger fires.")),
        case("yes", given=DRIFTING, then=("True", "Breached", "drift is 0.12, above 0.1.")),
        case("not yet", given=a_policy().watching("drift", max=0.1, lasting="5m").seeing("drift", 0.12),
             then=("False", "Breached", WAITS)),
        case("who knows", given=DRIFT.seeing("drift", SILENT),
             then=("Unknown", "NoData", "drift: The query returned no series.")),
        case("who knows, after it fired", given=DRIFTING.passed().seeing("drift", SILENT),
             then=("Unknown", "NoData", "drift: The query returned no series.")),
        case("one that fires is enough", given=DRIFTING.watching("accuracy", min=0.8).seeing("accuracy", DOWN),
             then=("True", "Breached", "drift is 0.12, above 0.1.")),
        case("the clock", given=a_policy().by_the_clock("0 * * * *").created_at("09:59:00"),
             then=("True", "Due", "The slot of 2024-06-01 10:00 UTC of nightly has come.")),
    ],
)  # fmt: skip
def test_triggered(given: APolicy, then: tuple[str, str, str]) -> None:
    triggered = condition(told(given), "Triggered")
    assert (triggered.status, triggered.reason, triggered.message) == then


def test_a_start_is_claimed_under_the_one_name_that_it_can_have() -> None:
    claim = told(DRIFTING).active_run
    assert claim
    assert (claim.cause.trigger, claim.cause.message, claim.cause.at) == ("drift", "drift is 0.12, above 0.1.", T0)
    assert told(DRIFTING) == told(DRIFTING), "a second attempt claims the same"
    later = told(DRIFTING.later("30s").seeing("drift", 0.12)).active_run
    assert later
    assert later.name != claim.name


def test_a_claim_stays_while_its_run_is_under_way() -> None:
    claim, known = told(going(RunState.TRAINING)).active_run, going(RunState.TRAINING).status.active_run
    assert known is not None
    assert claim == known.model_copy(update={"made": True}), "and its run is known to have been made"


def test_a_run_that_is_held_back_needs_a_person() -> None:
    status = told(going(RunState.BLOCKED, "A right is missing."))
    ready, stalled = condition(status, "Ready"), condition(status, "Stalled")
    assert (ready.status, ready.reason, ready.message) == ("False", "MissingPermission", "A right is missing.")
    assert (stalled.status, stalled.reason, stalled.message) == ("True", "MissingPermission", "A right is missing.")


def test_a_request_and_a_slot_are_answered_once() -> None:
    assert told(DRIFT.asked_by_hand("2024-06-01")).last_handled_request == "2024-06-01"
    hourly = a_policy().by_the_clock("0 * * * *").created_at("09:59:00")
    status = told(hourly.at("10:00:20"))
    assert (status.last_schedule_time, status.next_schedule_time) == (T0, clock_time("11:00:00"))
    assert told(DRIFTING.by_the_clock("0 0 * * *")).last_schedule_time is None, "a metric's run serves no slot"


def test_the_end_of_a_rest_is_told_while_it_lasts() -> None:
    ended = DRIFT.resting(after_failure="10m").after_a_run(Outcome.FAILED)
    assert told(ended).cooldown_until == clock_time("10:10:00")
    assert told(ended.later("10m")).cooldown_until is None


def test_a_start_waits_for_a_target_that_is_fit_and_stays_unclaimed() -> None:
    status = told(DRIFTING.asked_by_hand(), UNFIT)
    assert (status.active_run, status.last_handled_request) == (None, None)
    assert (status.state, status.message) == ("Idle", UNFIT.message)
    ready = condition(status, "Ready")
    assert (ready.status, ready.reason, ready.message) == ("False", "TargetNotFound", UNFIT.message)


def test_admit_holds_starts_back_and_nothing_else() -> None:
    start, hold = decide(DRIFTING.settled), Hold(Reason.WATCHING, "All is well.")
    assert isinstance(start, Start)
    held = admit(start, UNFIT, T0)
    assert held == Hold(Reason.TARGET_NOT_FOUND, UNFIT.message, clock_time("10:00:10"))
    assert admit(start, None, T0) is start
    assert admit(hold, UNFIT, T0) is hold


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a new policy", given=DRIFT, then=True),
        case("a new spec", given=DRIFT.seeing("drift", 0.02).passed().edited(), then=True),
        case("a start", given=DRIFT.seeing("drift", 0.02).passed().later("30s").seeing("drift", 0.2), then=True),
        case("a claim", given=DRIFTING.passed().claiming(Claimed()), then=True),
        case("an unfit target", given=DRIFT.with_status(**dict(told(DRIFT.seeing("drift", 0.02), UNFIT))), then=True),
        case("nothing new", given=DRIFT.seeing("drift", 0.02).passed(), then=False),
        case("a source that is down", given=DRIFT.seeing("drift", DOWN).passed(), then=False),
        case("a run under way", given=DRIFTING.passed().whose_run_is(Going(RunStatus(), T0)), then=False),
    ],
)
def test_when_the_target_is_looked_at(given: APolicy, then: bool) -> None:
    assert wants_target(given.settled, decide(given.settled)) is then


def test_the_time_of_a_condition_moves_when_its_status_flips_and_at_no_other_time() -> None:
    well = DRIFT.seeing("drift", 0.02).passed().later("1m")
    worse = replace(well, status=told(well, UNFIT)).later("1m")
    another = Objection(Reason.CONTAINER_NOT_FOUND, "There is no such container.")
    still = replace(worse, status=told(worse, another)).later("1m")
    times = [condition(each.status, "Ready").last_transition_time for each in (well, worse, still, still.passed())]
    assert times == [T0, clock_time("10:01:00"), clock_time("10:01:00"), clock_time("10:03:00")]
    assert condition(still.status, "Ready").reason == "ContainerNotFound"


def test_a_spec_that_cannot_be_followed_needs_a_person() -> None:
    status = written(invalid(DRIFT.policy, T0, "trigger nightly: timeZone 'x' is not an IANA time zone"))
    assert_coherent(status, 1)
    message = "The spec cannot be followed: trigger nightly: timeZone 'x' is not an IANA time zone."
    assert (status.state, status.message) == ("Invalid", message)
    for kind, holds in (("Ready", "False"), ("Stalled", "True")):
        found = condition(status, kind)
        assert (found.status, found.reason, found.message) == (holds, "InvalidSpec", message)


def test_once_it_is_mended_nobody_is_needed() -> None:
    broken = DRIFT.with_status(**dict(invalid(DRIFT.policy, T0, "it is wrong")))
    status = told(broken.edited().seeing("drift", 0.02))
    assert [each.type for each in status.conditions] == ["Ready", "Triggered"]
    assert status.state == "Idle"


def test_a_run_under_way_is_not_touched_by_a_broken_spec() -> None:
    before = going(RunState.TRAINING).policy
    broken = InvalidPolicy("shop", "churn", before.uid, 2, "7", before.status, "it is wrong")
    assert invalid(broken, T0, "it is wrong").active_run == before.status.active_run


def test_a_long_list_of_mistakes_fits() -> None:
    sentences(invalid(DRIFT.policy, T0, "; ".join(["spec.triggers: wrong"] * 99)).message)
