"""Where a trigger stands: only a number outside its healthy range moves it, and only a number inside moves it back."""

import json
from dataclasses import replace

import pytest

from retrain_operator.edges.answer import Success, observe, parse
from retrain_operator.model.observation import NoData, Observation, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.status import TriggerState, TriggerStatus
from tests.builders import T0, APolicy, a_policy, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case

SILENT = NoData(T0, Reason.NO_DATA, "The query returned no series.")
SEVERAL = NoData(T0, Reason.SEVERAL_SERIES, "The query returned several series; aggregate it.")
DOWN = SourceError(T0, Reason.SOURCE_UNREACHABLE, "Prometheus at prometheus:9090 refused the connection.")
DRIFT = a_policy().watching("drift", max=0.1)
PATIENT = a_policy().watching("drift", max=0.1, lasting="5m")


def stands(policy: APolicy) -> TriggerStatus:
    return policy.settled.policy.status.triggers[0]


def prometheus_says(value: str) -> Observation:
    body = {"status": "success", "data": {"resultType": "vector", "result": [{"value": [0, value]}]}}
    answer = parse(json.dumps(body).encode())
    assert isinstance(answer, Success)
    return observe(answer, T0, "Prometheus at here:9090")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case(
            "what was never checked is not known",
            given=DRIFT,
            then=("NoData", "NotChecked", "drift has not been checked yet."),
        ),
        case(
            "a value inside its range is healthy",
            given=DRIFT.seeing("drift", 0.02),
            then=("Healthy", "Healthy", "drift is within its healthy range."),
        ),
        case(
            "a value on the upper bound is healthy",
            given=DRIFT.seeing("drift", 0.1),
            then=("Healthy", "Healthy", "drift is within its healthy range."),
        ),
        case(
            "a value above the upper bound fires",
            given=DRIFT.seeing("drift", 0.12),
            then=("Firing", "Breached", "drift is 0.12, above 0.1."),
        ),
        case(
            "accuracy 0.80 with healthy min 0.85 fires",
            given=a_policy().watching("accuracy", min=0.85).seeing("accuracy", 0.80),
            then=("Firing", "Breached", "accuracy is 0.8, below 0.85."),
        ),
        case(
            "accuracy 0.85 with healthy min 0.85 does not",
            given=a_policy().watching("accuracy", min=0.85).seeing("accuracy", 0.85),
            then=("Healthy", "Healthy", "accuracy is within its healthy range."),
        ),
        case(
            "a value that is only just outside is told so that it shows",
            given=a_policy().watching("accuracy", min=0.85).seeing("accuracy", 0.849999),
            then=("Firing", "Breached", "accuracy is 0.849999, below 0.85."),
        ),
        case(
            "of two bounds the one that is passed is told",
            given=a_policy().watching("ratio", min=0.5, max=2).seeing("ratio", 0.4),
            then=("Firing", "Breached", "ratio is 0.4, below 0.5."),
        ),
        case(
            "and so is the other one",
            given=a_policy().watching("ratio", min=0.5, max=2).seeing("ratio", 2.5),
            then=("Firing", "Breached", "ratio is 2.5, above 2."),
        ),
        case(
            "a breach that must last waits",
            given=PATIENT.seeing("drift", 0.12),
            then=("Pending", "Breached", "drift is 0.12, above 0.1. It fires when it stays so for 5m."),
        ),
        case(
            "a silent query is told, and decides nothing",
            given=DRIFT.seeing("drift", SILENT),
            then=("NoData", "NoData", "drift: The query returned no series."),
        ),
        case(
            "several series are told, and decide nothing",
            given=DRIFT.seeing("drift", SEVERAL),
            then=("NoData", "SeveralSeries", "drift: The query returned several series; aggregate it."),
        ),
        case(
            "what Prometheus calls NaN is no number",
            given=DRIFT.seeing("drift", prometheus_says("NaN")),
            then=(
                "NoData",
                "NoData",
                "drift: The query returned NaN from Prometheus at here:9090. Nothing is decided until it returns a "
                "finite number; a division by zero is the usual cause.",
            ),
        ),
        case(
            "what Prometheus calls infinity is no number above a bound",
            given=DRIFT.seeing("drift", prometheus_says("+Inf")),
            then=(
                "NoData",
                "NoData",
                "drift: The query returned infinity from Prometheus at here:9090. Nothing is decided until it returns "
                "a finite number; a division by zero is the usual cause.",
            ),
        ),
        case(
            "a source that is down is told, and decides nothing",
            given=DRIFT.seeing("drift", DOWN),
            then=("Error", "SourceUnreachable", "drift: Prometheus at prometheus:9090 refused the connection."),
        ),
    ],
)
def test_a_first_look(given: APolicy, then: tuple[str, str, str]) -> None:
    status = stands(given)
    assert (status.state, status.reason, status.message) == then
    assert_coherent(given.passed().status)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("with max 0.1, the third and the fifth", given=0.1, then=[False, False, True, False, True]),
        case("with max 0.01, every one", given=0.01, then=[True] * 5),
    ],
)
def test_which_of_the_users_observations_are_breached(given: float, then: list[bool]) -> None:
    policy, fired = a_policy().watching("drift", max=given), []
    for value in (0.02, 0.05, 0.12, 0.03, 0.15):
        policy = policy.later("30s").seeing("drift", value).passed()
        fired.append(policy.status.triggers[0].state is TriggerState.FIRING)
    assert fired == then


def breached_for(span: str) -> APolicy:
    return PATIENT.seeing("drift", 0.12).passed().later(span)


def after_a_gap(unknown: NoData | SourceError) -> APolicy:
    """Four minutes of five were seen; the check after the last of them gave nothing, and an hour has passed."""
    gone = breached_for("4m").seeing("drift", 0.12).passed().later("30s")
    return gone.seeing("drift", replace(unknown, at=gone.now)).passed().later("1h")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a breach that has not lasted waits on", given=breached_for("4m59s").seeing("drift", 0.2), then="Pending"),
        case("a breach that has lasted fires", given=breached_for("5m").seeing("drift", 0.2), then="Firing"),
        case("one healthy value starts the wait anew", then="Pending", given=breached_for("4m").seeing("drift", 0.05)
             .passed().later("2m").seeing("drift", 0.12)),
        case("a gap in the data neither ends the wait nor fires", then="NoData", given=breached_for("6m")
             .seeing("drift", SILENT)),
        case("a gap is no part of the wait", then="Pending", given=after_a_gap(SILENT).seeing("drift", 0.12)),
        case("nor is an error", then="Pending", given=after_a_gap(DOWN).seeing("drift", 0.12)),
        case("nor is a gap of several kinds", then="Pending", given=after_a_gap(SILENT).seeing("drift", DOWN).passed()
             .later("1h").seeing("drift", 0.12)),
        case("after a gap the wait goes on from where it was", then="Pending",
             given=after_a_gap(SILENT).seeing("drift", 0.12).passed().later("59s").seeing("drift", 0.12)),
        case("and fires once all of it was seen", then="Firing",
             given=after_a_gap(SILENT).seeing("drift", 0.12).passed().later("1m").seeing("drift", 0.12)),
        case("nor does a restart in the gap lose what was seen", then="Firing",
             given=after_a_gap(DOWN).operator_restarted().passed().seeing("drift", 0.12).passed().later("1m")
             .seeing("drift", 0.12)),
        case("a restart of the operator does not start the wait anew", then="Firing", given=breached_for("4m")
             .operator_restarted().passed().later("1m").seeing("drift", 0.12)),
        case("nor does time alone fire", then="Pending", given=breached_for("10m").operator_restarted()),
        case("an observation from before the breach cannot lengthen it", then="Pending", given=breached_for("1m")
             .seeing("drift", 0.12).at("09:00:00")),
    ],
)  # fmt: skip
def test_a_breach_must_last(given: APolicy, then: str) -> None:
    assert stands(given).state == then
    assert_coherent(given.passed().status)


@pytest.mark.parametrize("unknown", [SILENT, SEVERAL, DOWN], ids=["silent", "several", "down"])
def test_the_unknown_keeps_since_when_a_value_is_out_of_range(unknown: Observation) -> None:
    pending = breached_for("1m").seeing("drift", unknown).passed().later("1m").seeing("drift", 0.12)
    assert stands(pending).breached_since == T0


def test_a_trigger_that_did_not_move_is_told_in_the_same_words() -> None:
    firing = DRIFT.seeing("drift", 0.12).passed()
    assert stands(firing.later("30s").seeing("drift", 0.15)) == firing.status.triggers[0]


def test_since_moves_with_the_state_and_with_nothing_else() -> None:
    down = DRIFT.seeing("drift", SILENT).passed()
    worse = down.later("1m").seeing("drift", SEVERAL).passed()
    assert (stands(worse).reason, stands(worse).since) == ("SeveralSeries", T0)
    well = worse.later("1m").seeing("drift", 0.02)
    assert (stands(well).state, stands(well).since) == ("Healthy", clock_time("10:02:00"))


def test_a_changed_spec_is_told_at_once() -> None:
    firing = DRIFT.seeing("drift", 0.12).passed()
    stricter = {"name": "drift", "prometheus": {"query": "max(drift)", "healthyRange": {"max": 0.05}}}
    assert stands(firing.edited(triggers=[stricter])).message == "drift is 0.12, above 0.05."
    nightly = a_policy().by_the_clock("0 0 * * *").passed()
    later = {"name": "nightly", "schedule": {"cron": "0 1 * * *"}}
    assert stands(nightly.edited(triggers=[later])).message == "Waiting for the next slot of 0 1 * * *."


def test_a_removed_trigger_is_told_of_no_longer() -> None:
    both = a_policy().watching("drift", max=0.1).watching("accuracy", min=0.85).passed()
    fewer = both.edited(triggers=both.triggers[1:]).passed()
    assert [trigger.name for trigger in fewer.status.triggers] == ["accuracy"]
