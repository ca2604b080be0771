"""The last step of a run: what comes before the model may be rolled out, and then the rollout."""

from dataclasses import replace
from datetime import timedelta

from retrain_operator.decide.approval import admitted
from retrain_operator.decide.deploying import deployed, deploying, kept
from retrain_operator.decide.ending import blocked
from retrain_operator.decide.moves import GoOn, Move, Wait
from retrain_operator.decide.objection import target_objection
from retrain_operator.decide.patch import digest_of, patch_type, recommendation
from retrain_operator.decide.rollout import model_of, roll
from retrain_operator.decide.versions import insists
from retrain_operator.model.access import Refusal
from retrain_operator.model.names import UNDO_ANNOTATION
from retrain_operator.model.place import same_place
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import RolloutMode
from retrain_operator.model.run import Outcome, RunState, StepName, StepState
from retrain_operator.model.target import Serving
from retrain_operator.model.world import Run, RunWorld

BLOCKED_POLL = timedelta(seconds=5)
"""How often it is tried again what was refused: a model is to be in service within 15 s of the right to deploy it."""


def deploy_verbs(run: Run) -> tuple[str, ...]:
    """What the account must be able to do with the target now: nothing more is asked while a rollout goes well."""
    recommends = run.spec.policy.spec.rollout.mode is RolloutMode.RECOMMEND_ONLY
    under_way = run.status.rollout is not None and not run.status.missing
    return () if recommends or under_way else ("get", "patch")


def deploy(world: RunWorld) -> Move:
    """The next move of a run that has a model to roll out."""
    if world.run.status.rollout is None:
        before = _before(world)
        if isinstance(before, Move):
            return before
        world = before
    target = world.target
    objection = target_objection(world.run.spec.policy.spec.rollout, target)
    if objection and isinstance(target, Refusal):
        return Move(blocked(world.run.status, objection, StepName.DEPLOY), Wait(BLOCKED_POLL))
    if objection:
        return deployed(world, Outcome.FAILED, objection.reason, f"{objection.message} {kept(world)}".rstrip())
    if isinstance(target, Serving):
        return roll(world, target)
    return Move(world.run.status, Wait(BLOCKED_POLL))


def _before(world: RunWorld) -> Move | RunWorld:
    """What comes before anything is changed: an end, a wait, or the world in which the rollout may begin."""
    run, rollout = world.run, world.run.spec.policy.spec.rollout
    if run.spec.undo and run.spec.undo.uri is None:
        message = (
            f'No version that was in service is known by the name "{run.spec.undo.to}": name a run that succeeded, as '
            f"in kubectl get retrainruns, or a version's folder in {run.spec.policy.spec.model.store}. One that was "
            "not in service is named with its digest, as NAME@sha256:..., which must be its own."
        )
        return deployed(world, Outcome.FAILED, Reason.VERSION_UNKNOWN, message)
    if _is_quarantined(world) and not (run.spec.undo and insists(run.spec.undo)):
        return _quarantined(world)
    if rollout.mode is RolloutMode.RECOMMEND_ONLY:
        patch = recommendation(run, rollout, model_of(run), world.target)
        return _recommended(world, patch) if patch else world
    return admitted(world)


def _is_quarantined(world: RunWorld) -> bool:
    run, quarantine = world.run, world.policy.status.quarantine if world.policy else ()
    # A version that was asked for by its folder's name has a digest only where a run is known that made it.
    return any(each.digest == digest_of(run) or same_place(each.uri, model_of(run)) for each in quarantine)


def _quarantined(world: RunWorld) -> Move:
    message = (
        f"Version {model_of(world.run)} had been in service and was taken back, so it is not rolled out again. Whoever "
        f"wants it all the same names it with its digest: {UNDO_ANNOTATION}=NAME@DIGEST, as status.quarantine has it."
    )
    outcome = Outcome.FAILED if world.run.spec.undo else Outcome.REJECTED
    state = StepState.FAILED if world.run.spec.undo else StepState.SKIPPED
    return deployed(world, outcome, Reason.QUARANTINED, message, state=state)


def _recommended(world: RunWorld, patch: str) -> Move:
    run, rollout = world.run, world.run.spec.policy.spec.rollout
    verdict = run.status.verdict.message if run.status.verdict else ""
    what = f"The way back to the model of {run.spec.undo.to} is known" if run.spec.undo else "The candidate passed"
    message = (
        f"{what}, and nothing is changed, as rollout.mode is RecommendOnly. The patch to commit, as "
        f"kubectl patch --type={patch_type(rollout)} takes it: kubectl get retrainrun {run.name} -o "
        f"jsonpath='{{.status.recommendation}}'. {verdict}"
    )
    with_patch = replace(run, status=run.status.model_copy(update={"recommendation": patch}))
    world = replace(world, run=with_patch)
    return deployed(world, Outcome.SUCCEEDED, Reason.RECOMMENDED, message.rstrip(), state=StepState.SKIPPED)


def begun(world: RunWorld) -> Move:
    """The first move of a run that only puts a version back: there is nothing to collect, train or evaluate."""
    *before, last = world.run.status.steps
    skipped = {"state": StepState.SKIPPED, "reason": "Skipped", "message": "Nothing is trained to go back."}
    steps = (*(step.model_copy(update=skipped) for step in before), last)
    status = world.run.status.model_copy(update={"steps": steps})
    world = replace(world, run=replace(world.run, status=status))
    assert world.run.spec.undo
    message = f"Going back to the model of {world.run.spec.undo.to}."
    return Move(deploying(world, Reason.PENDING, message, state=RunState.DEPLOYING), GoOn())
