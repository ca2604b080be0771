"""triggerMode All: every trigger must fire at once, and a slot of a schedule stays open until they do."""

import pytest

from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.run import Outcome, RunStatus
from retrain_operator.model.world import Going
from tests.builders import APolicy, a_policy, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case

BOTH = a_policy().watching("drift", max=0.1).watching("accuracy", min=0.85).needing_all().resting()
DRIFTS, FAILS = "drift is 0.2, above 0.1.", "accuracy is 0.8, below 0.85."
WAITS = "With triggerMode All a run waits for {}."


def told(policy: APolicy) -> tuple[str, str]:
    """`Start` or the reason of a hold, and its sentence."""
    assert_coherent(policy.passed().status)
    match policy.decision:
        case Start(cause=cause):
            assert cause.trigger == "all"
            return "Start", cause.message
        case Hold(reason=reason, message=message):
            return reason, message


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all are well", given=BOTH.seeing("drift", 0.02).seeing("accuracy", 0.9),
             then=("Watching", "All triggers are within their healthy ranges.")),
        case("the first alone", given=BOTH.seeing("drift", 0.2).seeing("accuracy", 0.9),
             then=("Watching", f"{DRIFTS} {WAITS.format('accuracy')}")),
        case("the second alone", given=BOTH.seeing("drift", 0.02).seeing("accuracy", 0.8),
             then=("Watching", f"{FAILS} {WAITS.format('drift')}")),
        case("both", given=BOTH.seeing("drift", 0.2).seeing("accuracy", 0.8), then=("Start", f"{DRIFTS} {FAILS}")),
        case("what is not known does not agree", given=BOTH.seeing("drift", 0.2).silent("accuracy"),
             then=("NoData", f"{DRIFTS} {WAITS.format('accuracy')} accuracy: The query returned no series.")),
        case("what was not checked neither", given=BOTH.seeing("drift", 0.2),
             then=("NotChecked", f"{DRIFTS} {WAITS.format('accuracy')} accuracy has not been checked yet.")),
        case("nor does what does not last yet",
             given=BOTH.watching("delay", max=1, lasting="5m").seeing("drift", 0.2).seeing("accuracy", 0.8)
             .seeing("delay", 2),
             then=("Watching", f"{DRIFTS} {FAILS} {WAITS.format('delay')} delay is 2, above 1. It fires when it stays "
                   "so for 5m.")),
        case("what is only remembered from before a restart does not agree",
             given=BOTH.seeing("drift", 0.2).seeing("accuracy", 0.8).suspended().passed().operator_restarted()
             .with_spec(suspend=False).seeing("drift", 0.2),
             then=("Watching", f"{DRIFTS} {FAILS} The next check decides.")),
        case("of one trigger All is Any", given=a_policy().watching("drift", max=0.1).needing_all()
             .seeing("drift", 0.2), then=("Start", DRIFTS)),
    ],
)  # fmt: skip
def test_all_must_fire(given: APolicy, then: tuple[str, str]) -> None:
    assert told(given) == then


def test_they_must_fire_at_once_and_not_one_after_the_other() -> None:
    first = BOTH.seeing("drift", 0.2).seeing("accuracy", 0.9).passed().later("30s")
    second = first.seeing("drift", 0.02).seeing("accuracy", 0.8)
    assert told(second)[0] == "Watching"


def test_the_breach_of_all_begins_with_the_last_of_them() -> None:
    first = BOTH.seeing("drift", 0.2).seeing("accuracy", 0.9).passed().later("10m")
    decision = first.seeing("drift", 0.2).seeing("accuracy", 0.8).decision
    assert isinstance(decision, Start)
    assert decision.cause.breached_since == clock_time("10:10:00")


def test_of_breaches_that_no_run_heals_the_freshest_counts() -> None:
    policy = BOTH.resting(after_success="1h").seeing("drift", 0.2).seeing("accuracy", 0.8)
    once = policy.passed().training().run_ended(Outcome.SUCCEEDED).passed()
    healed = once.later("30m").seeing("accuracy", 0.9).passed().later("90m")
    twice = healed.seeing("drift", 0.2).seeing("accuracy", 0.8).passed()
    assert twice.status.active_run, "two hours after the first run"
    over = twice.training().run_ended(Outcome.SUCCEEDED).passed().later("1h")
    assert [over.trigger(name).ineffective_runs for name in ("drift", "accuracy")] == [2, 1]
    decision = over.seeing("drift", 0.2).seeing("accuracy", 0.8).decision
    assert isinstance(decision, Hold)
    assert decision.message == (
        "A run that succeeded has not helped since the breach of accuracy began at 2024-06-01 12:00:00 UTC. The next "
        "run for it may start at 2024-06-01 14:00:00 UTC; look whether it measures what retraining can change."
    )


def test_what_a_run_healed_is_not_held_by_another_breach_that_lasts() -> None:
    policy = BOTH.resting(after_success="1h").seeing("drift", 0.2).seeing("accuracy", 0.8)
    once = policy.passed().training().run_ended(Outcome.SUCCEEDED).passed()
    healed = once.later("30m").seeing("accuracy", 0.9).passed()
    assert healed.trigger("drift").ineffective_runs == 1
    assert told(healed.later("30m").seeing("drift", 0.2).seeing("accuracy", 0.8)) == ("Start", f"{DRIFTS} {FAILS}")


def test_however_much_there_is_to_tell_the_api_takes_the_status() -> None:
    policy = a_policy().needing_all()
    names = [f"{number:x}-{'name' * 15}" for number in range(16)]
    for name in names:
        policy = policy.watching(name, max=0.1).seeing(name, 0.2)
    started = policy.passed()
    assert started.status.active_run
    assert len(started.status.message) == 1024
    assert started.status.message.startswith(f"A run starts: {names[0]} is 0.2, above 0.1. {names[1]} is")
    going = started.whose_run_is(Going(RunStatus(), started.now)).passed()
    assert going.status.message.startswith(f"Run {started.status.active_run.name} is under way: {names[0]} is")
    assert going.status.message.endswith("…")


# A schedule as a gate

GATED = (
    a_policy().by_the_clock("0 2 * * *", startingDeadline="1h").watching("drift", max=0.1).needing_all().resting()
    .created_at("2024-05-31 12:00:00").at("2024-05-31 12:00:00").seeing("drift", 0.02).passed()
)  # fmt: skip
OPEN = "The slot of 2024-06-01 02:00 UTC of nightly has come."


def at(policy: APolicy, time: str, drift: float) -> APolicy:
    return policy.at(time).seeing("drift", drift)


def run(policy: APolicy, outcome: Outcome = Outcome.REJECTED) -> APolicy:
    """The run that starts now is over after ten minutes, and the metric is well again."""
    assert isinstance(policy.decision, Start)
    busy = policy.passed().training().later("10m").seeing("drift", 0.02)
    return busy.run_ended(outcome).passed()


def test_a_metric_waits_for_the_gate() -> None:
    waiting = at(GATED, "2024-06-01 01:59:30", 0.2)
    assert told(waiting) == ("Watching", f"{DRIFTS} {WAITS.format('nightly')}")
    assert told(at(waiting.passed(), "2024-06-01 02:00:00", 0.2)) == ("Start", f"{OPEN} {DRIFTS}")


def test_the_gate_stays_open_beyond_its_deadline_until_a_run_starts() -> None:
    waiting = at(GATED, "2024-06-01 02:00:00", 0.02).passed()
    assert told(waiting) == ("Watching", f"{OPEN} {WAITS.format('drift')}")
    evening = at(waiting, "2024-06-01 23:00:00", 0.02).passed()
    assert told(evening) == ("Watching", f"{OPEN} {WAITS.format('drift')}"), "21 hours after a deadline of one"
    firing = at(evening, "2024-06-01 23:00:30", 0.2)
    assert told(firing) == ("Start", f"{OPEN} {DRIFTS}")
    claim = firing.passed().status.active_run
    assert claim
    assert claim.cause.at == clock_time("2024-06-01 23:00:30"), "the newest of what set it off"
    over = run(firing)
    assert over.status.last_schedule_time == clock_time("2024-06-01 02:00:00")
    again = at(over, "2024-06-01 23:20:00", 0.2)
    assert told(again) == ("Watching", f"{DRIFTS} {WAITS.format('nightly')}"), "and then it is closed"
    assert told(at(again.passed(), "2024-06-02 02:00:00", 0.2))[0] == "Start", "until the next night"


def test_of_a_gate_that_was_open_for_three_nights_the_newest_slot_is_served() -> None:
    policy = GATED
    for day in (1, 2, 3):
        policy = at(policy, f"2024-06-{day:02} 02:00:00", 0.02).passed()
    firing = at(policy, "2024-06-03 12:00:00", 0.2)
    assert told(firing)[1] == f"The slot of 2024-06-03 02:00 UTC of nightly has come. {DRIFTS}"
    assert firing.trigger("nightly").skipped_slots == 0, "the gate was open all the time, so nothing was missed"
    assert run(firing).status.last_schedule_time == clock_time("2024-06-03 02:00:00")


def test_an_open_gate_outlives_the_operator() -> None:
    waiting = at(GATED, "2024-06-01 02:00:00", 0.02).passed().operator_restarted().at("2024-06-01 20:00:00").passed()
    assert waiting.trigger("nightly").slot == clock_time("2024-06-01 02:00:00")
    assert told(waiting.seeing("drift", 0.2))[0] == "Start"


def test_a_run_by_hand_does_not_close_the_gate() -> None:
    waiting = at(GATED, "2024-06-01 02:00:00", 0.02).passed()
    over = run(at(waiting, "2024-06-01 05:00:00", 0.02).asked_by_hand())
    assert over.status.last_schedule_time is None
    assert told(at(over, "2024-06-01 06:00:00", 0.2)) == ("Start", f"{OPEN} {DRIFTS}")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_gate_closes_however_the_run_ends(outcome: Outcome) -> None:
    over = run(at(GATED, "2024-06-01 02:00:00", 0.2), outcome)
    assert over.trigger("nightly").slot is None


def test_two_gates_are_closed_by_one_run() -> None:
    two = GATED.edited(triggers=GATED.by_the_clock("0 4 * * *", name="later").triggers)
    waiting = at(two.at("2024-05-31 13:00:00").passed(), "2024-06-01 02:00:00", 0.2)
    assert told(waiting)[1] == f"{OPEN} {DRIFTS} {WAITS.format('later')}"
    over = run(at(waiting.passed(), "2024-06-01 04:00:00", 0.2))
    assert [over.trigger(name).slot for name in ("nightly", "later")] == [None, None]
    assert told(at(over, "2024-06-02 02:00:00", 0.2))[1].endswith(WAITS.format("later"))


def test_a_gate_that_turns_into_a_trigger_of_its_own_is_as_late_as_it_is() -> None:
    waiting = at(GATED, "2024-06-01 02:00:00", 0.02).passed().at("2024-06-01 09:00:00")
    anyone = waiting.edited(triggerMode="Any").seeing("drift", 0.02)
    assert not isinstance(anyone.decision, Start)
    assert anyone.trigger("nightly").message == (
        "Waiting for the next slot of 0 2 * * *. 1 slot was skipped so far, the newest of 2024-06-01 02:00 UTC."
    )
