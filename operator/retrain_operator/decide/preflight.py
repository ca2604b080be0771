"""What must be there before anything is trained: the target, the account, every right to come, and what pods mount."""

from dataclasses import replace

from retrain_operator.decide.gitops import advice
from retrain_operator.decide.objection import Objection, refusal_objection, start_objection
from retrain_operator.decide.wording import clipped, joined, listed
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.names import REQUEST_ANNOTATION
from retrain_operator.model.place import same_place
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import PreflightMode, Rollout, RolloutMode
from retrain_operator.model.target import Mount, Preflight, Serving, Target
from retrain_operator.model.trainer import Trainer
from retrain_operator.model.world import Policy

TAKEN_OUT = frozenset({Reason.REVERTED_BY_MANAGER, Reason.TARGET_CHANGED})
"""How a run ends whose model another took out, or kept from coming in."""
LONGEST_PREFLIGHT = 900
"""Characters of all that is missing; the whole of it stands in the list beside the message."""


def job_rights(trainer: Trainer) -> tuple[Right, ...]:
    """What the account needs to make a Job, which comes first, and to read what it lets the Job's pods mount."""
    secrets = [Right("get", "", "secrets", volume.secret) for volume in trainer.volumes if volume.secret]
    maps = [Right("get", "", "configmaps", volume.config_map) for volume in trainer.volumes if volume.config_map]
    return (Right("create", "batch", "jobs"), *secrets, *maps)


def training_rights(trainer: Trainer) -> tuple[Right, ...]:
    """What the account needs for all of a Job's life."""
    return (*job_rights(trainer), Right("delete", "batch", "jobs"))


def target_verbs(rollout: Rollout) -> tuple[str, ...]:
    """What the account must be able to do with the target."""
    return ("get",) if rollout.mode is RolloutMode.RECOMMEND_ONLY else ("get", "patch")


def mounts(trainer: Trainer) -> tuple[Mount, ...]:
    """What must be there for the trainer's pods to start."""
    found = [
        (
            ("PersistentVolumeClaim", each.persistent_volume_claim),
            ("ConfigMap", each.config_map),
            ("Secret", each.secret),
        )
        for each in trainer.volumes
    ]
    return tuple(dict.fromkeys(Mount(kind, name) for volume in found for kind, name in volume if name))


def preflight_objection(policy: Policy, seen: Preflight) -> Objection | None:
    """All that is missing, in one objection; None when nothing is, or nothing was looked at."""
    spec, target = policy.spec, seen.target
    if isinstance(target, Refusal) and not seen.lacking:
        return refusal_objection(target)
    found = [
        refusal_objection(Refusal(policy.account, seen.lacking[0], lacking=seen.lacking)) if seen.lacking else None,
        None if isinstance(target, Refusal) else start_objection(spec.rollout, target),
        _absent(seen.absent),
        _reverted(policy, target),
    ]
    objections = [each for each in found if each]
    if not objections:
        return None
    message = clipped(" ".join(each.message for each in objections), LONGEST_PREFLIGHT)
    only_deploy = len(objections) == 1 and seen.lacking and {each.verb for each in seen.lacking} <= {"patch", "list"}
    warns = spec.rollout.preflight is PreflightMode.WARN
    return Objection(objections[0].reason, message, objections[0].missing, holds=not (warns and only_deploy))


def for_undo(seen: Preflight) -> Preflight:
    """What was found, as far as a run is concerned that trains nothing: it makes no Job and mounts nothing."""
    of_trainer = ("jobs", "secrets", "configmaps")
    lacking = tuple(right for right in seen.lacking if right.resource not in of_trainer)
    return replace(seen, lacking=lacking, absent=())


def _reverted(policy: Policy, target: Target) -> Objection | None:
    """A model that a run put in service and another took out again: to put it back would be a tug of war."""
    rollout, last, champion = policy.spec.rollout, policy.status.last_run, policy.status.champion
    if rollout.mode is RolloutMode.RECOMMEND_ONLY or not isinstance(target, Serving) or not target.manager:
        return None
    if last and last.reason in TAKEN_OUT:
        gone, back = f"the candidate of run {last.name}", last.reason == Reason.REVERTED_BY_MANAGER
    elif champion and not same_place(champion.uri, target.value):
        gone, back = champion.version, target.value == champion.before
    else:
        return None
    now = f"to {clipped(target.value, 200)!r}" if target.value else "to nothing"
    what = f"set {rollout.field} of {rollout.target_ref} {now} in place of {gone}"
    if back:
        what = f"put the model before {gone} back into {rollout.target_ref}"
    message = (
        f"{target.manager} {what}, where it is left. {advice(target.manager, rollout)} No run starts by itself until "
        f'one is asked for: kubectl annotate retrainpolicy {policy.name} --overwrite {REQUEST_ANNOTATION}="$(date)".'
    )
    return Objection(Reason.REVERTED_BY_MANAGER, message)


def _absent(absent: tuple[Mount, ...]) -> Objection | None:
    if not absent:
        return None
    kinds = dict.fromkeys(mount.kind for mount in absent)
    each = (f"{kind} {listed([mount.name for mount in absent if mount.kind == kind])}" for kind in kinds)
    does, it = ("does", "it") if len(absent) == 1 else ("do", "them")
    message = f"{joined(tuple(each))} {does} not exist in this namespace. Create {it}, or mend spec.trainer.volumes."
    return Objection(Reason.VOLUME_NOT_FOUND, message)
