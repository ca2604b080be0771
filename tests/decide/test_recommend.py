"""Where the operator may change nothing, a candidate that passed is left as a patch to commit."""

from datetime import timedelta

import pytest

from retrain_operator.decide.deploy import deploy_verbs
from retrain_operator.decide.moves import Wait
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import ServedModel
from retrain_operator.model.target import ContainerAbsent, NotLooked, Target, TargetAbsent
from retrain_operator.model.world import Ended
from tests.builders import T0, APolicy, a_policy
from tests.coherent import assert_coherent
from tests.decide.in_service import PASSED, ROLLOUT, followed, rolls_out, status_of
from tests.decide.test_undo import quarantined
from tests.runs import NAME, NEW, OLD

ONLY = rolls_out(mode="RecommendOnly")
CHAMPION = ServedModel(uri=OLD.uri, digest=OLD.digest, version="v1", run="churn-before", promoted_at=T0)


def test_it_is_left_as_a_patch() -> None:
    move = ONLY.serving(OLD.uri).move
    assert move.act == Wait()
    status = status_of(ONLY.serving(OLD.uri))
    assert (status.outcome, status.reason) == ("Succeeded", "Recommended")
    assert status.message == (
        "The candidate passed, and nothing is changed, as rollout.mode is RecommendOnly. The patch to commit, as "
        f"kubectl patch --type=strategic takes it: kubectl get retrainrun {NAME} -o "
        f"jsonpath='{{.status.recommendation}}'. {PASSED}"
    )
    assert [step.state for step in status.steps] == ["Succeeded", "Succeeded", "Succeeded", "Skipped"]
    assert f"value: {NEW.uri}\n" in status.recommendation
    assert status.rollout is None


@pytest.mark.parametrize("target", [NotLooked(), TargetAbsent(), ContainerAbsent(("web",))])
def test_whatever_the_target_is_like(target: Target) -> None:
    assert status_of(ONLY.facing(target)).reason == "Recommended"
    assert status_of(ONLY.forbidden()).reason == "Recommended"


ARGO = {"targetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "churn"}, "container": "server"}
OF_ARGO = ONLY.with_spec(rollout=ARGO | {"mode": "RecommendOnly"})


def test_of_a_custom_resource_it_names_the_place_that_was_seen() -> None:
    status = status_of(OF_ARGO.serving(OLD.uri))
    assert (status.outcome, status.reason) == ("Succeeded", "Recommended")
    assert status.message == (
        "The candidate passed, and nothing is changed, as rollout.mode is RecommendOnly. The patch to commit, as "
        f"kubectl patch --type=json takes it: kubectl get retrainrun {NAME} -o "
        f"jsonpath='{{.status.recommendation}}'. {PASSED}"
    )
    assert status.recommendation.startswith("- op: test\n")


def test_where_that_place_cannot_be_seen_it_is_told_why() -> None:
    held = status_of(OF_ARGO.forbidden())
    assert (held.state, held.reason) == ("Blocked", "MissingPermission")
    gone = status_of(OF_ARGO.facing(TargetAbsent()))
    assert (gone.outcome, gone.reason) == ("Failed", "TargetNotFound")
    assert status_of(OF_ARGO.forbidden().passed().serving(OLD.uri)).reason == "Recommended"


def test_it_needs_no_right_to_change_anything() -> None:
    assert deploy_verbs(ONLY.run) == ()


def test_nobody_is_asked_before_a_person_commits_it_anyway() -> None:
    careful = ONLY.with_spec(rollout=ROLLOUT | {"mode": "RecommendOnly", "approval": "Manual"})
    assert status_of(careful).reason == "Recommended"


def test_a_version_that_was_taken_back_is_not_recommended() -> None:
    status = status_of(followed(ONLY, quarantined(uri=NEW.uri, digest=NEW.digest)))
    assert (status.outcome, status.reason, status.recommendation) == ("Rejected", "Quarantined", "")


# And the policy


def after(policy: APolicy) -> APolicy:
    """The policy's run has ended with a recommendation."""
    status = status_of(ONLY)
    run = ONLY.run.spec
    return policy.whose_run_is(Ended(run, status, Outcome.SUCCEEDED, policy.now)).passed()


BREACHED = a_policy().watching("drift", max=0.1).resting(after_success="1h").with_status(champion=CHAMPION)
STARTED = BREACHED.seeing("drift", 0.5).passed().later("1m")


def test_the_champion_is_who_it_was_and_the_breach_was_not_treated() -> None:
    status = after(STARTED).status
    assert_coherent(status)
    assert status.champion == CHAMPION
    assert status.last_successful_time is None
    assert status.triggers[0].ineffective_runs == 0
    assert status.failures_in_a_row == 0
    assert status.last_run
    assert (status.last_run.outcome, status.last_run.reason) == ("Succeeded", "Recommended")


def test_it_rests_as_after_any_run_that_succeeded() -> None:
    status = after(STARTED).status
    assert (status.state, status.reason) == ("CoolingDown", Reason.COOLING_DOWN)
    assert status.cooldown_until == (T0 + timedelta(hours=1, minutes=1))
    assert status.message.startswith(
        "The next run may start at 2024-06-01 11:01:00 UTC, 1h after a recommendation. Run"
    )
