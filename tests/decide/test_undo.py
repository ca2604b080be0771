"""A person goes back to a version: nothing is trained, and nothing but a run under way is stronger."""

from dataclasses import replace

import pytest
import yaml

from retrain_operator.decide.moves import GoOn, SetModel, Wait
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunState
from retrain_operator.model.status import Cause, Quarantined, Undo
from retrain_operator.model.target import TargetAbsent
from retrain_operator.model.world import Ask, Going
from retrain_trainer.contract import Champion
from tests.builders import T0, APolicy, a_policy, written
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.decide.in_service import ROLLOUT, WATCHFUL, followed, status_of, undoing
from tests.runs import NAME, NEW, OLD, ARun

# The policy starts it


def asked(policy: APolicy, to: str = "churn-before", by: str = "") -> APolicy:
    undo = Undo(to=to, uri=OLD.uri, digest=OLD.digest)
    known = policy.status.last_handled_undo == to
    return replace(policy, asks={"undo_to": Ask(to, by)}, undo=None if known else undo)


def failed_often() -> APolicy:
    policy = a_policy().limited(failureLimit=1).with_status(failures_in_a_row=1, observed_generation=1)
    return policy.after_a_run(Outcome.FAILED)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(a_policy(), id="of a policy that only watches"),
        pytest.param(a_policy().suspended(), id="of one that is suspended"),
        pytest.param(failed_often(), id="of one whose circuit is open"),
        pytest.param(a_policy().resting(after_success="1h").after_a_run(Outcome.SUCCEEDED), id="of one that rests"),
        pytest.param(a_policy().asked_by_hand("now"), id="of one that was asked for a run as well"),
    ],
)
def test_it_starts(policy: APolicy) -> None:
    decision = asked(policy, by="kubectl-annotate").decision
    assert decision == Start(
        Cause(
            trigger="undo",
            message="The model of churn-before was asked for by kubectl-annotate with the annotation "
            "retrain.dev/undo-to.",
            at=T0,
            request="churn-before",
            requested_by="kubectl-annotate",
        ),
        Undo(to="churn-before", uri=OLD.uri, digest=OLD.digest),
    )


def test_its_claim_says_what_is_put_back_and_leaves_all_else_as_it_is() -> None:
    policy = failed_often().by_the_clock("* * * * *").later("5m").passed()
    status = asked(policy).passed().status
    assert_coherent(status)
    assert (status.state, status.message) == (
        "Deploying",
        "A run starts: The model of churn-before was asked for with the annotation retrain.dev/undo-to.",
    )
    assert status.active_run
    assert (status.active_run.undo, status.last_handled_undo) == (
        Undo(to="churn-before", uri=OLD.uri, digest=OLD.digest),
        "churn-before",
    )
    assert status.failures_in_a_row == 1, "it closes no circuit"
    assert status.last_schedule_time == policy.status.last_schedule_time, "and answers for no slot"


def test_it_costs_none_of_the_runs_that_may_start() -> None:
    status = asked(a_policy().limited(maxRuns=1, period="24h")).passed().status
    assert status.active_run
    assert (status.recent_runs, status.runs_remaining) == ((), 1)


def test_a_run_under_way_comes_to_its_end_first() -> None:
    training = a_policy().watching("drift", max=0.1).seeing("drift", 0.5).passed().training()
    decision = asked(training).decision
    assert isinstance(decision, Hold)
    assert decision.reason is Reason.RUN_ACTIVE


def test_what_was_asked_for_once_is_done_once_until_the_annotation_is_gone() -> None:
    handled = a_policy().with_status(last_handled_undo="churn-before")
    assert isinstance(asked(handled).decision, Hold)
    assert isinstance(asked(handled, to="churn-other").decision, Start)
    forgotten = handled.passed()
    assert forgotten.status.last_handled_undo is None
    assert isinstance(asked(forgotten).decision, Start)


# The run does it

FULL = undoing().serving(NEW.uri)
BEGUN = FULL.passed()
LEFT = "churn-0987654321"


def test_it_trains_nothing() -> None:
    move = FULL.move
    assert move.act == GoOn()
    assert (move.status.state, move.status.reason) == ("Deploying", "Pending")
    assert move.status.message == "Going back to the model of churn-before."
    assert [(step.state, step.message) for step in move.status.steps[:3]] == [
        ("Skipped", "Nothing is trained to go back.")
    ] * 3
    assert_coherent(move.status)


def test_it_puts_the_version_back_and_waits_until_all_of_the_target_runs_it() -> None:
    assert BEGUN.move.act == SetModel(OLD.uri)
    record = status_of(BEGUN).rollout
    assert record
    assert (record.from_, record.to) == (NEW.uri, OLD.uri)
    waits = BEGUN.passed().serving(OLD.uri, available=1)
    assert (status_of(waits).state, status_of(waits).outcome) == ("Deploying", None)
    status = status_of(waits.passed().serving(OLD.uri))
    assert (status.outcome, status.reason) == ("Succeeded", "Undone")
    assert status.message == "The model of churn-before is back in service."


def test_where_that_version_is_in_service_already_it_only_says_so() -> None:
    there = replace(undoing(), champion=Champion(uri=OLD.uri, digest=OLD.digest)).serving(OLD.uri, available=0).passed()
    assert there.move.act == Wait(), "it may well be ill: that is why a person asked"
    assert (status_of(there).outcome, status_of(there).reason) == ("Succeeded", "Undone")


def test_it_asks_nobody_and_watches_nothing() -> None:
    careful = undoing().with_spec(rollout=ROLLOUT | {"approval": "Manual", "bake": {"duration": "10m"}})
    done = careful.serving(NEW.uri).passed().passed().serving(OLD.uri)
    assert status_of(done).reason == "Undone"


def test_a_version_that_does_not_come_up_is_taken_back_as_well() -> None:
    stuck = BEGUN.passed().serving(OLD.uri, available=1).passed().later("5m")
    assert stuck.move.act == SetModel(NEW.uri)
    gone = status_of(stuck.passed().serving(NEW.uri))
    assert (gone.outcome, gone.reason) == ("RolledBack", "ProgressDeadlineExceeded")
    assert gone.message == "The rollout was not complete after 5m, so the model before is back."


def quarantined(**parts: str) -> APolicy:
    about = {"uri": OLD.uri, "digest": OLD.digest, "run": LEFT, "reason": "BakeBreached"} | parts
    return WATCHFUL.with_status(quarantine=(Quarantined.model_validate({**about, "at": T0}),))


UNKNOWN = (
    'No version that was in service is known by the name "{}": name a run that succeeded, as in kubectl get '
    "retrainruns, or a version's folder in file:///models/churn. One that was not in service is named with its digest, "
    "as NAME@sha256:..., which must be its own."
)
TAKEN_BACK = (
    f"Version {OLD.uri} had been in service and was taken back, so it is not rolled out again. Whoever wants it all "
    "the same names it with its digest: retrain.dev/undo-to=NAME@DIGEST, as status.quarantine has it."
)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nobody knows it", given=undoing("chrun-before", None, None).serving(NEW.uri),
             then=("VersionUnknown", UNKNOWN.format("chrun-before"))),
        case("it was taken back", given=followed(FULL, quarantined()), then=("Quarantined", TAKEN_BACK)),
        case("it is known by its folder alone", then=("Quarantined", TAKEN_BACK),
             given=followed(undoing("v2", digest=None).serving(NEW.uri), quarantined())),
        case("it is known by its folder, written in another way", then=("Quarantined", TAKEN_BACK),
             given=followed(undoing("v2", digest=None).serving(NEW.uri),
                            quarantined(uri=OLD.uri.replace("/models/", "/models//") + "/"))),
        case("it is known by its digest alone", then=("Quarantined", TAKEN_BACK),
             given=followed(FULL, quarantined(uri="s3://moved/v1"))),
        case("the target is gone", given=FULL.facing(TargetAbsent()),
             then=("TargetNotFound", 'Deployment "churn-serving" does not exist in this namespace.')),
        case("the model in service was changed meanwhile", given=FULL.serving("s3://else/where"),
             then=("TargetChanged", 'Somebody else set MODEL_URI of Deployment "churn-serving" to '
                   "'s3://else/where' while the run was under way; it is left as it is.")),
    ],
)  # fmt: skip
def test_it_ends_without_a_change_when(given: ARun, then: tuple[str, str]) -> None:
    run = given.passed()
    assert run.move.act == Wait()
    status = status_of(run)
    assert (status.outcome, status.reason, status.message) == ("Failed", *then)
    assert [step.state for step in status.steps] == ["Skipped"] * 3 + ["Failed"]


def test_a_version_that_is_not_quarantined_itself_is_put_back() -> None:
    other = followed(FULL, quarantined(uri=NEW.uri, digest=NEW.digest)).passed()
    assert other.move.act == SetModel(OLD.uri)
    nameless = followed(undoing(digest=None).serving(NEW.uri), quarantined(uri=NEW.uri, digest=NEW.digest)).passed()
    assert nameless.move.act == SetModel(OLD.uri)


def test_what_is_forbidden_is_told_without_a_word_of_training() -> None:
    status = status_of(BEGUN.forbidden())
    assert status.state == RunState.BLOCKED
    assert status.message == (
        'ServiceAccount shop/retrain-runner may not patch deployments.apps "churn-serving". Grant it by a Role in '
        "namespace shop. The run goes on by itself once that is mended."
    )


def test_where_nothing_may_be_changed_the_way_back_is_left_as_a_patch() -> None:
    only = undoing().with_spec(rollout=ROLLOUT | {"mode": "RecommendOnly"}).serving(NEW.uri).passed()
    status = status_of(only)
    assert (status.outcome, status.reason) == ("Succeeded", "Recommended")
    assert status.message == (
        "The way back to the model of churn-before is known, and nothing is changed, as rollout.mode is RecommendOnly. "
        f"The patch to commit, as kubectl patch --type=strategic takes it: kubectl get retrainrun {NAME} -o "
        f"jsonpath='{{.status.recommendation}}'."
    )
    template = yaml.safe_load(status.recommendation)["spec"]["template"]
    assert template["spec"]["containers"][0]["env"] == [{"name": "MODEL_URI", "value": OLD.uri}]
    assert template["metadata"]["annotations"]["retrain.dev/model-digest"] == OLD.digest


def test_a_digest_that_is_not_known_is_not_recommended() -> None:
    only = undoing(digest=None).with_spec(rollout=ROLLOUT | {"mode": "RecommendOnly"}).serving(NEW.uri).passed()
    patch = yaml.safe_load(status_of(only).recommendation)
    assert patch["spec"]["template"]["metadata"]["annotations"]["retrain.dev/model-digest"] is None


def test_while_it_goes_on_the_policy_says_so() -> None:
    policy = asked(a_policy().suspended()).passed()
    status = written(policy.whose_run_is(Going(status_of(BEGUN), T0)).passed().status)
    assert (status.state, status.message) == (
        "Deploying",
        'The model is being rolled out to Deployment "churn-serving".',
    )
