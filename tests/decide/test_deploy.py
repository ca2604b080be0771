"""The last step: the candidate is named in the target, waited for, or taken back; and whatever comes in between."""

import pytest

from retrain_operator.decide.deploy import BLOCKED_POLL, deploy_verbs
from retrain_operator.decide.ending import blocked
from retrain_operator.decide.moves import Act, SetModel, Wait
from retrain_operator.decide.objection import refusal_objection
from retrain_operator.decide.rollout import ROLLOUT_POLL
from retrain_operator.model.access import Refusal
from retrain_operator.model.run import RunStatus, StepName
from retrain_operator.model.target import ContainerAbsent, NotLooked, TargetAbsent, VariableAbsent
from tests.builders import T0, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.runs import NEW, OLD, PATCH, RUNNER, TARGET, ARun, a_run

ACCEPTED = a_run().accepted()
BEGUN = ACCEPTED.serving(OLD.uri).passed()
LANDED = BEGUN.serving(NEW.uri, available=1)
STUCK = LANDED.passed().later("5m")
ROLLOUT = {"targetRef": {"name": "churn-serving"}, "container": "server"}
KEPT = f"The trained model is kept at {NEW.uri}."
MAY_NOT = (
    'ServiceAccount shop/retrain-runner may not patch deployments.apps "churn-serving". '
    "Grant it by a Role in namespace shop."
)
DENIED = Refusal(RUNNER, PATCH, detail="admission webhook denied the request: not on Fridays")


def refused(run: ARun, refusal: Refusal) -> ARun:
    """After its act was refused, as the corridor writes it."""
    status = blocked(run.passed().status, refusal_objection(refusal), StepName.DEPLOY)
    return run.with_status(**dict(status))


def told(run: ARun) -> tuple[Act, RunStatus]:
    move = run.move
    assert_coherent(move.status)
    return move.act, move.status


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("the candidate is named", given=ACCEPTED.serving(OLD.uri),
             then=(SetModel(NEW.uri), 'The model is being rolled out to Deployment "churn-serving".')),
        case("where no model was, too", given=a_run().with_no_champion().accepted().serving(""),
             then=(SetModel(NEW.uri), 'The model is being rolled out to Deployment "churn-serving".')),
        case("killed between word and deed, it is named again", given=BEGUN.later("10m"),
             then=(SetModel(NEW.uri), 'The model is being rolled out to Deployment "churn-serving".')),
        case("every replica is waited for", given=LANDED, then=(Wait(ROLLOUT_POLL), "Waiting for the rollout of "
             'Deployment "churn-serving": 1 of 2 replicas updated, 1 available.')),
        case("the target that was not looked at decides nothing", given=ACCEPTED.facing(NotLooked()),
             then=(Wait(BLOCKED_POLL), "The candidate passed and is about to be rolled out.")),
        case("too late, and the model before is put back", given=STUCK, then=(SetModel(OLD.uri),
             "The rollout was not complete after 5m: the model before is put back.")),
        case("killed before it was put back, it is put back", given=STUCK.passed().later("1h"),
             then=(SetModel(OLD.uri), "The rollout was not complete after 5m: the model before is put back.")),
    ],
)  # fmt: skip
def test_under_way(given: ARun, then: tuple[Act, str]) -> None:
    act, status = told(given)
    assert (act, status.message) == then
    assert (status.state, status.outcome) == ("Deploying", None)


def test_in_service() -> None:
    act, status = told(LANDED.passed().later("1m").serving(NEW.uri))
    assert act == Wait()
    assert (status.outcome, status.reason) == ("Succeeded", "Promoted")
    assert status.message == (
        "The candidate is in service. accuracy is 0.9 against 0.8 of the champion (gain at least +0.08)."
    )
    step = status.steps[-1]
    assert (step.state, step.start_time, step.completion_time) == ("Succeeded", T0, clock_time("10:01:00"))


def test_in_service_however_late_it_is_seen() -> None:
    assert told(BEGUN.later("3h").serving(NEW.uri))[1].outcome == "Succeeded"


def test_the_change_is_told_before_it_is_made() -> None:
    record = told(ACCEPTED.serving(OLD.uri))[1].rollout
    assert record
    assert (record.target, record.from_, record.to, record.start_time) == (TARGET, OLD.uri, NEW.uri, T0)
    assert (record.uid, record.from_digest, record.from_run) == ("target-uid", OLD.digest, "")


def test_rolled_back() -> None:
    act, status = told(STUCK.passed().serving(OLD.uri))
    assert act == Wait()
    assert (status.outcome, status.reason) == ("RolledBack", "ProgressDeadlineExceeded")
    assert status.message == f"The rollout was not complete after 5m, so the model before is back. {KEPT}"


def test_a_rollout_that_completes_while_it_is_taken_back_is_taken_back_all_the_same() -> None:
    assert told(STUCK.passed().serving(NEW.uri))[0] == SetModel(OLD.uri)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("before the rollout", given=ACCEPTED.serving("s3://else/where"), then="'s3://else/where'"),
        case("by emptying it", given=ACCEPTED.serving(""), then="nothing"),
        case("during the rollout", given=LANDED.passed().serving("s3://else/where"), then="'s3://else/where'"),
        case("by putting the old one back", given=LANDED.passed().serving(OLD.uri), then=f"'{OLD.uri}'"),
    ],
)
def test_what_somebody_else_changed_is_left_as_it_is(given: ARun, then: str) -> None:
    act, status = told(given)
    assert act == Wait()
    assert (status.outcome, status.reason) == ("Failed", "TargetChanged")
    assert status.message == (
        f'Somebody else set MODEL_URI of Deployment "churn-serving" to {then} while the run was under way; it is left '
        f"as it is. {KEPT}"
    )


def test_a_value_of_any_length_can_be_told_of() -> None:
    assert_coherent(told(ACCEPTED.serving("x" * 30_000))[1])


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("the Deployment is gone", given=TargetAbsent(),
             then=("TargetNotFound", 'Deployment "churn-serving" does not exist in this namespace.')),
        case("the container is gone", given=ContainerAbsent(("web",)),
             then=("ContainerNotFound", 'Deployment "churn-serving" has no container "server", but only "web".')),
        case("the variable is gone", given=VariableAbsent(()),
             then=("EnvNotFound", 'Container "server" of Deployment "churn-serving" has no plain variable "MODEL_URI", '
                   "but none at all. Add it, with an empty value when there is no model yet.")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("run", [ACCEPTED, LANDED.passed()], ids=["before", "during"])
def test_a_target_that_is_no_longer_fit_ends_the_run(run: ARun, given: TargetAbsent, then: tuple[str, str]) -> None:
    status = told(run.facing(given))[1]
    assert (status.outcome, status.reason) == ("Failed", then[0])
    assert status.message == f"{then[1]} {KEPT}"


# Forbidden


def test_a_job_that_completed_and_a_deploy_that_is_forbidden_are_told_as_exactly_that() -> None:
    act, status = told(ACCEPTED.forbidden())
    assert act == Wait(BLOCKED_POLL)
    assert (status.state, status.outcome, status.reason) == ("Blocked", None, "MissingPermission")
    assert status.message == (
        f"Training is complete and the candidate passed, but the deploy is forbidden: {MAY_NOT} "
        "The trained model is kept, and the deploy goes on by itself once that is mended."
    )
    assert [step.state for step in status.steps] == ["Succeeded", "Succeeded", "Succeeded", "Blocked"]
    assert [(each.verb, each.resource, each.name) for each in status.missing] == [
        ("patch", "deployments", "churn-serving")
    ]


def test_what_is_forbidden_is_told_once() -> None:
    held = ACCEPTED.forbidden().passed()
    assert told(held.later("1h"))[1] == held.status


def test_once_permitted_the_deploy_goes_on_with_the_model_that_was_trained() -> None:
    act, status = told(ACCEPTED.forbidden().passed().later("1h").serving(OLD.uri))
    assert act == SetModel(NEW.uri)
    assert (status.state, status.missing) == ("Deploying", ())
    assert status.result == ACCEPTED.status.result


def test_a_patch_that_is_denied_is_tried_again_without_telling_it_again() -> None:
    held = refused(BEGUN, DENIED)
    assert held.status.reason == "AdmissionDenied"
    move = held.later("10m").move
    assert (move.act, move.status) == (SetModel(NEW.uri), held.passed().status)


def test_the_deadline_of_a_rollout_counts_from_when_it_went_through() -> None:
    landed = refused(BEGUN, DENIED).later("1h").serving(NEW.uri, available=1)
    act, status = told(landed)
    assert (act, status.state) == (Wait(ROLLOUT_POLL), "Deploying")
    assert status.rollout
    assert status.rollout.start_time == clock_time("11:00:00")
    assert told(landed.passed().later("5m"))[0] == SetModel(OLD.uri)


def test_an_operator_that_was_down_for_longer_than_the_deadline_gives_the_rollout_its_time() -> None:
    act, status = told(BEGUN.later("1h").passed().serving(NEW.uri, available=1))
    assert (act, status.state) == (Wait(ROLLOUT_POLL), "Deploying")


def test_an_undo_that_is_forbidden_is_told_as_that_and_done_once_permitted() -> None:
    act, held = told(STUCK.passed().forbidden())
    assert act == Wait(BLOCKED_POLL)
    assert held.message == (
        f"The rollout was not complete after 5m, but putting the model before back is forbidden: {MAY_NOT} "
        "It is put back once that is mended."
    )
    again = STUCK.passed().forbidden().passed().later("1h").serving(NEW.uri, available=1)
    assert again.move.act == SetModel(OLD.uri)
    assert told(again.passed().serving(OLD.uri))[1].outcome == "RolledBack"


def test_what_the_account_must_be_able_to_do_with_the_target() -> None:
    assert deploy_verbs(ACCEPTED.run) == ("get", "patch")
    assert deploy_verbs(LANDED.passed().run) == (), "while all goes well nothing is asked twice a second"
    assert deploy_verbs(LANDED.forbidden().passed().run) == ("get", "patch")
    assert deploy_verbs(ACCEPTED.with_spec(rollout=ROLLOUT | {"mode": "RecommendOnly"}).run) == ()
