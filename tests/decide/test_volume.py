"""How much data is much more: growth since the champion's data, in percent or in the unit of the query."""

from dataclasses import replace

import pytest

from retrain_operator.decide.start import Start
from retrain_operator.model.run import Outcome
from tests.builders import APolicy, a_policy
from tests.coherent import assert_coherent
from tests.decide.case import case

PERCENT = a_policy().counting("rows", growthPercent=20).resting()
ABSOLUTE = a_policy().counting("rows", growth=50).resting()
CALM = "rows has not grown too much."


def grown(policy: APolicy, *volumes: float) -> APolicy:
    """It has seen these, one every 30 s, and the last of them is the newest."""
    for volume in volumes[:-1]:
        policy = policy.seeing("rows", volume).passed().later("30s")
    return policy.seeing("rows", volumes[-1])


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("what is seen first is what growth is measured from", given=grown(PERCENT, 1e9),
             then=("Healthy", CALM)),
        case("20 % exactly is healthy", given=grown(PERCENT, 100, 120), then=("Healthy", CALM)),
        case("more than 20 % is not", given=grown(PERCENT, 100, 121),
             then=("Firing", "rows is 121, up by 21 % from 100; more than 20 %.")),
        case("only just more is told so that it shows", given=grown(PERCENT, 1e9, 1.2e9 + 1),
             then=("Firing", "rows is 1200000001, up by 20.0000001 % from 1000000000; more than 20 %.")),
        case("growth adds up over checks", given=grown(PERCENT, 100, 110, 119, 121),
             then=("Firing", "rows is 121, up by 21 % from 100; more than 20 %.")),
        case("from nothing, whatever comes is more", given=grown(PERCENT, 0, 1),
             then=("Firing", "rows is 1, up from 0; more than 20 %.")),
        case("nothing from nothing is not", given=grown(PERCENT, 0, 0), then=("Healthy", CALM)),
        case("50 rows exactly are healthy", given=grown(ABSOLUTE, 100, 150), then=("Healthy", CALM)),
        case("51 rows are not", given=grown(ABSOLUTE, 100, 151),
             then=("Firing", "rows is 151, up by 51 from 100; more than 50.")),
        case("data that becomes less is no growth", given=grown(PERCENT, 100, 40), then=("Healthy", CALM)),
        case("and none once it is as much again", given=grown(PERCENT, 100, 40, 100), then=("Healthy", CALM)),
        case("what grew and shrank is well again", given=grown(PERCENT, 100, 130, 110), then=("Healthy", CALM)),
    ],
)  # fmt: skip
def test_growth(given: APolicy, then: tuple[str, str]) -> None:
    assert (given.trigger("rows").state, given.trigger("rows").message) == then
    assert_coherent(given.passed().status)


def after_a_run(outcome: Outcome, meanwhile: float = 130) -> APolicy:
    """It started at 125 rows, up from 100; while it trained there came to be so many."""
    started = grown(PERCENT, 100, 125).passed()
    claim = started.status.active_run
    assert claim
    assert [(each.trigger, each.value) for each in claim.data_volumes] == [("rows", 125)]
    busy = started.training().later("5m").seeing("rows", meanwhile).passed()
    return busy.run_ended(outcome).passed().later("30s")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_growth_is_measured_from_what_the_champion_was_trained_on(outcome: Outcome) -> None:
    over = after_a_run(outcome)
    promoted = outcome is Outcome.SUCCEEDED
    assert over.trigger("rows").baseline == (125 if promoted else 100)
    assert_coherent(over.status)
    if promoted:
        assert not isinstance(over.seeing("rows", 150).decision, Start), "20 % more than 125 is healthy"
    decision = over.seeing("rows", 151).decision
    assert isinstance(decision, Start)
    told = "20.8 % from 125" if promoted else "51 % from 100"
    assert decision.cause.message == f"rows is 151, up by {told}; more than 20 %."


def test_growth_while_a_run_trains_is_another_breach_that_no_run_has_failed_to_heal() -> None:
    over = after_a_run(Outcome.SUCCEEDED, meanwhile=500)
    assert over.trigger("rows").ineffective_runs == 0
    busy = replace(over, parts=over.parts | {"cooldown": {"afterSuccess": "30s"}})
    decision = busy.seeing("rows", 500).decision
    assert isinstance(decision, Start)
    assert decision.cause.message == "rows is 500, up by 300 % from 125; more than 20 %."


def test_a_run_that_started_without_a_volume_changes_no_baseline() -> None:
    asked = grown(PERCENT, 100, 110).passed().operator_restarted().asked_by_hand().passed()
    assert asked.status.active_run
    assert asked.status.active_run.data_volumes == ()
    over = asked.training().later("5m").run_ended(Outcome.SUCCEEDED).passed()
    assert over.trigger("rows").baseline == 100


def test_a_run_for_another_reason_is_also_trained_on_the_data_of_its_start() -> None:
    both = PERCENT.watching("drift", max=0.1).seeing("rows", 100).seeing("drift", 0.02).passed().later("30s")
    over = both.seeing("rows", 110).seeing("drift", 0.5).passed().training().run_ended(Outcome.SUCCEEDED).passed()
    assert over.trigger("rows").baseline == 110


def edited(**volume: object) -> APolicy:
    """Of a policy with a baseline of 100, 115 rows and 20 %, this is changed."""
    trigger = {"name": "rows", "dataVolume": {"query": "sum(rows)", "growthPercent": 20} | volume}
    return grown(PERCENT, 100, 115).passed().edited(triggers=[trigger])


def test_another_limit_is_about_the_same_growth() -> None:
    stricter = edited(growthPercent=10)
    assert stricter.trigger("rows").baseline == 100
    assert stricter.trigger("rows").message == "rows is 115, up by 15 % from 100; more than 10 %."
    strictest = stricter.passed().edited(
        triggers=[{"name": "rows", "dataVolume": {"query": "sum(rows)", "growthPercent": 5}}]
    )
    assert strictest.trigger("rows").message == "rows is 115, up by 15 % from 100; more than 5 %."


def test_in_rows_instead_of_percent_it_is_about_the_same_growth() -> None:
    in_rows = edited(growthPercent=None, growth=10)
    assert in_rows.trigger("rows").message == "rows is 115, up by 15 from 100; more than 10."


@pytest.mark.parametrize("change", [{"query": "sum(cells)"}, {"source": "archive"}])
def test_another_question_has_a_baseline_of_its_own(change: dict[str, object]) -> None:
    assert edited(**change).operator_restarted().trigger("rows").baseline is None
    asked = edited(**change).seeing("rows", 7_000)
    assert (asked.trigger("rows").baseline, asked.trigger("rows").message) == (7_000, CALM)


def test_neither_silence_nor_a_restart_moves_the_baseline() -> None:
    policy = grown(PERCENT, 100, 125).silent("rows").passed().later("1h").unreachable("rows").passed()
    assert policy.trigger("rows").baseline == 100
    back = policy.operator_restarted().passed().later("30s").seeing("rows", 125)
    assert isinstance(back.decision, Start)
