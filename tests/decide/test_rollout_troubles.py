"""What comes between a rollout and its end: holds, troubles, workloads that give up, vanish, or are others'."""

import pytest

from retrain_operator.decide.moves import SetModel, Wait
from retrain_operator.decide.rollout import HELD_POLL, ROLLOUT_POLL
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import (
    Broken,
    KindUnknown,
    OnHold,
    Progress,
    Target,
    Trouble,
    Unsettled,
    VariableFromSource,
)
from tests.builders import clock_time
from tests.decide.case import case
from tests.decide.in_service import KEPT, rolls_out, status_of
from tests.runs import NEW, OLD, TARGET, ARun

BEGUN = rolls_out().serving(OLD.uri).passed()
LANDED = BEGUN.serving(NEW.uri, available=1).passed()
"""The change was made at 10:00."""
PAUSED = OnHold(Reason.ROLLOUT_PAUSED, "it is paused")
ZERO = OnHold(Reason.SCALED_TO_ZERO, "it is scaled to 0 replicas")
BACK = "the model before is put back."


def going(progress: Progress, run: ARun = LANDED) -> ARun:
    return run.serving(NEW.uri, progress=progress)


# Held by its owner: neither a success nor a failure


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("paused", given=PAUSED,
             then=("RolloutPaused", f"The rollout of {TARGET} waits, since it is paused; it goes on when that ends.")),
        case("scaled to 0", given=ZERO,
             then=("ScaledToZero", f"The rollout of {TARGET} waits, since it is scaled to 0 replicas; it goes on when "
                   "that ends.")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("run", [BEGUN, LANDED, LANDED.later("24h")], ids=["at once", "later", "much later"])
def test_a_rollout_that_its_owner_holds_waits_however_long(run: ARun, given: OnHold, then: tuple[str, str]) -> None:
    assert going(given, run).move.act == Wait(HELD_POLL)
    status = status_of(going(given, run))
    assert (status.state, status.outcome, status.reason, status.message) == ("Deploying", None, *then)


def test_what_is_held_is_told_once() -> None:
    held = going(PAUSED).passed()
    assert status_of(held.later("3h")) == held.status


def test_the_deadline_starts_anew_once_it_is_held_no_longer() -> None:
    resumed = going(Unsettled("0 of 2."), going(PAUSED).passed().at("15:00:00"))
    status = status_of(resumed)
    assert status.rollout
    assert (status.rollout.held, status.rollout.start_time) == (False, clock_time("15:00:00"))
    assert status_of(going(Unsettled("0 of 2."), resumed.passed().at("15:04:59"))).state == "Deploying"
    assert going(Unsettled("0 of 2."), resumed.passed().at("15:05:00")).move.act == SetModel(OLD.uri)


def test_held_and_complete_at_the_next_look_it_is_in_service() -> None:
    status = status_of(going(PAUSED).passed().at("15:00:00").serving(NEW.uri))
    assert (status.outcome, status.reason) == ("Succeeded", "Promoted")


def test_a_workload_that_is_held_is_reverted_all_the_same_when_it_must_be() -> None:
    late = LANDED.later("5m").serving(NEW.uri, available=1).passed()
    assert going(ZERO, late).move.act == SetModel(OLD.uri)


# Troubles: told at once, taken back at the deadline

PULL = Trouble(Reason.IMAGE_PULL_FAILED, 'container "server" of pod p cannot pull image i (ErrImagePull)')
CRASH = Trouble(Reason.CRASH_LOOP, 'container "server" of pod p ends with exit code 1; see kubectl logs p --previous')


@pytest.mark.parametrize("trouble", [PULL, CRASH], ids=["no image", "a crash loop"])
def test_what_its_pods_suffer_from_is_told_at_once_and_why_it_was_taken_back(trouble: Trouble) -> None:
    suffering = LANDED.in_trouble(trouble.reason, trouble.message)
    assert suffering.move.act == Wait(ROLLOUT_POLL)
    status = status_of(suffering)
    assert (status.state, status.reason) == ("Deploying", trouble.reason)
    assert status.message == (
        f"Waiting for the rollout of {TARGET}: 1 of 2 replicas updated, 1 available: {trouble.message}."
    )
    late = suffering.passed().later("5m").in_trouble(trouble.reason, trouble.message)
    assert late.move.act == SetModel(OLD.uri)
    why = f"The rollout was not complete after 5m: {trouble.message}"
    assert status_of(late).message == f"{why}: {BACK}"
    gone = status_of(late.passed().serving(OLD.uri))
    assert (gone.outcome, gone.reason) == ("RolledBack", trouble.reason)
    assert gone.message == f"{why}, so the model before is back. {KEPT}"


def test_a_trouble_that_passes_is_forgotten() -> None:
    well = LANDED.in_trouble(PULL.reason, PULL.message).passed().serving(NEW.uri)
    assert status_of(well).reason == "Promoted"


# Given up by its own controller


@pytest.mark.parametrize(
    "given",
    [
        Broken(Reason.PROGRESS_DEADLINE_EXCEEDED, "its own progressDeadlineSeconds have passed"),
        Broken(Reason.ROLLOUT_FAILED, "its phase is Degraded: the canary is worse"),
    ],
)
def test_what_its_controller_has_given_up_is_taken_back_at_once(given: Broken) -> None:
    broken = going(given)
    assert broken.move.act == SetModel(OLD.uri)
    assert status_of(broken).message == f"The rollout failed: {given.message}: {BACK}"
    gone = status_of(broken.passed().serving(OLD.uri))
    assert (gone.outcome, gone.reason) == ("RolledBack", given.reason)
    assert gone.message == f"The rollout failed: {given.message}, so the model before is back. {KEPT}"


def test_a_workload_that_gave_up_while_nobody_could_see_it_is_taken_back_with_its_reason() -> None:
    blind = LANDED.forbidden().passed()
    assert blind.status.state == "Blocked"
    broken = going(Broken(Reason.ROLLOUT_FAILED, "it is Stalled"), blind)
    assert broken.move.act == SetModel(OLD.uri)
    assert status_of(broken).reason == "RolloutFailed"
    assert status_of(broken.passed().serving(OLD.uri)).outcome == "RolledBack"


def test_a_rollout_that_nobody_may_see_is_told_as_that() -> None:
    assert status_of(LANDED.forbidden()).message == (
        "The model is named in the target, but cannot be waited for: ServiceAccount shop/retrain-runner may not patch "
        'deployments.apps "churn-serving". Grant it by a Role in namespace shop. The run goes on by itself once that '
        "is mended."
    )


# Not what it was


@pytest.mark.parametrize("value", [OLD.uri, NEW.uri, "", "s3://else/where"])
@pytest.mark.parametrize("run", [BEGUN, LANDED], ids=["before the change", "after it"])
def test_a_workload_that_was_deleted_and_made_anew_is_left_as_it_is(run: ARun, value: str) -> None:
    another = run.serving(value, uid="another-uid")
    assert another.move.act == Wait()
    status = status_of(another)
    assert (status.outcome, status.reason) == ("Failed", "TargetRecreated")
    assert status.message == (
        f"{TARGET} was deleted and made anew while the run was under way; it is left as it is. {KEPT}"
    )


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("its kind is gone", given=KindUnknown(), then="TargetKindUnknown"),
        case("its variable comes from elsewhere now", given=VariableFromSource(), then="EnvFromSource"),
    ],
)
def test_a_target_that_is_no_longer_fit_ends_the_run(given: Target, then: str) -> None:
    status = status_of(LANDED.facing(given))
    assert (status.outcome, status.reason) == ("Failed", then)
    assert status.message.endswith(KEPT)


# Another's work


def test_a_field_manager_that_puts_the_model_before_back_is_named_and_not_fought() -> None:
    reverted = LANDED.serving(OLD.uri, manager="kustomize-controller")
    assert reverted.move.act == Wait()
    status = status_of(reverted)
    assert (status.outcome, status.reason) == ("RolledBack", "RevertedByManager")
    assert status.message == (
        f"kustomize-controller put the model before back into {TARGET}; it is left as it is. Let Flux leave it alone: "
        "take the value of MODEL_URI out of Git and annotate the Deployment there with "
        f"kustomize.toolkit.fluxcd.io/ssa: Merge. {KEPT}"
    )


def test_a_field_manager_that_sets_a_third_model_is_named() -> None:
    status = status_of(LANDED.serving("s3://else/where", manager="kubectl-edit"))
    assert (status.outcome, status.reason) == ("Failed", "TargetChanged")
    assert status.message == (
        f"kubectl-edit set MODEL_URI of {TARGET} to 's3://else/where' while the run was under way; it is left as it "
        f"is. {KEPT}"
    )


def test_whoever_put_it_back_while_it_was_being_taken_back_did_the_same() -> None:
    late = LANDED.later("5m").serving(NEW.uri, available=1).passed()
    status = status_of(late.serving(OLD.uri, manager="argocd-controller"))
    assert (status.outcome, status.reason) == ("RolledBack", "ProgressDeadlineExceeded")
