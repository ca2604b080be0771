"""Whatever happens to a policy or a run, in whatever order, its status stays true. Hypothesis makes the lives up."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.decide.moves import SetModel
from retrain_operator.model.observation import NoData, Observation, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState, RunStatus
from retrain_operator.model.target import ContainerAbsent, NotLooked, TargetAbsent, VariableAbsent
from retrain_operator.model.training import Job
from retrain_operator.model.world import Claimed, Ended, Foreign, Going, NoRun
from tests.builders import T0, APolicy, a_policy
from tests.coherent import assert_coherent
from tests.runs import NEW, OLD, ARun, a_run, collected, evaluated, exited, running, skipped, trained, waiting

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
    """The claimed run has ended, if there is one."""
    if policy.status.active_run is None:
        return policy
    run = a_run().run
    told = {"reason": Reason.STEP_FAILED, "message": "It is over.", "start_time": policy.now}
    status = RunStatus(state=RunState.ENDED, outcome=outcome, completion_time=policy.now, **told)
    if outcome is Outcome.SUCCEEDED:
        done = a_run().accepted().rolling().status
        status = status.model_copy(update={"result": done.result, "rollout": done.rollout})
    return policy.whose_run_is(Ended(run.spec, status, outcome, policy.now))


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
    st.sampled_from(list(RunState)[:4]).map(lambda state: lambda policy: in_progress(policy, state)),
    st.sampled_from(Outcome).map(lambda outcome: lambda policy: over(policy, outcome)),
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
        before = happens(policy)
        policy = before.passed()
        assert_coherent(policy.status, policy.generation)
        claim, known = policy.status.active_run, before.status.active_run
        if known and not has_ended(before):
            assert claim is not None
            assert claim.name == known.name, "a claim ends with its run, and with nothing else"
        if claim and (known is None or claim.name != known.name):
            policy = policy.whose_run_is(Claimed())
        again = policy.passed()
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


RunStep = Callable[[ARun], ARun]
ANSWERS = st.sampled_from(
    [
        (collected(), trained(), evaluated()),
        (collected(), trained(), evaluated(champion=None)),
        (collected(), trained(), evaluated(outcome="Inconclusive")),
        (collected(outcome="NoNewData"), *skipped()),  # type: ignore[arg-type]
        (collected(outcome="DataSourceNotFound"), *skipped()),  # type: ignore[arg-type]
        (collected(), "", "x" * 3000),
        (collected(run="churn-zzzzzzzzzz"), trained(), evaluated()),
    ]
)
NOT_STARTED = [waiting(), waiting(Reason.IMAGE_PULL_FAILED, "The image cannot be pulled.")]
CONTAINERS = st.sampled_from(
    [(), *((first, waiting(), waiting()) for first in NOT_STARTED), (running(), waiting(), waiting())]
    + [(exited(collected()), second, waiting()) for second in (waiting(), running(), exited(code=1))]
    + [(exited(collected()), exited(trained()), exited(code=137, reason="OOMKilled"))]
)
RUN_HAPPENINGS: st.SearchStrategy[RunStep] = st.one_of(
    SPANS.map(lambda span: lambda run: run.later(span)),
    CONTAINERS.map(lambda seen: lambda run: run.with_job(*seen)),
    CONTAINERS.map(lambda seen: lambda run: run.with_job(*seen, failed="BackoffLimitExceeded")),
    CONTAINERS.map(lambda seen: lambda run: run.with_job(*seen, failed="DeadlineExceeded")),
    ANSWERS.map(lambda answers: lambda run: run.trained_with(*answers)),
    st.just(lambda run: run.with_job(complete=True)),
    st.just(lambda run: run.with_job(uid="another")),
    st.just(lambda run: run.without_a_job()),
    st.just(lambda run: run.with_a_foreign_job()),
    st.sampled_from([OLD.uri, NEW.uri, "", "models:/churn/3"]).map(lambda value: lambda run: run.serving(value)),
    st.just(lambda run: run.serving(NEW.uri, available=1)),
    st.just(lambda run: run.forbidden()),
    st.sampled_from([NotLooked(), TargetAbsent(), ContainerAbsent(("web",)), VariableAbsent(())]).map(
        lambda target: lambda run: run.facing(target)
    ),
)
LIKELY = [
    a_run(),
    a_run().with_no_champion(),
    a_run().accepted(),
    a_run().accepted().serving(OLD.uri).passed(),
    a_run().accepted().serving(OLD.uri).passed().serving(NEW.uri, available=1).passed(),
]


@given(st.sampled_from(LIKELY), st.lists(RUN_HAPPENINGS, max_size=12))
def test_a_run_has_a_true_status_all_its_life(run: ARun, happenings: list[RunStep]) -> None:
    for happens in happenings:
        before = happens(run)
        run = before.passed()
        assert_coherent(run.status)
        if before.status.outcome:
            assert run.status == before.status, "an end is an end"
        again = run.passed()  # the verdict and the first step of the deploy are two writes
        assert again.passed().status == again.status, "another look at the same facts changes nothing"
        if run.status.verdict and not run.status.outcome:
            assert run.status.verdict.promote


@given(st.lists(RUN_HAPPENINGS, max_size=12))
def test_nothing_reaches_the_target_without_a_verdict(happenings: list[RunStep]) -> None:
    run = a_run()
    for happens in happenings:
        run = happens(run)
        act = run.move.act
        if isinstance(act, SetModel):
            assert run.status.verdict
            assert run.status.verdict.promote
            assert act.value in (NEW.uri, OLD.uri)
        run = run.passed()


def test_the_lives_reach_what_they_are_about() -> None:
    """Each of the steps above does something: the first answers promote, the first target is rolled out to."""
    run = replace(LIKELY[0], job=Job("job-1", T0)).passed().trained_with(collected(), trained(), evaluated()).passed()
    assert run.serving(OLD.uri).passed().serving(NEW.uri).passed().status.outcome is Outcome.SUCCEEDED
    assert in_progress(WATCHFUL.seeing("accuracy", 0.1).passed(), RunState.BLOCKED).passed().status.state == "Blocked"
