"""A policy lived through in advance: what would have fired, and what was held back, over values that were recorded."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest

from retrain_operator.decide.replay import FIRED, Assumption, Row, Told, replay
from retrain_operator.model.run import Outcome
from retrain_operator.model.scalars import duration
from tests.builders import T0, APolicy, a_policy
from tests.decide.case import case

Values = Sequence[float | Mapping[str, float | None] | None]
DRIFT = a_policy().watching("drift", max=0.1)
EITHER = a_policy().watching("accuracy", min=0.85).watching("growth", max=20).resting()
# The user's own observations, one every 30 s from 10:00:30 on.
DRIFTS = (0.02, 0.05, 0.12, 0.03, 0.15)
ACCURACIES = ({"accuracy": 0.9, "growth": 5}, {"accuracy": 0.8, "growth": 5}, {"accuracy": 0.9, "growth": 21})


def lived(
    policy: APolicy, values: Values, lasting: str = "0s", outcome: Outcome = Outcome.SUCCEEDED, until: str = "0s"
) -> list[Told]:
    """What is told of a life from 10:00 on, with runs that last so long and end so."""
    rows: list[Row] = []
    for number, seen in enumerate(values, start=1):
        rows.append((T0 + number * duration("30s"), seen if isinstance(seen, Mapping) else {"drift": seen}))
    end: datetime = max([T0 + duration(until), *(at for at, _ in rows)])
    return list(replay(policy.policy, rows, end, Assumption(duration(lasting), outcome)))


def short(told: list[Told]) -> list[str]:
    return [f"{each.at:%H:%M:%S} {each.trigger} {each.value} {each.decision}" for each in told]


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("drift above 0.1, no cooldown: the third and the fifth", given=lived(DRIFT.resting(), DRIFTS),
             then=["10:01:30 drift 0.12 Fired", "10:02:30 drift 0.15 Fired"]),
        case("drift above 0.01: all five", given=lived(a_policy().watching("drift", max=0.01).resting(), DRIFTS),
             then=["10:00:30 drift 0.02 Fired", "10:01:00 drift 0.05 Fired", "10:01:30 drift 0.12 Fired",
                   "10:02:00 drift 0.03 Fired", "10:02:30 drift 0.15 Fired"]),
        case("drift on the bound: none", given=lived(DRIFT.resting(), [0.1] * 5), then=[]),
        case("with a rest of an hour only the first", given=lived(DRIFT, DRIFTS),
             then=["10:01:30 drift 0.12 Fired", "10:02:30 drift 0.15 CoolingDown"]),
        case("while a run is under way no other starts", given=lived(DRIFT.resting(), DRIFTS, lasting="20m"),
             then=["10:01:30 drift 0.12 Fired", "10:02:30 drift 0.15 RunActive"]),
        case("accuracy below 0.85 or growth above 20", given=lived(EITHER, ACCURACIES),
             then=["10:01:00 accuracy 0.8 Fired", "10:01:30 growth 21 Fired"]),
        case("both at once start one run", given=lived(EITHER, [{"accuracy": 0.8, "growth": 21}]),
             then=["10:00:30 accuracy 0.8 Fired", "10:00:30 growth 21 RunActive"]),
        case("all of them", given=lived(EITHER.needing_all(), [*ACCURACIES, {"accuracy": 0.8, "growth": 21}]),
             then=["10:01:00 accuracy 0.8 Watching", "10:01:30 growth 21 Watching", "10:02:00 accuracy 0.8 Fired",
                   "10:02:00 growth 21 Fired"]),
        case("a breach must last a minute", given=lived(a_policy().watching("drift", max=0.1, lasting="1m").resting(),
                                                        [0.2, 0.02, 0.2, 0.2, 0.2, 0.2]),
             then=["10:00:30 drift 0.2 Pending", "10:01:30 drift 0.2 Pending", "10:02:00 drift 0.2 Pending",
                   "10:02:30 drift 0.2 Fired", "10:03:00 drift 0.2 Pending"]),
        case("a gap is not told, and is no part of the minute",
             given=lived(a_policy().watching("drift", max=0.1, lasting="1m").resting(), [0.2, 0.2, None, 0.2, 0.2]),
             then=["10:00:30 drift 0.2 Pending", "10:01:00 drift 0.2 Pending", "10:02:00 drift 0.2 Pending",
                   "10:02:30 drift 0.2 Fired"]),
        case("suspended", given=lived(DRIFT.suspended(), [0.2]), then=["10:00:30 drift 0.2 Suspended"]),
        case("a budget of one run", given=lived(DRIFT.resting().limited(maxRuns=1), DRIFTS),
             then=["10:01:30 drift 0.12 Fired", "10:02:30 drift 0.15 BudgetExhausted"]),
        case("a breach that runs do not heal",
             given=lived(DRIFT.resting(after_success="1m"), [0.2] * 6),
             then=["10:00:30 drift 0.2 Fired", "10:01:00 drift 0.2 CoolingDown",
                   "10:01:30 drift 0.2 IneffectiveRetrain", "10:02:00 drift 0.2 IneffectiveRetrain",
                   "10:02:30 drift 0.2 Fired", "10:03:00 drift 0.2 CoolingDown"]),
        case("more data than the champion knows",
             given=lived(a_policy().counting("rows", growthPercent=20).resting(),
                         [{"rows": rows} for rows in (100, 120, 121, 145, 146)]),
             then=["10:01:30 rows 121 Fired", "10:02:30 rows 146 Fired"]),
    ],
)  # fmt: skip
def test_what_would_have_happened(given: list[Told], then: list[str]) -> None:
    assert short(given) == then


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a promotion", given=Outcome.SUCCEEDED, then="11:00:30 UTC, 1h after a promotion"),
        case("a rejection", given=Outcome.REJECTED, then="16:00:30 UTC, 6h after a candidate that was not promoted"),
        case("a failure", given=Outcome.FAILED, then="10:10:30 UTC, 10m after a run that failed"),
    ],
)
def test_each_assumed_outcome_has_its_rest(given: Outcome, then: str) -> None:
    fired, held = lived(DRIFT, [0.2, 0.2], outcome=given)
    assert (fired.decision, fired.message) == (FIRED, "drift is 0.2, above 0.1.")
    assert held.message.startswith(f"The next run may start at 2024-06-01 {then}. Run churn-")
    assert held.message.endswith(f": Assumed to end as {given}.")


def test_runs_that_fail_open_the_circuit() -> None:
    told = lived(DRIFT.resting().limited(failureLimit=2), [0.2] * 4, outcome=Outcome.FAILED)
    assert [each.decision for each in told] == [FIRED, FIRED, "CircuitOpen", "CircuitOpen"]


# Slots

FIVES = a_policy().by_the_clock("*/5 * * * *", startingDeadline="10m")


def test_slots_come_by_themselves() -> None:
    told = lived(FIVES.resting(), (), until="20m")
    assert short(told) == [f"10:{minute:02}:00 nightly None Fired" for minute in (5, 10, 15, 20)]
    assert told[0].message == "The slot of 2024-06-01 10:05 UTC of nightly has come."


def test_a_slot_that_waits_is_told_once_and_once_more_when_it_fires() -> None:
    both = FIVES.watching("drift", max=0.1).resting(after_rejection="12m")
    told = lived(both, [0.02] * 9 + [0.2] + [0.02] * 30, outcome=Outcome.REJECTED, until="20m")
    assert short(told) == [
        "10:05:00 nightly None RunActive",
        "10:05:00 drift 0.2 Fired",
        "10:05:00 nightly None CoolingDown",
        "10:10:00 nightly None CoolingDown",
        "10:15:00 nightly None CoolingDown",
        "10:17:00 nightly None Fired",
        "10:20:00 nightly None CoolingDown",
    ]


def test_a_slot_that_comes_while_a_run_is_under_way_waits_for_its_end() -> None:
    told = lived(FIVES.resting(), (), until="15m", lasting="7m")
    assert short(told) == [
        "10:05:00 nightly None Fired",
        "10:10:00 nightly None RunActive",
        "10:12:00 nightly None Fired",
        "10:15:00 nightly None RunActive",
    ]


def test_a_gate_is_told_once_while_it_is_open() -> None:
    told = lived(FIVES.watching("drift", max=0.1).needing_all().resting(), [0.02] * 13 + [0.2], until="7m")
    assert short(told) == [
        "10:05:00 nightly None Watching",
        "10:07:00 nightly None Fired",
        "10:07:00 drift 0.2 Fired",
    ]
    assert told[-1].message == "The slot of 2024-06-01 10:05 UTC of nightly has come. drift is 0.2, above 0.1."


def test_a_run_is_trained_on_the_newest_data_though_it_was_no_news() -> None:
    both = FIVES.counting("rows", growthPercent=20).resting()
    told = lived(both, [{"rows": rows} for rows in (*[100] * 8, 119, 119, 119, 142, 143)])
    assert short(told) == ["10:05:00 nightly None Fired", "10:06:30 rows 143 Fired"]
    assert told[-1].message == "rows is 143, up by 20.17 % from 119; more than 20 %."


def test_nothing_is_told_of_a_life_in_which_nothing_happens() -> None:
    assert lived(DRIFT, (), until="1h") == []
    assert lived(DRIFT, [0.02] * 100) == []
    assert lived(DRIFT, [None] * 100) == []
