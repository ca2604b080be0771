"""A person lets a candidate into service, or does not, or says nothing; and what is no word about it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retrain_operator.decide.approval import needed
from retrain_operator.decide.moves import SetModel, Wait
from retrain_operator.model.target import NotLooked, TargetAbsent
from tests.builders import T0, clock_time
from tests.decide.case import case
from tests.decide.in_service import KEPT, PASSED, ROLLOUT, WATCHFUL, rolls_out, status_of, told_by, undoing
from tests.runs import NAME, NEW, OLD, PATCH, ARun, a_run

MANUAL = rolls_out(approval="Manual", approvalTimeout="2h").serving(OLD.uri)
WAITING = MANUAL.passed().later("1m")
"""It waits since 10:00:00."""
EARLIER = told_by(MANUAL, by="ann", approve=NAME).passed().later("1m")
"""The word was there before the candidate."""
WAITS = (
    "The candidate passed and waits for approval until 2024-06-01 12:00:00 UTC: kubectl annotate retrainpolicy churn "
    f"--overwrite retrain.dev/approve={NAME}, or retrain.dev/reject={NAME}."
)


def test_it_waits_for_a_word_and_says_which() -> None:
    assert MANUAL.move.act == Wait(timedelta(hours=2))
    status = status_of(MANUAL)
    assert (status.state, status.reason) == ("AwaitingApproval", "AwaitingApproval")
    assert status.message == f"{WAITS} {PASSED}"
    assert status.approval
    assert (status.approval.since, status.approval.digest, status.approval.decision) == (T0, NEW.digest, "")
    assert WAITING.move.act == Wait(timedelta(hours=1, minutes=59))
    assert WAITING.passed().status == WAITING.status


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(WAITING.facing(TargetAbsent()), id="nor is a target looked at that is not there"),
        pytest.param(WAITING.facing(NotLooked()), id="or was not looked at"),
        pytest.param(WAITING.forbidden(PATCH), id="or may not be patched"),
        pytest.param(replace(WAITING, policy=None), id="or a policy that cannot be followed for now"),
    ],
)
def test_while_it_waits_nothing_else_is_asked(given: ARun) -> None:
    assert status_of(given) == WAITING.status


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nobody said anything", given=WAITING, then=""),
        case("of another run", given=told_by(WAITING, approve="churn-other"),
             then=" The annotation names churn-other, which is not this run."),
        case("of a run whose name begins alike", given=told_by(WAITING, approve=NAME[:-1]),
             then=f" The annotation names {NAME[:-1]}, which is not this run."),
        case("of another digest", given=told_by(WAITING, approve=f"{NAME}@{OLD.digest}"),
             then=f" The annotation names another digest than the candidate's, {NEW.digest}."),
        case("from before there was a candidate", given=EARLIER,
             then=f" The annotation was there before the candidate: say {NAME}@{NEW.digest}."),
        case("a rejection of another digest", given=told_by(WAITING, reject=f"{NAME}@{OLD.digest}"),
             then=f" The annotation names another digest than the candidate's, {NEW.digest}."),
        case("an empty digest names none", given=told_by(MANUAL, approve=f"{NAME}@").passed().later("1m"),
             then=f" The annotation was there before the candidate: say {NAME}@{NEW.digest}."),
    ],
)  # fmt: skip
def test_what_is_no_word_about_it_leaves_it_waiting(given: ARun, then: str) -> None:
    status = status_of(given)
    assert (status.state, status.outcome) == ("AwaitingApproval", None)
    assert status.message == f"{WAITS}{then} {PASSED}"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(told_by(WAITING, by="ann", approve=NAME), id="by name, once it waits"),
        pytest.param(told_by(MANUAL, by="ann", approve=f"{NAME}@{NEW.digest}"), id="by digest, ever"),
        pytest.param(told_by(EARLIER, by="ann", approve=f"{NAME}@{NEW.digest}"), id="by digest, after a word"),
        pytest.param(told_by(told_by(EARLIER, approve="").passed(), by="ann", approve=NAME), id="said again"),
        pytest.param(told_by(WAITING, by="ann", approve=NAME, reject="churn-other"), id="beside a word on another run"),
        pytest.param(told_by(WAITING.at("13:00:00"), by="ann", approve=NAME), id="in time, seen too late"),
    ],
)
def test_approved(given: ARun) -> None:
    assert given.move.act == SetModel(NEW.uri)
    status = status_of(given)
    assert (status.state, status.reason) == ("Deploying", "Running")
    assert status.message == 'The model is being rolled out to Deployment "churn-serving". It was approved by ann.'
    assert status.approval
    assert (status.approval.decision, status.approval.by, status.approval.at) == ("Approved", "ann", given.now)


def test_a_yes_whose_target_was_not_looked_at_is_written_and_waits_for_no_more_words() -> None:
    status = status_of(told_by(WAITING, by="ann", approve=NAME).facing(NotLooked()))
    assert (status.state, status.message) == ("Deploying", "ann approved the candidate.")


def test_approved_by_nobody_knows_whom() -> None:
    status = status_of(told_by(WAITING, approve=NAME))
    assert status.message.endswith(" It was approved by somebody.")


def test_a_word_that_was_given_stays_given() -> None:
    approved = told_by(WAITING, by="ann", approve=NAME).passed().later("24h")
    silent = replace(approved, policy=None)
    assert silent.move.act == SetModel(NEW.uri)
    rolled = status_of(silent.passed().serving(NEW.uri))
    assert (rolled.outcome, rolled.approval and rolled.approval.by) == ("Succeeded", "ann")


def test_an_approved_candidate_whose_deploy_is_forbidden_is_not_asked_about_again() -> None:
    held = told_by(WAITING, by="ann", approve=NAME).forbidden().passed()
    assert (held.status.state, held.status.reason) == ("Blocked", "MissingPermission")
    assert replace(held.later("24h"), policy=None).serving(OLD.uri).move.act == SetModel(NEW.uri)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(told_by(WAITING, by="ann", reject=NAME), id="by name"),
        pytest.param(told_by(WAITING, by="ann", reject=f"{NAME}@{NEW.digest}"), id="by digest"),
        pytest.param(told_by(MANUAL, by="ann", reject=NAME), id="whenever: a no does no harm"),
        pytest.param(told_by(WAITING, by="ann", approve=NAME, reject=NAME), id="a no counts more than a yes"),
        pytest.param(told_by(WAITING.forbidden(), by="ann", reject=NAME), id="even where nothing could be deployed"),
    ],
)
def test_rejected(given: ARun) -> None:
    assert given.move.act == Wait()
    status = status_of(given)
    assert (status.outcome, status.reason) == ("Rejected", "RejectedByUser")
    assert status.message == f"ann rejected the candidate, so it is not rolled out. {KEPT}"
    assert status.approval
    assert (status.approval.decision, status.approval.by, status.approval.at) == ("Rejected", "ann", given.now)
    assert [step.state for step in status.steps] == ["Succeeded", "Succeeded", "Succeeded", "Skipped"]


def test_too_late() -> None:
    assert status_of(WAITING.at("11:59:59")).outcome is None
    late = WAITING.at("12:00:00")
    status = status_of(late)
    assert (status.outcome, status.reason) == ("Rejected", "ApprovalExpired")
    assert status.message == f"Nobody approved the candidate within 2h, so the model in service stays. {KEPT}"
    assert status.approval
    assert (status.approval.decision, status.approval.by) == ("Expired", "")
    assert status.approval.at == clock_time("12:00:00")


def test_a_model_that_was_changed_meanwhile_is_not_overwritten() -> None:
    status = status_of(told_by(WAITING, by="ann", approve=NAME).serving("s3://else/where", manager="kubectl-edit"))
    assert (status.outcome, status.reason) == ("Failed", "TargetChanged")


MISSING = {"gates": [{"metric": "accuracy", "threshold": 0.85}], "onMissingChampion": "RequireApproval"}


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("of the smallest policy nobody is asked", given=a_run(), then=False),
        case("nor of the first model of all", given=a_run().with_no_champion(), then=False),
        case("unless it says so", given=a_run().with_spec(evaluation=MISSING).with_no_champion(), then=True),
        case("which is not said of one that replaces another", given=a_run().with_spec(evaluation=MISSING), then=False),
        case("of each", given=a_run().with_spec(rollout=ROLLOUT | {"approval": "Manual"}), then=True),
        case("but not of one that a person asked for by name", then=False,
             given=undoing().with_spec(rollout=ROLLOUT | {"approval": "Manual"})),
    ],
)  # fmt: skip
def test_who_is_asked(given: ARun, then: bool) -> None:
    assert needed(given.run) is then


def test_the_first_model_of_all_waits_where_the_policy_says_so() -> None:
    first = a_run().with_spec(evaluation=MISSING, triggers=WATCHFUL.triggers).with_no_champion().accepted().serving("")
    assert status_of(first).state == "AwaitingApproval"
    assert told_by(first.passed(), approve=NAME).move.act == SetModel(NEW.uri)
