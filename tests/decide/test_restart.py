"""The operator is killed in the middle of something: what was decided by then, and when, does not depend on it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.decide.start import Start
from retrain_operator.model.run import Outcome
from tests.builders import APolicy, a_policy, clock_time
from tests.decide.case import case

PATIENT = a_policy().watching("drift", max=0.1, lasting="5m").resting()
BREACH = PATIENT.seeing("drift", 0.2).passed()
"""It began at 10:00 and must last until 10:05."""


def watched(policy: APolicy, until: str) -> APolicy:
    """It was checked every 30 s until then, and was out of its range each time."""
    while policy.now < clock_time(until):
        policy = policy.later("30s").seeing("drift", 0.2).passed()
    return policy


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("never", given=watched(BREACH, "10:04:30"), then="10:05:00"),
        case("just after the first check", given=BREACH.operator_restarted().passed(), then="10:05:00"),
        case("in the middle", given=watched(BREACH, "10:02:30").operator_restarted().passed(), then="10:05:00"),
        case("just before it fires", given=watched(BREACH, "10:04:30").operator_restarted().passed(), then="10:05:00"),
        case("three times", given=watched(watched(BREACH, "10:01:00").operator_restarted().passed(), "10:03:00")
             .operator_restarted().passed().later("30s").operator_restarted().passed(), then="10:05:00"),
        case("in a gap of the data, which is no part of the wait", then="10:06:30",
             given=watched(BREACH, "10:02:00").later("30s").silent("drift").passed().operator_restarted().passed()
             .later("30s").silent("drift").passed()),
    ],
)  # fmt: skip
def test_killed_in_the_middle_of_a_for_it_fires_at_the_time_it_would_have(given: APolicy, then: str) -> None:
    policy = given
    while not isinstance(policy.decision, Start):
        policy = policy.passed().later("30s").seeing("drift", 0.2)
        assert policy.now < clock_time("11:00:00")
    assert policy.now == clock_time(then)


def test_killed_for_longer_than_the_wait_the_first_check_decides() -> None:
    back = watched(BREACH, "10:02:00").operator_restarted().at("10:30:00").passed()
    assert back.status.message == "drift is 0.2, above 0.1. It fires when it stays so for 5m."
    assert not isinstance(back.decision, Start), "what is only remembered starts nothing"
    assert isinstance(back.seeing("drift", 0.2).decision, Start)
    assert back.seeing("drift", 0.02).trigger("drift").state == "Healthy"


Seen = tuple[float | None, float | None, bool]
"""What two queries gave, and whether the operator is killed just before."""
SEEN = st.tuples(st.sampled_from([0.02, 0.2, None]), st.sampled_from([50.0, 150.0, 450.0, None]), st.booleans())


def starts(seen: Sequence[Seen], *, killed: bool) -> list[tuple[str, str]]:
    """When runs start and why, with a check a minute and runs of 20 s; `killed` if it is killed where it may be."""
    policy = a_policy().watching("drift", max=0.1, lasting="2m").counting("rows", growth=100).resting()
    found = []
    for drift, rows, kill in seen:
        policy = (policy.operator_restarted().passed() if kill and killed else policy).later("1m")
        policy = policy.silent("drift") if drift is None else policy.seeing("drift", drift)
        policy = policy.silent("rows") if rows is None else policy.seeing("rows", rows)
        decision = policy.decision
        policy = policy.passed()
        if isinstance(decision, Start):
            found.append((f"{policy.now:%H:%M}", decision.cause.message))
            policy = policy.training().later("20s").run_ended(Outcome.SUCCEEDED).passed().later("40s")
    return found


@given(st.lists(SEEN, max_size=20))
def test_whenever_it_is_killed_the_same_runs_start_at_the_same_times(seen: list[Seen]) -> None:
    assert starts(seen, killed=True) == starts(seen, killed=False)


def test_there_is_something_to_be_the_same() -> None:
    seen: list[Seen] = [(0.02, 50, False), *[(0.2, None, True)] * 4, (0.02, 450, True), (None, 600, True)]
    assert starts(seen, killed=True) == [
        ("10:04", "drift is 0.2, above 0.1."),
        ("10:07", "rows is 450, up by 400 from 50; more than 100."),
        ("10:09", "rows is 600, up by 150 from 450; more than 100."),
    ]
