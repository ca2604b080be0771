"""Whether a person must let a candidate into service, and what they said."""

from dataclasses import replace
from datetime import datetime, timedelta

from retrain_operator.decide.deploying import deployed, deploying, kept
from retrain_operator.decide.moves import Move, Wait
from retrain_operator.model.names import APPROVE_ANNOTATION, REJECT_ANNOTATION
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import ApprovalMode
from retrain_operator.model.run import ApprovalRecord, Outcome, RunState, StepState
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.world import Ask, Run, RunWorld
from retrain_trainer.contract import OnMissingChampion

APPROVED, REJECTED, EXPIRED = "Approved", "Rejected", "Expired"


def needed(run: Run) -> bool:
    """Whether a person is asked: the policy wants it of every candidate, or of one that replaces no model."""
    spec = run.spec.policy.spec
    if run.spec.undo:
        return False  # a person asked for it already
    first = run.spec.champion is None and spec.evaluation.on_missing_champion is OnMissingChampion.REQUIRE_APPROVAL
    return first or spec.rollout.approval is ApprovalMode.MANUAL


def admitted(world: RunWorld) -> Move | RunWorld:
    """The world in which the candidate may be rolled out, or the wait for a word, or the end that the word was."""
    run = world.run
    if not needed(run) or (run.status.approval and run.status.approval.decision == APPROVED):
        return world
    record = run.status.approval or ApprovalRecord(since=world.now, digest=_digest(run))
    if said := told(world, record, reject=True):
        return _rejected(_with(world, record, REJECTED, said), said)
    if said := told(world, record, reject=False):
        return _going_on(_with(world, record, APPROVED, said), said)
    until = record.since + run.spec.policy.spec.rollout.approval_timeout
    if world.now >= until:
        return _expired(_with(world, record, EXPIRED, None))
    return _waiting(_with(world, record, "", None), record, until)


def told(world: RunWorld, record: ApprovalRecord, *, reject: bool) -> Ask | None:
    """The word that a person gave about this very candidate, if they did."""
    ask = world.policy and (world.policy.reject if reject else world.policy.approve)
    if not ask:
        return None
    name, _, digest = ask.value.partition("@")
    if name != world.run.name or digest not in ("", record.digest):
        return None
    # A word without digest that is older than the candidate is about what nobody had seen; times are to the second.
    known = bool(digest) or ask.at is None or ask.at >= record.since.replace(microsecond=0)
    return ask if known or reject else None


def _with(world: RunWorld, record: ApprovalRecord, decision: str, said: Ask | None) -> RunWorld:
    update = {"decision": decision, "by": said.by if said else "", "at": world.now if decision else None}
    approval = record.model_copy(update=update)
    return replace(world, run=replace(world.run, status=world.run.status.model_copy(update={"approval": approval})))


def _going_on(world: RunWorld, said: Ask) -> RunWorld:
    status = deploying(world, Reason.RUNNING, f"{by(said)} approved the candidate.")
    return replace(world, run=replace(world.run, status=status))


def _rejected(world: RunWorld, said: Ask) -> Move:
    message = f"{by(said)} rejected the candidate, so the model in service stays. {kept(world)}"
    return deployed(world, Outcome.REJECTED, Reason.REJECTED_BY_USER, message, state=StepState.SKIPPED)


def _expired(world: RunWorld) -> Move:
    waited = duration_text(world.run.spec.policy.spec.rollout.approval_timeout)
    message = f"Nobody approved the candidate within {waited}, so the model in service stays. {kept(world)}"
    return deployed(world, Outcome.REJECTED, Reason.APPROVAL_EXPIRED, message, state=StepState.SKIPPED)


def _waiting(world: RunWorld, record: ApprovalRecord, until: datetime) -> Move:
    run = world.run
    verdict = run.status.verdict.message if run.status.verdict else ""
    command = f"kubectl annotate retrainpolicy {run.spec.policy.name} --overwrite"
    message = (
        f"The candidate passed and waits for approval until {until:%Y-%m-%d %H:%M:%S} UTC: {command} "
        f"{APPROVE_ANNOTATION}={run.name}, or {REJECT_ANNOTATION}={run.name}.{_doubt(world, record)} {verdict}"
    )
    status = deploying(world, Reason.AWAITING_APPROVAL, message.rstrip(), state=RunState.AWAITING_APPROVAL)
    return Move(status, Wait(max(until - world.now, timedelta(0))))


def _doubt(world: RunWorld, record: ApprovalRecord) -> str:
    """Why a word that was given does not count."""
    policy = world.policy
    asks = [ask for ask in (policy.reject, policy.approve) if ask] if policy else []
    digests = [ask.value.partition("@")[2] for ask in asks if ask.value.partition("@")[0] == world.run.name]
    if not digests:
        return ""
    if any(digests):
        return f" The annotation names another digest than the candidate's, {record.digest}."
    return f" The annotation was there before the candidate: say {world.run.name}@{record.digest}."


def by(said: Ask) -> str:
    """Who said it, at the beginning of a sentence."""
    return said.by or "Somebody"


def _digest(run: Run) -> str:
    assert run.candidate, "a verdict promotes only a candidate"
    return run.candidate.digest
