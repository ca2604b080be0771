"""What is remembered of a breach: since when it lasts, how much of `for` was seen, and which runs did not help."""

import pytest

from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from tests.builders import T0, APolicy, a_policy, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case

DRIFT = a_policy().watching("drift", max=0.1)


def runs(policy: APolicy, outcome: Outcome, lasting: str = "5m") -> APolicy:
    """A run starts now, lasts so long, and ends like this."""
    assert isinstance(policy.decision, Start)
    over = policy.passed().training().later(lasting).run_ended(outcome).passed()
    assert_coherent(over.status)
    return over


def reason(policy: APolicy) -> str:
    decision = policy.decision
    return decision.reason if isinstance(decision, Hold) else "Start"


# The end of a run starts `for` anew


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_breach_must_last_again_after_a_run(outcome: Outcome) -> None:
    patient = a_policy().watching("drift", max=0.1, lasting="10m").resting().seeing("drift", 0.2).passed()
    over = runs(patient.later("10m").seeing("drift", 0.2), outcome, lasting="5m")
    assert over.now == clock_time("10:15:00")
    still = over.later("30s").seeing("drift", 0.2).passed()
    assert still.trigger("drift").breached_since == T0, "it is the same breach"
    assert still.trigger("drift").counted_since == clock_time("10:15:30")
    assert reason(still.later("9m59s").seeing("drift", 0.2)) == "Watching"
    assert reason(still.later("10m").seeing("drift", 0.2)) == "Start"


def test_what_was_seen_before_a_gap_counts_no_longer_after_a_run() -> None:
    patient = a_policy().watching("drift", max=0.1, lasting="10m").resting().seeing("drift", 0.2).passed()
    gap = patient.later("9m").seeing("drift", 0.2).passed().later("30s").silent("drift").passed()
    asked = gap.asked_by_hand()
    over = runs(asked, Outcome.REJECTED)
    assert reason(over.later("30s").seeing("drift", 0.2).passed().later("9m").seeing("drift", 0.2)) == "Watching"


# A breach that runs do not heal

TIMES = "The next run for it may start at 2024-06-{} UTC; look whether it measures what retraining can change."
ONE = "A run that succeeded has not helped since the breach of drift began at 2024-06-01 10:00:00 UTC."
MANY = "{} runs have not helped since the breach of drift began at 2024-06-01 10:00:00 UTC."


def test_the_rest_doubles_while_a_breach_lasts_up_to_a_day() -> None:
    policy = DRIFT.resting(after_success="3h").seeing("drift", 0.2)
    waits = []
    for number in range(1, 7):
        policy = runs(policy, Outcome.SUCCEEDED, lasting="0s")
        ended, policy = policy.now, policy.later("3h").seeing("drift", 0.2)
        decision = policy.decision
        assert isinstance(decision, Hold)
        assert decision.recheck_at is not None
        began = ONE if number == 1 else MANY.format(number)
        assert decision.message == f"{began} {TIMES.format(f'{decision.recheck_at:%d %H:%M:%S}')}"
        assert policy.trigger("drift").ineffective_runs == number
        waits.append((decision.recheck_at - ended).total_seconds() / 3600)
        policy = policy.at(f"{decision.recheck_at:%Y-%m-%d %H:%M:%S}").seeing("drift", 0.2)
    assert waits == [6, 12, 24, 24, 24, 24]


@pytest.mark.parametrize("once", ["1s", "1h", "23h", "24h", "720h", "999999h"])
def test_a_breach_may_outlast_any_number_of_runs(once: str) -> None:
    over = runs(DRIFT.resting(after_success=once).seeing("drift", 0.2), Outcome.SUCCEEDED)
    stuck = [each.model_copy(update={"ineffective_runs": 1000}) for each in over.status.triggers]
    again = over.with_status(triggers=tuple(stuck)).later("23h59m59s").seeing("drift", 0.2)
    assert reason(again) == ("IneffectiveRetrain" if once in ("1s", "1h", "23h") else "CoolingDown")


def test_a_rest_that_is_longer_than_a_day_is_neither_doubled_nor_cut() -> None:
    over = runs(DRIFT.resting(after_success="36h").seeing("drift", 0.2), Outcome.SUCCEEDED)
    assert reason(over.later("35h59m59s").seeing("drift", 0.2)) == "CoolingDown"
    assert reason(over.later("36h").seeing("drift", 0.2)) == "Start"


def test_with_no_cooldown_every_breached_observation_starts_a_run() -> None:
    policy, started = DRIFT.resting(), 0
    for _ in range(20):
        policy = policy.later("30s").seeing("drift", 0.2)
        policy = runs(policy, Outcome.SUCCEEDED, lasting="10s")
        started += 1
    assert policy.trigger("drift").ineffective_runs == started == 20


HOURLY = DRIFT.resting(after_success="1h", after_rejection="10m", after_failure="10m").seeing("drift", 0.2)
UNHEALED = runs(HOURLY, Outcome.SUCCEEDED)
"""It is 10:05; drift began at 10:00 and a run succeeded. The rest ends at 11:05, the longer one at 12:05."""


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("while it lasts", given=UNHEALED.at("11:05:00").seeing("drift", 0.2), then="IneffectiveRetrain"),
        case("until the longer rest is over", given=UNHEALED.at("12:05:00").seeing("drift", 0.2), then="Start"),
        case("it recovered meanwhile, so another breach is another breach", then="Start",
             given=UNHEALED.at("10:30:00").seeing("drift", 0.02).passed().at("11:05:00").seeing("drift", 0.2)),
        case("no data is no recovery", then="IneffectiveRetrain",
             given=UNHEALED.at("10:30:00").silent("drift").passed().at("11:05:00").seeing("drift", 0.2)),
        case("nor is an error", then="IneffectiveRetrain",
             given=UNHEALED.at("10:30:00").unreachable("drift").passed().at("11:05:00").seeing("drift", 0.2)),
        case("a restart of the operator forgets nothing", then="IneffectiveRetrain",
             given=UNHEALED.operator_restarted().passed().at("11:05:00").seeing("drift", 0.2)),
        case("a person may ask all the same", then="Start",
             given=UNHEALED.at("11:05:00").seeing("drift", 0.2).asked_by_hand()),
        case("a changed question forgets what runs did not help", then="Start",
             given=UNHEALED.at("11:05:00").edited(triggers=a_policy().watching("drift", max=0.15).triggers)
             .operator_restarted().passed().later("30s").seeing("drift", 0.2)),
        case("a changed `for` does not", then="IneffectiveRetrain",
             given=UNHEALED.at("11:05:00").edited(triggers=a_policy().watching("drift", max=0.1, lasting="1s").triggers)
             .seeing("drift", 0.2).passed().later("30s").seeing("drift", 0.2)),
    ],
)  # fmt: skip
def test_what_ends_the_longer_rest(given: APolicy, then: str) -> None:
    assert reason(given) == then


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.SUCCEEDED}))
def test_only_a_run_that_succeeded_has_not_helped(outcome: Outcome) -> None:
    over = runs(HOURLY, outcome)
    assert over.trigger("drift").ineffective_runs == 0
    assert reason(over.at("11:05:00").seeing("drift", 0.2)) == "Start"


def test_a_breach_that_began_while_the_run_trained_is_not_held_against_it() -> None:
    both = HOURLY.watching("accuracy", min=0.85).seeing("accuracy", 0.9)
    busy = both.passed().training().later("1m").seeing("accuracy", 0.8).seeing("drift", 0.02).passed()
    over = busy.later("4m").run_ended(Outcome.SUCCEEDED).passed()
    assert (over.trigger("accuracy").breached_since, over.trigger("accuracy").ineffective_runs) == (
        clock_time("10:01:00"), 0)  # fmt: skip
    assert reason(over.at("11:05:00").seeing("accuracy", 0.8)) == "Start"


OTHERS = [
    case("another metric", given=UNHEALED.watching("accuracy", min=0.85).at("11:05:00").seeing("drift", 0.2)
         .seeing("accuracy", 0.8), then="accuracy is 0.8, below 0.85."),
    case("the clock", given=UNHEALED.by_the_clock("5 11 * * *").passed().at("11:05:00")
         .seeing("drift", 0.2), then="The slot of 2024-06-01 11:05 UTC of nightly has come."),
    case("more data", given=UNHEALED.counting("rows", growth=5).seeing("rows", 1).passed().at("11:05:00")
         .seeing("drift", 0.2).seeing("rows", 7), then="rows is 7, up by 6 from 1; more than 5."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "then"), OTHERS)
def test_whatever_else_fires_is_not_held_by_it(given: APolicy, then: str) -> None:
    decision = given.decision
    assert isinstance(decision, Start)
    assert decision.cause.message == then


def test_of_two_breaches_that_no_run_heals_the_one_that_may_go_first_is_waited_for() -> None:
    both = HOURLY.watching("accuracy", min=0.85).seeing("accuracy", 0.9)
    once = runs(both, Outcome.SUCCEEDED).at("12:05:00").seeing("drift", 0.2).seeing("accuracy", 0.8)
    twice = runs(once, Outcome.SUCCEEDED).at("13:10:00").seeing("drift", 0.2).seeing("accuracy", 0.8)
    assert [twice.trigger(name).ineffective_runs for name in ("drift", "accuracy")] == [2, 1]
    decision = twice.decision
    assert isinstance(decision, Hold)
    assert (decision.reason, decision.recheck_at) == (Reason.INEFFECTIVE_RETRAIN, clock_time("14:10:00"))
    assert "the breach of accuracy began at 2024-06-01 12:05:00 UTC" in decision.message
    assert isinstance(twice.at("14:10:00").seeing("accuracy", 0.8).seeing("drift", 0.2).decision, Start)


# What is told when the spec is edited


def test_another_for_is_told_at_once() -> None:
    patient = a_policy().watching("drift", max=0.1, lasting="5m").seeing("drift", 0.2).passed()
    longer = patient.later("30s").edited(triggers=a_policy().watching("drift", max=0.1, lasting="1h").triggers)
    assert longer.trigger("drift").message == "drift is 0.2, above 0.1. It fires when it stays so for 1h."
    assert longer.trigger("drift").counted_since == T0, "and what was seen of the breach is kept"
    assert longer.trigger("drift").since == T0
