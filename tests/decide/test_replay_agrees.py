"""What replay says would have happened is what the operator does: the same lives, led pass by pass."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.decide.replay import FIRED, Assumption, Row, replay
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.run import Outcome
from tests.builders import T0, APolicy, a_policy
from tests.coherent import assert_coherent

Starts = list[tuple[datetime, str]]
SECOND = timedelta(seconds=1)
END = T0 + timedelta(hours=2)


def replayed(policy: APolicy, rows: Sequence[Row], assumed: Assumption) -> Starts:
    """When runs would have started, and what set them off."""
    told = replay(policy.policy, rows, END, assumed)
    return list(dict.fromkeys((each.at, each.message) for each in told if each.decision == FIRED))


@dataclass
class Operator:
    """It looks when there is something new, when a run has ended, and when it said that it would."""

    policy: APolicy
    assumed: Assumption
    wakes: datetime | None = T0
    ends: datetime | None = None

    def lives(self, rows: Sequence[Row]) -> Iterator[tuple[datetime, str]]:
        """Its starts."""
        for at, values in rows:
            yield from self.looks_by_itself(at)
            yield from self.looks(at, values)
        yield from self.looks_by_itself(END + SECOND)

    def looks_by_itself(self, before: datetime) -> Iterator[tuple[datetime, str]]:
        while (alone := min((each for each in (self.wakes, self.ends) if each), default=before)) < before:
            yield from self.looks(alone, {})

    def looks(self, at: datetime, values: Mapping[str, float | None]) -> Iterator[tuple[datetime, str]]:
        policy = replace(self.policy, now=at)
        for name, value in values.items():
            policy = policy.silent(name) if value is None else policy.seeing(name, value)
        if self.ends and at >= self.ends:
            policy, self.ends = policy.run_ended(self.assumed.outcome), None
        decision = policy.decision
        policy = policy.passed()
        assert_coherent(policy.status)
        if isinstance(decision, Start):
            yield at, decision.cause.message
            policy, self.ends = policy.training(), at + self.assumed.lasting
        rest = decision.recheck_at if isinstance(decision, Hold) else None
        looks = [each for each in (rest, policy.status.next_schedule_time) if each and each > at]
        self.policy, self.wakes = policy, min(looks, default=None)


DRIFTS, ACCURACIES = st.sampled_from([0.02, 0.1, 0.2, 0.5, None]), st.sampled_from([0.9, 0.8, None])
LIMITS: list[dict[str, Any]] = [{}, {"maxRuns": 2, "period": "25m"}, {"failureLimit": 2}]
VOLUMES = st.sampled_from([100.0, 119.0, 130.0, 200.0, 400.0, None])


@st.composite
def recorded(draw: st.DrawFn) -> list[Row]:
    """What three queries gave over up to two hours: at times every 30 s, at times with longer gaps."""
    rows: list[Row] = []
    at = T0
    for gap in draw(st.lists(st.sampled_from([30, 30, 30, 60, 299, 1800]), max_size=40)):
        at += timedelta(seconds=gap)
        rows.append((at, {"drift": draw(DRIFTS), "accuracy": draw(ACCURACIES), "rows": draw(VOLUMES)}))
    return [row for row in rows if row[0] <= END]


@st.composite
def policies(draw: st.DrawFn) -> APolicy:
    """Any triggers in any order, any rests, any limits."""
    lasting = draw(st.sampled_from(["0s", "1m", "10m"]))
    kinds = {
        "drift": lambda policy: policy.watching("drift", max=0.1, lasting=lasting),
        "accuracy": lambda policy: policy.watching("accuracy", min=0.85),
        "rows": lambda policy: policy.counting("rows", growthPercent=20),
        "nightly": lambda policy: policy.by_the_clock(
            draw(st.sampled_from(["*/7 * * * *", "30 * * * *"])), startingDeadline="5m"
        ),
    }
    policy = a_policy()
    for name in draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, unique=True)):
        policy = kinds[name](policy)
    rests = draw(st.tuples(*[st.sampled_from(["0s", "90s", "20m"])] * 3))
    policy = policy.resting(*rests).limited(**draw(st.sampled_from(LIMITS)))
    return policy.needing_all() if draw(st.booleans()) else policy


RUNS = st.builds(
    Assumption,
    st.sampled_from([timedelta(0), timedelta(seconds=45), timedelta(minutes=12)]),
    st.sampled_from([Outcome.SUCCEEDED, Outcome.REJECTED, Outcome.FAILED, Outcome.NO_NEW_DATA]),
)


@given(policies(), recorded(), RUNS)
def test_the_operator_starts_what_replay_says(policy: APolicy, rows: list[Row], assumed: Assumption) -> None:
    known = {name for name in ("drift", "accuracy", "rows") if name in {each["name"] for each in policy.triggers}}
    seen: list[Row] = [(at, {name: values[name] for name in known}) for at, values in rows]
    assert list(Operator(policy, assumed).lives(seen)) == replayed(policy, seen, assumed)


def test_there_is_something_to_agree_on() -> None:
    policy = a_policy().watching("drift", max=0.1, lasting="1m").by_the_clock("30 * * * *").resting("20m")
    rows: list[Row] = [(T0 + timedelta(seconds=30 * number), {"drift": 0.2}) for number in range(1, 240)]
    assumed = Assumption(timedelta(minutes=5), Outcome.SUCCEEDED)
    starts = [f"{at:%H:%M:%S} {message}" for at, message in replayed(policy, rows, assumed)]
    assert starts == [
        "10:01:30 drift is 0.2, above 0.1.",
        "10:30:00 The slot of 2024-06-01 10:30 UTC of nightly has come.",
        "11:30:00 The slot of 2024-06-01 11:30 UTC of nightly has come.",
    ]
    assert list(Operator(policy, assumed).lives(rows)) == replayed(policy, rows, assumed)
