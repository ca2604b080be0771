"""Whatever happens to a run, in whatever order, its status stays true. Hypothesis makes the lives up."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.decide.moves import SetModel
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.target import (
    Broken,
    ContainerAbsent,
    InService,
    KindUnknown,
    NotLooked,
    OnHold,
    Progress,
    TargetAbsent,
    Trouble,
    Unsettled,
    VariableAbsent,
    VariableFromSource,
)
from retrain_operator.model.training import Job
from tests.builders import T0, APolicy
from tests.coherent import assert_coherent
from tests.decide.in_service import ROLLOUT, WATCHFUL, checked, followed, rolls_out, told_by, undoing
from tests.decide.test_undo import quarantined
from tests.runs import NAME, NEW, OLD, ARun, a_run, collected, evaluated, exited, running, skipped, trained, waiting

SPANS = st.sampled_from(["0s", "1s", "30s", "5m", "3h"])

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
PROGRESS: st.SearchStrategy[Progress] = st.sampled_from(
    [
        InService(),
        Unsettled("0 of 2 replicas are available."),
        Unsettled("0 of 2 replicas are available.", Trouble(Reason.CRASH_LOOP, "it crashes")),
        Unsettled("0 of 2 replicas are available.", Trouble(Reason.IMAGE_PULL_FAILED, "it has no image")),
        OnHold(Reason.ROLLOUT_PAUSED, "it is paused"),
        OnHold(Reason.SCALED_TO_ZERO, "it is scaled to 0 replicas"),
        Broken(Reason.ROLLOUT_FAILED, "it is Stalled"),
    ]
)
POLICIES: list[APolicy] = [
    WATCHFUL.seeing("drift", 0.02).seeing("accuracy", 0.9),
    WATCHFUL.seeing("drift", 0.5).seeing("accuracy", 0.5),
    WATCHFUL.silent("drift").unreachable("accuracy"),
    quarantined(uri=NEW.uri, digest=NEW.digest),
]
UNFIT = [
    NotLooked(),
    TargetAbsent(),
    ContainerAbsent(("web",)),
    VariableAbsent(()),
    KindUnknown(),
    VariableFromSource(),
]
WORDS = [NAME, f"{NAME}@{NEW.digest}", f"{NAME}@{OLD.digest}", "churn-other"]
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
    st.just(lambda run: run.serving(NEW.uri, uid="another-uid")),
    st.tuples(st.sampled_from([OLD.uri, NEW.uri]), PROGRESS).map(
        lambda seen: lambda run: run.serving(seen[0], progress=seen[1])
    ),
    st.sampled_from([OLD.uri, NEW.uri, "s3://else/where"]).map(
        lambda value: lambda run: run.serving(value, manager="argocd-controller")
    ),
    st.sampled_from(POLICIES).map(lambda policy: lambda run: checked(run, policy)),
    st.just(lambda run: replace(run, policy=None, observations={})),
    st.tuples(st.sampled_from(["approve", "reject", "undo_to"]), st.sampled_from(WORDS)).map(
        lambda said: lambda run: told_by(run, by="ann", **dict([said]))
    ),
    st.just(lambda run: run.forbidden()),
    st.sampled_from(
        [
            NotLooked(),
            TargetAbsent(),
            ContainerAbsent(("web",)),
            VariableAbsent(()),
            KindUnknown(),
            VariableFromSource(),
        ]
    ).map(lambda target: lambda run: run.facing(target)),
)
BAKE, MANUAL = {"bake": {"duration": "10m"}}, {"approval": "Manual"}
ONLY = ROLLOUT | {"mode": "RecommendOnly"}
LIKELY = [
    a_run(),
    a_run().with_spec(rollout=ROLLOUT | BAKE | MANUAL, triggers=WATCHFUL.triggers),
    followed(rolls_out(**BAKE).serving(OLD.uri), POLICIES[0]).passed().serving(NEW.uri).passed(),
    rolls_out(**MANUAL),
    rolls_out(**BAKE, **MANUAL).serving(OLD.uri).passed(),
    rolls_out(mode="RecommendOnly"),
    undoing(),
    undoing("nobody-knows", None, None),
    undoing("v2", digest=None).with_spec(rollout=ONLY),
    undoing().serving(NEW.uri).passed().passed(),
    a_run().with_no_champion(),
    a_run().accepted(),
    a_run().accepted().serving(OLD.uri).passed(),
    a_run().accepted().serving(OLD.uri).passed().serving(NEW.uri, available=1).passed(),
]


def assert_quiet(run: ARun) -> None:
    """Another look at the same facts changes nothing; a verdict, a rollout and its undoing are writes of their own."""
    for _ in range(3):
        run = run.passed()
    assert run.passed().status == run.status, "the same facts are told again and again"


@given(st.sampled_from(LIKELY), st.lists(RUN_HAPPENINGS, max_size=12))
def test_a_run_has_a_true_status_all_its_life(run: ARun, happenings: list[RunStep]) -> None:
    for happens in happenings:
        before = happens(run)
        run = before.passed()
        assert_coherent(run.status)
        if before.status.outcome:
            assert run.status == before.status, "an end is an end"
        assert_quiet(run)
        if run.status.verdict and not run.status.outcome:
            assert run.status.verdict.promote


@given(st.sampled_from(LIKELY), st.lists(RUN_HAPPENINGS, max_size=12))
def test_nothing_reaches_the_target_that_may_not(run: ARun, happenings: list[RunStep]) -> None:
    for happens in happenings:
        run = happens(run)
        move = run.move
        if isinstance(move.act, SetModel):
            assert_may_be_set(run, move.act.value)
            assert move.status.rollout, "what is changed is told before"
            back = move.act.value == move.status.rollout.from_
            assert not back or move.status.rollout.taken_back or move.status.rollout.to == move.act.value
        run = run.passed()


def assert_may_be_set(run: ARun, value: str) -> None:
    """A candidate that passed and was let in, a version that a person named, or the model that was there before."""
    spec, status = run.run.spec, run.move.status
    assert value in (NEW.uri, OLD.uri)
    assert spec.policy.spec.rollout.mode == "Direct"
    if spec.undo:
        assert spec.undo.uri
        return
    assert status.verdict
    assert status.verdict.promote
    if spec.policy.spec.rollout.approval == "Manual":
        assert status.approval
        assert status.approval.decision == "Approved"


@given(st.sampled_from(LIKELY), st.lists(RUN_HAPPENINGS, max_size=12))
def test_a_model_that_was_put_back_once_is_never_named_again(run: ARun, happenings: list[RunStep]) -> None:
    for happens in happenings:
        run = happens(run)
        doomed = run.status.rollout is not None and run.status.rollout.taken_back is not None
        act = run.move.act
        if doomed and isinstance(act, SetModel) and run.status.rollout:
            assert act.value == run.status.rollout.from_
        run = run.passed()


def test_the_lives_reach_what_they_are_about() -> None:
    """Each of the steps above does something: the first answers promote, the first target is rolled out to."""
    run = replace(LIKELY[0], job=Job("job-1", T0)).passed().trained_with(collected(), trained(), evaluated()).passed()
    assert run.serving(OLD.uri).passed().serving(NEW.uri).passed().status.outcome is Outcome.SUCCEEDED
    baking = LIKELY[2]
    assert baking.status.state == "Baking"
    assert checked(baking.later("1m"), POLICIES[1]).passed().status.reason == "BakeBreached"
    assert told_by(LIKELY[3].serving(OLD.uri), approve=NAME).passed().status.approval
