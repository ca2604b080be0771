"""How a rollout ends that is not to go on: by a person's no, by a change that does not stick, and back again."""

import pytest

from retrain_operator.decide.moves import SetModel, Wait
from retrain_operator.decide.rollout import ROLLOUT_POLL, landed
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import Broken
from tests.decide.in_service import told_by
from tests.decide.test_deploy import ACCEPTED, BEGUN, DENIED, KEPT, LANDED, STUCK, refused, told
from tests.runs import NEW, OLD, ARun


def test_why_it_had_to_go_is_not_forgotten_when_somebody_changes_it_meanwhile() -> None:
    status = told(STUCK.passed().serving("s3://else/where"))[1]
    assert (status.outcome, status.reason) == ("Failed", "TargetChanged")
    assert status.message.startswith(
        "The rollout was not complete after 5m. Somebody else set MODEL_URI of Deployment "
    )


def test_a_change_that_does_not_stick_is_not_made_again() -> None:
    """A webhook or an owner that puts the value back at once would see it changed for ever."""
    named = BEGUN.with_status(**dict(landed(BEGUN.status, BEGUN.now)))
    assert told(named.serving(OLD.uri))[1].reason == "TargetChanged"
    assert told(named.serving(OLD.uri, manager="helm"))[1].reason == "RevertedByManager"
    back = STUCK.passed()
    back = back.with_status(**dict(landed(back.status, back.now)))
    assert told(back.serving(NEW.uri, manager="helm"))[1].reason == "TargetChanged"


def test_the_run_ends_when_the_model_before_answers_or_has_had_its_time() -> None:
    back = STUCK.passed().serving(OLD.uri, available=1)
    act, status = told(back)
    assert (act, status.state) == (Wait(ROLLOUT_POLL), "Deploying")
    assert status.message == (
        "The rollout was not complete after 5m: the model before is put back. 1 of 2 replicas updated, 1 available."
    )
    assert told(back.passed().serving(OLD.uri))[1].outcome == "RolledBack"
    ill = told(back.passed().later("5m"))[1]
    assert (ill.outcome, ill.reason) == ("RolledBack", "ProgressDeadlineExceeded")
    assert ill.message == (
        'The rollout was not complete after 5m, so the model before is named again, but Deployment "churn-serving" is '
        f"not up with it: look what keeps it. {KEPT}"
    )


def test_what_its_controller_gave_up_may_be_the_model_that_goes() -> None:
    broken = STUCK.passed().serving(OLD.uri, progress=Broken(Reason.ROLLOUT_FAILED, "it is Stalled: no model"))
    act, status = told(broken)
    assert (act, status.state) == (Wait(ROLLOUT_POLL), "Deploying")
    assert status.message.endswith("the model before is put back. As yet it is Stalled: no model.")


REJECTED = told_by(BEGUN, by="ann", reject=BEGUN.run.name)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(told_by(ACCEPTED.serving(OLD.uri), by="ann", reject=ACCEPTED.run.name), id="before the rollout"),
        pytest.param(REJECTED.serving(OLD.uri), id="between word and deed"),
        pytest.param(told_by(refused(BEGUN, DENIED), by="ann", reject=BEGUN.run.name), id="while it is refused"),
    ],
)
def test_a_no_counts_at_any_time_before_the_model_is_there(given: ARun) -> None:
    act, status = told(given)
    assert (act, status.outcome, status.reason) == (Wait(), "Rejected", "RejectedByUser")
    assert status.message == f"ann rejected the candidate, so it is not rolled out. {KEPT}"


def test_a_no_during_the_rollout_takes_the_model_back() -> None:
    act, status = told(told_by(LANDED.passed(), by="ann", reject=LANDED.run.name))
    assert (act, status.reason) == (SetModel(OLD.uri), "RejectedByUser")
    assert status.message == "ann rejected the candidate: the model before is put back."
