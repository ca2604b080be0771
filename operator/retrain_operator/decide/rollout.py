"""The rollout itself: name the model in the target, wait until all of it runs the model, or put the one before back."""

from datetime import datetime, timedelta

from retrain_operator.decide.approval import recalled
from retrain_operator.decide.bake import bake, baked, healthy
from retrain_operator.decide.deploying import deployed, deploying, kept
from retrain_operator.decide.gitops import advice
from retrain_operator.decide.moves import Move, SetModel, Wait
from retrain_operator.decide.objection import layer, unnamed
from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RolloutRecord, RunState, RunStatus, StepState, TakenBack
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.target import Broken, InService, OnHold, Serving, Trouble, Unsettled
from retrain_operator.model.world import Run, RunWorld

ROLLOUT_POLL = timedelta(milliseconds=500)
HELD_POLL = timedelta(seconds=5)


def model_of(run: Run) -> str:
    """URI of the version that a run rolls out."""
    if run.spec.undo:
        return run.spec.undo.uri or ""
    assert run.candidate, "a verdict promotes only a candidate"
    return run.candidate.uri


def roll(world: RunWorld, serving: Serving) -> Move:
    """The next move of a rollout, from what the target says now."""
    status, record = world.run.status, world.run.status.rollout
    if record is None:
        return _begin(world, serving)
    if serving.uid != record.uid:
        return _recreated(world, record)
    if record.taken_back and serving.value == record.from_:
        return _back(world, serving, record, record.taken_back)
    if serving.value == record.to:
        return _there(world, serving, record)
    if serving.value != record.from_ or record.landed:
        return _changed(world, serving, record)
    if why := recalled(world):
        message = f"{why.message}, so it is not rolled out. {kept(world)}"
        return deployed(world, Outcome.REJECTED, why.reason, message, state=StepState.SKIPPED)
    if status.state is RunState.BLOCKED:
        return Move(status, SetModel(record.to))  # whether it is still refused is only known by trying
    return _set(world, record)


def landed(status: RunStatus, now: datetime) -> RunStatus:
    """The status of a run whose change the API server has taken: what the target says other than that is another's."""
    record = status.rollout
    assert record, "only a rollout changes a target"
    if record.taken_back:
        update: dict[str, object] = {"taken_back": record.taken_back.model_copy(update={"landed": True})}
    elif record.landed:
        return status
    else:
        update = {"landed": True, "start_time": now}
    return status.model_copy(update={"rollout": record.model_copy(update=update)})


def _begin(world: RunWorld, serving: Serving) -> Move:
    run, to = world.run, model_of(world.run)
    champion = run.spec.champion.uri if run.spec.champion else ""
    if serving.value != champion:
        return _changed(world, serving, None)
    record = RolloutRecord(
        target=str(run.spec.policy.spec.rollout.target_ref),
        uid=serving.uid,
        from_=champion,
        to=to,
        from_there=serving.there,
        from_digest=serving.marks.digest,
        from_run=serving.marks.run,
        healthy=healthy(world),
        start_time=world.now,
    )
    if champion == to:
        return _complete(world, record.model_copy(update={"landed": True, "complete_time": world.now}))
    return _set(world, record)


def _set(world: RunWorld, record: RolloutRecord) -> Move:
    message = f"The model is being rolled out to {record.target}.{_approved(world)}"
    return Move(deploying(world, Reason.RUNNING, message, record=record), SetModel(record.to))


def _there(world: RunWorld, serving: Serving, record: RolloutRecord) -> Move:
    """The target names the model of the run."""
    if record.taken_back and record.taken_back.landed:
        return _changed(world, serving, record)
    if record.taken_back:
        return _take_back(world, record, record.taken_back)
    if why := recalled(world):
        return _take_back(world, record, TakenBack(reason=why.reason, message=why.message))
    if record.complete_time:
        move = bake(world, serving, record)
        return _take_back(world, record, move) if isinstance(move, TakenBack) else move
    return _await(world, serving, record)


def _await(world: RunWorld, serving: Serving, record: RolloutRecord) -> Move:
    if not record.landed or world.run.status.state is RunState.BLOCKED:
        # The deadline counts from when the rollout was first seen to go on, whatever came between word and deed.
        record = record.model_copy(update={"landed": True, "start_time": world.now})
    if record.held and not isinstance(serving.progress, OnHold):
        # While it was held the model before was in service: neither the deadline nor a breach counts from before.
        record = record.model_copy(update={"held": False, "start_time": world.now})
    match serving.progress:
        case InService():
            return _complete(world, record.model_copy(update={"complete_time": world.now}))
        case OnHold(reason=reason, message=message):
            held = record.model_copy(update={"held": True})
            told = f"The rollout of {record.target} waits, since {message}; it goes on when that ends."
            return Move(deploying(world, reason, told, record=held), Wait(HELD_POLL))
        case Broken(reason=reason, message=message):
            return _take_back(world, record, TakenBack(reason=reason, message=f"The rollout failed: {message}"))
        case Unsettled() as progress:
            return _going(world, record, progress)


def _going(world: RunWorld, record: RolloutRecord, progress: Unsettled) -> Move:
    deadline = world.run.spec.policy.spec.rollout.progress_deadline
    trouble = progress.trouble or _refused(progress)
    if world.now - record.start_time >= deadline:
        message = f"The rollout was not complete after {duration_text(deadline)}"
        message = f"{message}: {trouble.message}" if trouble else message
        reason = trouble.reason if trouble else Reason.PROGRESS_DEADLINE_EXCEEDED
        return _take_back(world, record, TakenBack(reason=reason, message=message))
    message = f"Waiting for the rollout of {record.target}: {progress.message}"
    if trouble:
        message = f"{message[:-1]}: {trouble.message}."
    return Move(
        deploying(world, trouble.reason if trouble else Reason.RUNNING, message, record=record), Wait(ROLLOUT_POLL)
    )


def _refused(progress: Unsettled) -> Trouble | None:
    """That its new pods are refused, by whom and in whose words."""
    refusal = unnamed(progress.refusal)
    return Trouble(layer(refusal), f"no new pod of it can be made: {refusal}") if refusal else None


def _complete(world: RunWorld, record: RolloutRecord) -> Move:
    """All of the target runs the model: the run ends, or the model is watched for a while."""
    if world.run.spec.undo:
        message = f"The model of {world.run.spec.undo.to} is back in service."
        return deployed(world, Outcome.SUCCEEDED, Reason.UNDONE, message, state=StepState.SUCCEEDED, record=record)
    return baked(world, record)


def _take_back(world: RunWorld, record: RolloutRecord, why: TakenBack) -> Move:
    if record.taken_back and world.run.status.state is RunState.BLOCKED:
        return Move(world.run.status, SetModel(record.from_))  # whether it is still refused is only known by trying
    record = record.model_copy(update={"taken_back": why})
    message = f"{why.message}: {_before(record)} is put back."
    return Move(deploying(world, Reason(why.reason), message, record=record), SetModel(record.from_))


def _back(world: RunWorld, serving: Serving, record: RolloutRecord, why: TakenBack) -> Move:
    """The target names the model before again; the run ends once that answers, or has had its time to."""
    seen, deadline = why.seen_time or world.now, world.run.spec.policy.spec.rollout.progress_deadline
    late = world.now - seen >= deadline
    if isinstance(serving.progress, Unsettled | Broken) and not late:
        so_far = serving.progress.message
        # What its controller gave up may still be the model that is being taken back.
        told = so_far if isinstance(serving.progress, Unsettled) else f"As yet {so_far}."
        record = record.model_copy(update={"taken_back": why.model_copy(update={"landed": True, "seen_time": seen})})
        message = f"{why.message}: {_before(record)} is put back. {told}"
        return Move(deploying(world, Reason(why.reason), message, record=record), Wait(ROLLOUT_POLL))
    back = f"{_before(record)} is back"
    if not isinstance(serving.progress, InService):
        back = f"{_before(record)} is named again, but {record.target} is not up with it: look what keeps it"
    message = f"{why.message}, so {back}. {kept(world)}"
    if record.complete_time:
        message = f"{message} It is not rolled out again, nor is the same data trained on again in the same way."
    return deployed(world, Outcome.ROLLED_BACK, Reason(why.reason), message.rstrip())


def _before(record: RolloutRecord) -> str:
    return "the model before" if record.from_ else "the state before, without a model,"


def _changed(world: RunWorld, serving: Serving, record: RolloutRecord | None) -> Move:
    rollout, who = world.run.spec.policy.spec.rollout, serving.manager or "Somebody else"
    why = f"{record.taken_back.message}. " if record and record.taken_back else ""
    if record and serving.value == record.from_ and serving.manager:
        message = (
            f"{who} put {_before(record)} back into {rollout.target_ref}; it is left as it is. "
            f"{advice(serving.manager, rollout)} {kept(world)}"
        )
        return deployed(world, Outcome.ROLLED_BACK, Reason.REVERTED_BY_MANAGER, message.rstrip())
    now = repr(clipped(serving.value, 200)) if serving.value else "nothing"
    message = (
        f"{why}{who} set {rollout.field} of {rollout.target_ref} to {now} while "
        f"the run was under way; it is left as it is. {kept(world)}"
    )
    return deployed(world, Outcome.FAILED, Reason.TARGET_CHANGED, message.rstrip())


def _recreated(world: RunWorld, record: RolloutRecord) -> Move:
    why = f"{record.taken_back.message}. " if record.taken_back else ""
    what = f"{record.target} was deleted and made anew while the run was under way; it is left as it is."
    message = f"{why}{what} {kept(world)}"
    return deployed(world, Outcome.FAILED, Reason.TARGET_RECREATED, message.rstrip())


def _approved(world: RunWorld) -> str:
    approval = world.run.status.approval
    return f" It was approved by {approval.by or 'somebody'}." if approval and approval.decision else ""
