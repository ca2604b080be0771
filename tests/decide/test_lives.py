"""Whatever happens to a policy, in whatever order, its status stays true. Hypothesis makes the lives up."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.model.observation import NoData, Observation, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState, RunStatus
from retrain_operator.model.status import Undo
from retrain_operator.model.world import Ask, Claimed, Ended, Foreign, Going, NoRun
from tests.builders import T0, APolicy, a_policy
from tests.coherent import assert_coherent
from tests.decide.in_service import undoing
from tests.runs import NEW, OLD, a_run

NO_NUMBER: list[Observation] = [
    NoData(T0, Reason.NO_DATA, "The query returned no series."),
    SourceError(T0, Reason.SOURCE_UNREACHABLE, "Prometheus at prometheus:9090 refused the connection."),
]
SPANS = st.sampled_from(["0s", "1s", "30s", "5m", "3h"])
PolicyStep = Callable[[APolicy], APolicy]


def in_progress(policy: APolicy, state: RunState) -> APolicy:
    """The claimed run stands there, if there is one."""
    if policy.status.active_run is None:
        return policy
    return policy.whose_run_is(Going(RunStatus(state=state, reason="Running", message="It goes on."), policy.now))


def over(policy: APolicy, outcome: Outcome) -> APolicy:
    """The claimed run has ended, if there is one, after its model had been in service for a while."""
    claim = policy.status.active_run
    if claim is None:
        return policy
    run = (undoing() if claim.undo else a_run()).run
    told = {"reason": Reason.STEP_FAILED, "message": "It is over.", "start_time": policy.now}
    status = RunStatus(state=RunState.ENDED, outcome=outcome, completion_time=policy.now, **told)
    if outcome in (Outcome.SUCCEEDED, Outcome.ROLLED_BACK):
        done = a_run().accepted().rolling(undo=outcome is Outcome.ROLLED_BACK).status
        assert done.rollout
        rollout = done.rollout.model_copy(update={"complete_time": policy.now, "landed": True})
        if claim.undo:
            rollout = rollout.model_copy(update={"from_": NEW.uri, "to": OLD.uri})
        status = status.model_copy(update={"result": None if claim.undo else done.result, "rollout": rollout})
    return policy.whose_run_is(Ended(run.spec, status, outcome, policy.now))


def recommended(policy: APolicy) -> APolicy:
    """The claimed run has ended with a patch to commit."""
    policy = over(policy, Outcome.SUCCEEDED)
    if not isinstance(policy.run, Ended):
        return policy
    told = {"rollout": None, "reason": Reason.RECOMMENDED, "recommendation": "A patch."}
    return policy.whose_run_is(replace(policy.run, status=policy.run.status.model_copy(update=told)))


def undo_asked(policy: APolicy, to: str) -> APolicy:
    """A person names a version, or with an empty name takes the word away; the edge says what is known of it."""
    policy = policy.later("1s")
    if not to:
        return replace(policy, asks={}, undo=None)
    known = Undo(to=to, uri=OLD.uri, digest=OLD.digest) if to == "churn-before" else Undo(to=to)
    return replace(policy, asks={"undo_to": Ask(to, "kubectl")}, undo=known)


def heard(policy: APolicy) -> APolicy:
    """The edge looks up only what was not answered yet."""
    ask = policy.asks.get("undo_to")
    return replace(policy, undo=None) if ask and ask.value == policy.status.last_handled_undo else policy


def lost(policy: APolicy) -> APolicy:
    return policy.whose_run_is(Claimed() if policy.status.active_run else NoRun())


def taken(policy: APolicy) -> APolicy:
    return policy.whose_run_is(Foreign()) if policy.status.active_run else policy


VALUES = st.floats(0, 1, allow_nan=False)
HAPPENINGS: st.SearchStrategy[PolicyStep] = st.one_of(
    SPANS.map(lambda span: lambda policy: policy.later(span)),
    VALUES.map(lambda value: lambda policy: policy.seeing("drift", value)),
    VALUES.map(lambda value: lambda policy: policy.seeing("accuracy", value)),
    st.sampled_from(NO_NUMBER).map(lambda seen: lambda policy: policy.seeing("drift", seen)),
    st.sampled_from(["monday", "tuesday"]).map(lambda value: lambda policy: policy.later("1s").asked_by_hand(value)),
    st.booleans().map(lambda value: lambda policy: policy.edited(suspend=value)),
    st.sampled_from(list(RunState)[:-1]).map(lambda state: lambda policy: in_progress(policy, state)),
    st.sampled_from(Outcome).map(lambda outcome: lambda policy: over(policy, outcome)),
    st.sampled_from(["churn-before", "nobody-knows", ""]).map(lambda to: lambda policy: undo_asked(policy, to)),
    st.just(recommended),
    st.just(lost),
    st.just(taken),
    st.just(lambda policy: policy.operator_restarted()),
)
WATCHFUL = (
    a_policy()
    .watching("drift", max=0.1, lasting="1m")
    .watching("accuracy", min=0.85)
    .by_the_clock("0 * * * *")
    .resting(after_success="1h", after_failure="5m")
)


def has_ended(policy: APolicy) -> bool:
    claim = policy.status.active_run
    deleted = isinstance(policy.run, Claimed) and claim is not None and claim.made
    return deleted or isinstance(policy.run, Ended | Foreign)


@given(st.lists(HAPPENINGS, max_size=15))
def test_a_policy_has_one_run_at_a_time_and_a_true_status_all_its_life(happenings: list[PolicyStep]) -> None:
    policy = WATCHFUL
    for happens in happenings:
        before = heard(happens(policy))
        policy = heard(before.passed())
        assert_coherent(policy.status, policy.generation)
        claim, known = policy.status.active_run, before.status.active_run
        if known and not has_ended(before):
            assert claim is not None
            assert claim.name == known.name, "a claim ends with its run, and with nothing else"
        if claim and (known is None or claim.name != known.name):
            policy = policy.whose_run_is(Claimed())
        again = heard(policy.passed())
        assert again.passed().status == again.status, "a second look at the same facts changes nothing"


@given(st.lists(st.sampled_from(NO_NUMBER) | SPANS, max_size=10), st.booleans())
def test_what_is_no_number_never_starts_and_never_ends_anything(
    happenings: list[Observation | str], fired: bool
) -> None:
    policy = a_policy().watching("drift", max=0.1)
    if fired:
        policy = policy.suspended().seeing("drift", 0.5).passed().with_spec(suspend=False)
    before = policy.status
    for happens in happenings:
        policy = policy.later(happens) if isinstance(happens, str) else policy.seeing("drift", happens)
        if isinstance(happens, str):
            policy = policy.operator_restarted()
        policy = policy.passed()
        assert policy.status.active_run is None
        for trigger, known in zip(policy.status.triggers, before.triggers, strict=False):
            assert trigger.breached_since == known.breached_since


def test_the_lives_reach_what_they_are_about() -> None:
    training = WATCHFUL.seeing("accuracy", 0.1).passed()
    assert in_progress(training, RunState.BLOCKED).passed().status.state == "Blocked"
    assert in_progress(training, RunState.BAKING).passed().status.state == "Baking"
    assert over(training, Outcome.ROLLED_BACK).passed().status.quarantine
    assert recommended(training).passed().status.champion is None
    back = heard(undo_asked(training.with_status(active_run=None), "churn-before")).passed()
    assert over(back, Outcome.SUCCEEDED).passed().status.quarantine
