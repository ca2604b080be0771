"""Whether a person must let a candidate into service, and what they said."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from retrain_operator.decide.deploying import deployed, deploying, kept
from retrain_operator.decide.moves import Move, Wait
from retrain_operator.decide.wording import joined
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
    if run.spec.undo:
        return world
    record = _record(world)
    if why := recalled(world):
        return _rejected(_with(world, record, REJECTED, why.ask), why)
    if not needed(run) or record.decision == APPROVED:
        return world
    if said := _approved(world, record):
        return _going_on(_with(world, record, APPROVED, said), said)
    until = record.since + run.spec.policy.spec.rollout.approval_timeout
    if world.now >= until:
        return _expired(_with(world, record, EXPIRED, None))
    return _waiting(_with(world, record, "", None), record, until)


def _record(world: RunWorld) -> ApprovalRecord:
    """What is known of the approval; at first, which word was there before the candidate."""
    record, policy = world.run.status.approval, world.policy
    said = policy.approve.value if policy and policy.approve else ""
    if record is None:
        return ApprovalRecord(since=world.now, digest=_digest(world.run), standing=said)
    if policy is None or record.standing == said:
        return record
    # Once it was taken away or replaced, whoever says it again knows the candidate.
    return record.model_copy(update={"standing": ""})


@dataclass(frozen=True, slots=True)
class Recall:
    """A person does not want the candidate in service: why, in one word and as the beginning of a sentence."""

    ask: Ask
    reason: Reason
    message: str


def recalled(world: RunWorld) -> Recall | None:
    """What a person said against the candidate: no, or that an older version is wanted. It counts at any time."""
    policy = world.policy
    if policy is None or world.run.spec.undo:
        return None
    if said := _about(world, policy.reject):
        return Recall(said, Reason.REJECTED_BY_USER, f"{by(said)} rejected the candidate")
    wanted = policy.undo_to
    if wanted and wanted.value != policy.status.last_handled_undo:
        return Recall(
            wanted, Reason.SUPERSEDED, f"{by(wanted)} asked for the model of {wanted.value} instead of the candidate"
        )
    return None


def _approved(world: RunWorld, record: ApprovalRecord) -> Ask | None:
    """The word of a person for this candidate. What was said before there was one counts only with its digest."""
    said = _about(world, world.policy.approve) if world.policy else None
    return said if said and (said.value.partition("@")[2] or said.value != record.standing) else None


def _about(world: RunWorld, ask: Ask | None) -> Ask | None:
    """The word, if it is about the candidate of this run."""
    name, _, digest = ask.value.partition("@") if ask else ("", "", "")
    candidate = world.run.candidate
    return ask if name == world.run.name and candidate and digest in ("", candidate.digest) else None


def _with(world: RunWorld, record: ApprovalRecord, decision: str, said: Ask | None) -> RunWorld:
    update = {"decision": decision, "by": said.by if said else "", "at": world.now if decision else None}
    approval = record.model_copy(update=update)
    return replace(world, run=replace(world.run, status=world.run.status.model_copy(update={"approval": approval})))


def _going_on(world: RunWorld, said: Ask) -> RunWorld:
    status = deploying(world, Reason.RUNNING, f"{by(said)} approved the candidate.")
    return replace(world, run=replace(world.run, status=status))


def _rejected(world: RunWorld, why: Recall) -> Move:
    message = f"{why.message}, so it is not rolled out. {kept(world)}"
    return deployed(world, Outcome.REJECTED, why.reason, message, state=StepState.SKIPPED)


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
    run, policy = world.run, world.policy
    asks = [ask for ask in (policy.reject, policy.approve) if ask] if policy else []
    about = [ask.value.partition("@")[2] for ask in asks if ask.value.partition("@")[0] == run.name]
    if any(about):
        return f" The annotation names another digest than the candidate's, {record.digest}."
    if about:
        return f" The annotation was there before the candidate: say {run.name}@{record.digest}."
    others = joined([ask.value for ask in asks])
    return f" The annotation names {others}, which is not this run." if others else ""


def by(said: Ask) -> str:
    """Who said it, at the beginning of a sentence."""
    return said.by or "Somebody"


def _digest(run: Run) -> str:
    assert run.candidate, "a verdict promotes only a candidate"
    return run.candidate.digest
