"""How much may be spent: runs within a sliding period, and failures in a row before a person is needed."""

from dataclasses import replace

import pytest

from retrain_operator.decide.objection import Objection
from retrain_operator.decide.report import report
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState, RunStatus
from retrain_operator.model.world import Claimed, Foreign, Going
from tests.builders import APolicy, a_policy, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case

FREE = a_policy().watching("drift", max=0.1).resting()


def run_at(policy: APolicy, time: str, outcome: Outcome = Outcome.REJECTED) -> APolicy:
    """A breach starts a run at that time, and a minute later that ends like this."""
    firing = policy.at(time).seeing("drift", 0.2)
    assert isinstance(firing.decision, Start)
    return ends(firing.passed(), outcome)


def ends(started: APolicy, outcome: Outcome) -> APolicy:
    over = started.training().later("1m").run_ended(outcome).passed()
    assert_coherent(over.status, over.generation)
    return over


def asked_at(policy: APolicy, time: str, outcome: Outcome = Outcome.REJECTED) -> APolicy:
    """A person asks for a run, and it ends like this."""
    asked = policy.at(time).asked_by_hand(time)
    assert isinstance(asked.decision, Start)
    return ends(asked.passed(), outcome)


def held(policy: APolicy, time: str) -> tuple[str, str]:
    """Reason and sentence of what holds a breach back at a time."""
    decision = policy.at(time).seeing("drift", 0.2).decision
    return (decision.reason, decision.message) if isinstance(decision, Hold) else ("Start", decision.cause.message)


# limits.maxRuns within limits.period

TWO_A_DAY = FREE.limited(maxRuns=2, period="24h")
WAITS = "What waits for it: drift is 0.2, above 0.1."
STARTS = ("Start", "drift is 0.2, above 0.1.")


def exhausted(many: str, until: str, period: str = "24h") -> tuple[str, str]:
    return "BudgetExhausted", (
        f"{many} started within {period}, as many as limits.maxRuns allows. The next may start at 2024-06-{until} UTC. "
        f"{WAITS}"
    )


def test_the_period_slides() -> None:
    spent = run_at(run_at(TWO_A_DAY, "10:00:00"), "15:00:00")
    assert held(spent, "2024-06-02 09:59:59") == exhausted("2 runs have", "02 10:00:00")
    assert held(spent, "2024-06-02 10:00:00") == STARTS
    again = run_at(spent, "2024-06-02 10:00:00")
    assert held(again, "2024-06-02 10:30:00") == exhausted("2 runs have", "02 15:00:00")
    assert held(again, "2024-06-02 15:00:00") == STARTS


def test_what_waits_is_told_once_and_not_anew_with_each_value() -> None:
    spent = run_at(FREE.limited(maxRuns=1), "10:00:00").at("11:00:00").seeing("drift", 0.2).passed()
    assert spent.status.message.endswith(WAITS)
    later = spent.later("30s").seeing("drift", 0.21).passed()
    assert later.status == spent.status, "a status is written on transitions alone"


def test_what_remains_is_told() -> None:
    policy, told = TWO_A_DAY.seeing("drift", 0.02).passed(), []
    told.append(policy.status.runs_remaining)
    for time in ("10:00:00", "15:00:00"):
        policy = run_at(policy, time)
        told.append(policy.status.runs_remaining)
    spent = policy.at("16:00:00").seeing("drift", 0.2).passed()
    assert (spent.status.state, spent.status.cooldown_until) == ("CoolingDown", clock_time("2024-06-02 10:00:00"))
    assert told == [2, 1, 0]
    assert spent.at("2024-06-02 10:00:00").seeing("drift", 0.02).passed().status.runs_remaining == 1
    assert FREE.seeing("drift", 0.02).passed().status.runs_remaining is None, "nobody counts without a limit"
    assert run_at(FREE, "10:00:00").status.recent_runs == ()


def test_runs_by_hand_count_but_are_not_held() -> None:
    spent = asked_at(asked_at(TWO_A_DAY, "10:00:00"), "11:00:00")
    assert held(spent, "12:00:00") == exhausted("2 runs have", "02 10:00:00")
    more = asked_at(spent, "12:00:00")
    assert more.status.runs_remaining == 0
    assert held(more, "13:00:00") == exhausted("2 runs have", "02 11:00:00"), "the newest two count"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_run_counts_however_it_ended(outcome: Outcome) -> None:
    assert held(run_at(FREE.limited(maxRuns=1), "10:00:00", outcome), "10:30:00")[0] == "BudgetExhausted"


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("fewer are allowed from now on", given={"maxRuns": 1}, then=exhausted("1 run has", "02 11:00:00")),
        case("more are allowed from now on", given={"maxRuns": 3}, then=STARTS),
        case("in a shorter period", given={"maxRuns": 2, "period": "90m"}, then=STARTS),
        case("in a longer one", given={"maxRuns": 2, "period": "48h"}, then=exhausted("2 runs have", "03 10:00:00",
                                                                                     "48h")),
        case("without a limit", given={}, then=STARTS),
    ],
)  # fmt: skip
def test_other_limits_hold_at_once(given: dict[str, object], then: tuple[str, str]) -> None:
    spent = run_at(run_at(TWO_A_DAY, "10:00:00"), "11:00:00")
    assert held(spent.at("12:00:00").edited(limits=given), "12:00:00") == then


def test_a_raised_limit_counts_the_runs_from_before() -> None:
    once = run_at(FREE.limited(maxRuns=1, period="24h"), "10:00:00")
    again = asked_at(asked_at(once, "11:00:00"), "12:00:00")
    raised = again.edited(limits={"maxRuns": 4, "period": "24h"}).at("13:00:00").passed()
    assert raised.status.runs_remaining == 1


def test_a_restart_of_the_operator_gives_nothing_back() -> None:
    spent = run_at(run_at(TWO_A_DAY, "10:00:00"), "15:00:00")
    assert held(spent.operator_restarted().passed(), "16:00:00") == exhausted("2 runs have", "02 10:00:00")


# limits.failureLimit


def failed(times: int, limit: int = 3) -> APolicy:
    """So many runs failed, one every ten minutes from 10:00 on."""
    policy = FREE.limited(failureLimit=limit)
    for number in range(times):
        policy = run_at(policy, f"10:{10 * number:02}:00", Outcome.FAILED)
    return policy


CIRCUIT = (
    "{} failed, so no other starts until the spec changes or one is asked for: kubectl annotate retrainpolicy churn "
    '--overwrite retrain.dev/requestedAt="$(date)". Run {}: It ended.'
)


@pytest.mark.parametrize(("limit", "many"), [(1, "The last run"), (3, "3 runs in a row")])
def test_the_circuit_opens_at_the_limit(limit: int, many: str) -> None:
    if limit > 1:
        assert held(failed(limit - 1, limit), "11:00:00") == STARTS
    stuck = failed(limit, limit)
    assert stuck.status.last_run
    message = CIRCUIT.format(many, stuck.status.last_run.name)
    assert held(stuck, "2024-06-29 11:00:00") == ("CircuitOpen", message), "for as long as nobody looks"
    stalled = [each for each in stuck.status.conditions if each.type == "Stalled"]
    assert [(each.status, each.reason, each.message) for each in stalled] == [("True", "CircuitOpen", message)]
    assert stuck.operator_restarted().passed().status.state == "Stalled", "nor does a restart close it"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_counts_as_a_failure(outcome: Outcome) -> None:
    count = run_at(failed(1), "11:00:00", outcome).status.failures_in_a_row
    more = {Outcome.FAILED: 2, Outcome.ROLLED_BACK: 2, Outcome.CANCELLED: 1}
    assert count == more.get(outcome, 0), "what was decided is no failure, and what somebody deleted is neither"


def test_a_deleted_run_is_neither_and_a_taken_name_is_one() -> None:
    started = failed(1).at("11:00:00").seeing("drift", 0.2).passed()
    assert started.training().whose_run_is(Claimed()).passed().status.failures_in_a_row == 1
    assert started.whose_run_is(Foreign()).passed().status.failures_in_a_row == 2


def test_another_spec_closes_it() -> None:
    mended = failed(3).at("11:00:00").edited(trainer={"image": "retrain-trainer:0.1.1"})
    assert held(mended, "11:00:00") == STARTS
    calm = mended.seeing("drift", 0.02).passed()
    assert (calm.status.state, calm.status.failures_in_a_row) == ("Idle", 0)
    assert "Stalled" not in {each.type for each in calm.status.conditions}


def test_a_request_closes_it() -> None:
    asked = failed(3).at("11:00:00").asked_by_hand()
    assert isinstance(asked.decision, Start)
    assert ends(asked.passed(), Outcome.FAILED).status.failures_in_a_row == 1
    assert ends(asked.passed(), Outcome.SUCCEEDED).status.failures_in_a_row == 0


# With a target that is not fit besides

UNFIT = Objection(Reason.TARGET_NOT_FOUND, 'Deployment "churn-serving" does not exist in this namespace.')


def test_of_an_open_circuit_and_an_unfit_target_the_circuit_is_told_for_it_needs_a_person() -> None:
    stuck = failed(3)
    status = report(stuck.settled, stuck.decision, UNFIT)
    assert_coherent(status)
    assert (status.state, status.reason) == ("Stalled", "CircuitOpen")


def test_of_a_run_that_is_blocked_and_an_unfit_target_the_run_is_told() -> None:
    blocked = RunStatus(state=RunState.BLOCKED, reason=Reason.QUOTA_EXCEEDED, message="A quota is used up.")
    busy = FREE.seeing("drift", 0.2).passed().training()
    busy = replace(busy, run=Going(blocked, busy.now))
    status = report(busy.settled, busy.decision, UNFIT)
    assert_coherent(status)
    assert (status.state, status.reason) == ("Blocked", "QuotaExceeded")
