"""Whatever happens: one run at a time, nothing comes of what is not known, and Any is each of its triggers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.decide.cause import ALL, causes
from retrain_operator.decide.replay import FIRED, Assumption, Row, replay
from retrain_operator.model.observation import Sample
from retrain_operator.model.run import Outcome, RunState, RunStatus
from retrain_operator.model.world import Claimed, Going, NoRun, PolicyRun
from tests.builders import T0, APolicy, a_policy
from tests.coherent import assert_coherent

TRIGGERS = ("drift", "accuracy", "rows")
ANY = (
    a_policy().watching("drift", max=0.1, lasting="1m").watching("accuracy", min=0.85)
    .counting("rows", growthPercent=20).by_the_clock("*/10 * * * *")
    .resting(after_success="2m").limited(maxRuns=3, period="30m", failureLimit=2)
)  # fmt: skip
SHAPES = [ANY, ANY.needing_all(), ANY.resting().limited(), ANY.needing_all().resting().limited()]


@dataclass
class Cluster:
    """An operator, and the runs that it made: whether each is still under way."""

    policy: APolicy
    runs: dict[str, bool] = field(default_factory=dict)
    outcome: Outcome = Outcome.FAILED

    def looks(self, *, killed: bool) -> None:
        """One pass; it may be killed after its status was written and before the run was made."""
        before = self.policy.whose_run_is(self.claimed_run())
        if isinstance(before.run, NoRun) and before.status.active_run:
            before = before.run_ended(self.outcome)
        after = before.passed()
        assert_coherent(after.status, after.generation)
        assert_nothing_came_of_what_is_not_known(before, after)
        claim, known = after.status.active_run, before.status.active_run
        is_new = claim is not None and (known is None or known.name != claim.name)
        if claim and not killed and (is_new or isinstance(after.run, Claimed)):
            self.runs.setdefault(claim.name, True)
        going = [name for name, under_way in self.runs.items() if under_way]
        assert going in ([], [claim.name if claim else ""]), "one run at a time, and that is the claimed one"
        self.policy = after

    def claimed_run(self) -> PolicyRun:
        """What is seen of the run that the policy claims; NoRun if that has ended."""
        claim = self.policy.status.active_run
        if claim and claim.name not in self.runs:
            return Claimed()
        going = claim and self.runs[claim.name]
        return Going(RunStatus(state=RunState.TRAINING), T0) if going else NoRun()

    def changes(self, change: Callable[[APolicy], APolicy]) -> None:
        self.policy = change(self.policy)

    def ends(self, outcome: Outcome) -> None:
        """Its run has ended, if it has one. No run ends in the second in which it began."""
        self.policy = self.policy.later("1s")
        self.runs, self.outcome = dict.fromkeys(self.runs, False), outcome

    def loses(self) -> None:
        """Somebody has deleted its run, if it has one, a second later at least."""
        self.policy = self.policy.later("1s")
        self.runs = {name: under_way for name, under_way in self.runs.items() if not under_way}


def assert_nothing_came_of_what_is_not_known(before: APolicy, after: APolicy) -> None:
    unknown = {name for name in TRIGGERS if not isinstance(before.observations.get(name), Sample)}
    claim, known = after.status.active_run, {each.name: each for each in before.status.triggers}
    if claim and claim != before.status.active_run and not claim.made:
        assert claim.cause.trigger not in unknown, "it started a run"
        assert claim.cause.trigger != ALL or not unknown, "it helped to start a run"
    for trigger in after.status.triggers:
        if trigger.name in unknown and trigger.name in known:
            assert trigger.breached_since == known[trigger.name].breached_since, "it began or ended a breach"


Happening = Callable[[Cluster], None]
CHANGES: st.SearchStrategy[Callable[[APolicy], APolicy]] = st.one_of(
    st.sampled_from(["1s", "30s", "1m", "5m", "20m"]).map(lambda span: lambda policy: policy.later(span)),
    st.sampled_from([0.02, 0.2]).map(lambda value: lambda policy: policy.seeing("drift", value)),
    st.sampled_from([0.9, 0.8]).map(lambda value: lambda policy: policy.seeing("accuracy", value)),
    st.sampled_from([100, 130, 500]).map(lambda value: lambda policy: policy.seeing("rows", value)),
    st.sampled_from(TRIGGERS).map(lambda name: lambda policy: policy.silent(name)),
    st.sampled_from(TRIGGERS).map(lambda name: lambda policy: policy.unreachable(name)),
    st.sampled_from(["monday", "tuesday"]).map(lambda value: lambda policy: policy.asked_by_hand(value)),
    st.booleans().map(lambda value: lambda policy: policy.edited(suspend=value)),
    st.just(lambda policy: policy.operator_restarted()),
)
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    CHANGES.map(lambda change: lambda cluster: cluster.changes(change)),
    st.sampled_from(Outcome).map(lambda outcome: lambda cluster: cluster.ends(outcome)),
    st.just(lambda cluster: cluster.loses()),
)


@given(st.sampled_from(SHAPES), st.lists(st.tuples(HAPPENINGS, st.booleans()), max_size=25))
def test_one_run_at_a_time_and_nothing_from_what_is_not_known(
    shape: APolicy, life: list[tuple[Happening, bool]]
) -> None:
    cluster = Cluster(shape)
    for happens, killed in life:
        happens(cluster)
        cluster.looks(killed=killed)


def test_such_a_life_has_runs_in_it() -> None:
    cluster = Cluster(ANY.seeing("accuracy", 0.8))
    cluster.looks(killed=True)
    assert cluster.runs == {}, "claimed, and not made"
    cluster.looks(killed=False)
    assert list(cluster.runs.values()) == [True], "made by the next pass"
    cluster.looks(killed=False)
    cluster.loses()
    cluster.looks(killed=False)
    assert cluster.policy.status.last_run
    assert cluster.policy.status.last_run.outcome == "Cancelled"
    cluster.changes(lambda policy: policy.later("20m").seeing("accuracy", 0.8))
    cluster.looks(killed=False)
    cluster.ends(Outcome.REJECTED)
    cluster.looks(killed=False)
    assert [run.outcome for run in cluster.policy.status.history] == ["Rejected", "Cancelled"]


# Any is the union of each alone

KINDS: dict[str, Callable[[APolicy], APolicy]] = {
    "drift": lambda policy: policy.watching("drift", max=0.1),
    "accuracy": lambda policy: policy.watching("accuracy", min=0.85),
    "rows": lambda policy: policy.counting("rows", growth=20),
    "often": lambda policy: policy.by_the_clock("*/3 * * * *", name="often"),
    "seldom": lambda policy: policy.by_the_clock("7 * * * *", name="seldom"),
}
SEEN = st.fixed_dictionaries(
    {
        "drift": st.sampled_from([0.02, 0.1, 0.2, None]),
        "accuracy": st.sampled_from([0.9, 0.85, 0.8, None]),
        "rows": st.sampled_from([100.0, 120.0, 121.0, None]),
    }
)


def policy_of(*names: str) -> APolicy:
    policy = a_policy().resting()
    for name in names:
        policy = KINDS[name](policy)
    return policy


def fired(rows: list[Row], *names: str) -> set[object]:
    """When a policy of these triggers starts a run, with no rests and runs that take no time and change nothing."""
    seen: list[Row] = [(at, {name: value for name, value in values.items() if name in names}) for at, values in rows]
    until = T0 + timedelta(minutes=12)
    told = replay(policy_of(*names).policy, seen, until, Assumption(timedelta(0), Outcome.REJECTED))
    return {each.at for each in told if each.decision == FIRED}


@given(st.lists(SEEN, max_size=20), st.lists(st.sampled_from(sorted(KINDS)), min_size=1, unique=True))
def test_any_starts_a_run_whenever_one_of_its_triggers_alone_would(
    seen: list[dict[str, float | None]], names: list[str]
) -> None:
    rows: list[Row] = [(T0 + number * timedelta(seconds=30), values) for number, values in enumerate(seen, start=1)]
    assert fired(rows, *names) == set().union(*(fired(rows, name) for name in names))


@given(st.lists(st.tuples(SEEN, st.sampled_from(["30s", "3m"])), min_size=1, max_size=6))
def test_any_has_the_causes_of_each_of_its_triggers(life: list[tuple[dict[str, float | None], str]]) -> None:
    def seen(policy: APolicy) -> APolicy:
        for values, span in life:
            policy = replace(policy.passed(), run=NoRun()).with_status(active_run=None).later(span)
            for name in {each["name"] for each in policy.triggers}:
                value = values[name]
                policy = policy.silent(name) if value is None else policy.seeing(name, value)
        return policy

    alone = [cause for name in TRIGGERS for cause in causes(seen(policy_of(name)).settled)]
    assert list(causes(seen(policy_of(*TRIGGERS)).settled)) == alone
