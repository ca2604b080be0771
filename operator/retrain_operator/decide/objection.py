"""Why something cannot be done to the cluster, in words to act on: the target is not fit, or a right is missing."""

import re
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from retrain_operator.decide.wording import clipped, joined, listed
from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.status import Missing
from retrain_operator.model.target import (
    ContainerAbsent,
    FieldAbsent,
    KindUnknown,
    NotLooked,
    Serving,
    Target,
    TargetAbsent,
    VariableAbsent,
    VariableFromSource,
)
from retrain_trainer.contract import StoreUri

LONGEST_OBJECTION = 800
"""Characters of an objection's message: room is left for the sentence that it stands in."""
MISSING_AT_MOST = 16
_QUOTA = re.compile("(exceeded quota|failed quota|status unknown for quota): |insufficient quota to ")
"""How the API server words what a ResourceQuota refuses, also in the moment before a new one is counted."""
_LIMIT = re.compile("(maximum|minimum) [a-z0-9./-]+ usage per [A-Z]|limit to request ratio per")
"""How the API server words what a LimitRange refuses."""
_POD_NAMED = re.compile('^(Error creating: )?(pods "[^"]*" is forbidden: )?')
"""How it is told that a pod cannot be made."""
_URI: TypeAdapter[str] = TypeAdapter(StoreUri)


@dataclass(frozen=True, slots=True)
class Objection:
    """What stands in the way, and the rights that are missing if it is for want of rights."""

    reason: Reason
    message: str
    missing: tuple[Missing, ...] = ()
    holds: bool = True
    """Whether no run starts until it is lifted; else only the deploy will be held back."""


def target_objection(rollout: Rollout, target: Target) -> Objection | None:
    """What keeps the target from being rolled out to; None when nothing does, or it was not looked at."""
    ref = rollout.target_ref
    match target:
        case NotLooked() | Serving():
            return None
        case KindUnknown():
            message = (
                f"The API server serves no namespaced kind {ref.kind} of {ref.api_version}. Install what defines it."
            )
            return _objection(Reason.TARGET_KIND_UNKNOWN, message)
        case TargetAbsent():
            return Objection(Reason.TARGET_NOT_FOUND, f"{ref} does not exist in this namespace.")
        case ContainerAbsent(found=found):
            message = f'{ref} has no container "{rollout.container}", but {_only(found)}.'
            return _objection(Reason.CONTAINER_NOT_FOUND, message)
        case VariableAbsent(found=found):
            message = (
                f'Container "{rollout.container}" of {ref} has no plain variable "{rollout.env}", but '
                f"{_only(found)}. Add it, with an empty value when there is no model yet."
            )
            return _objection(Reason.ENV_NOT_FOUND, message)
        case VariableFromSource():
            message = (
                f'Container "{rollout.container}" of {ref} takes "{rollout.env}" from elsewhere (valueFrom), so there '
                "is no value to change. Give it a value of its own, or name another variable in rollout.env."
            )
            return _objection(Reason.ENV_FROM_SOURCE, message)
        case FieldAbsent():
            message = f"{ref} has no text at {rollout.path}, and nothing there that could hold one. Mend rollout.path."
            return _objection(Reason.FIELD_NOT_FOUND, message)
        case Refusal():
            return refusal_objection(target)


def start_objection(rollout: Rollout, target: Target) -> Objection | None:
    """What keeps a run from starting: an unfit target, or a model in service that no trainer could compare with."""
    if not isinstance(target, Serving) or not target.value:
        return target_objection(rollout, target)
    try:
        _URI.validate_python(target.value)
    except ValidationError:
        message = (
            f"{rollout.field} of {rollout.target_ref} is {clipped(target.value, 200)!r}, which is no "
            "file:// or s3:// URI. Name a model there, or leave it empty when there is none yet."
        )
        return Objection(Reason.MODEL_NOT_READABLE, message)
    return None


def refusal_objection(refusal: Refusal) -> Objection:
    """What a refusal of the API server means: whose, and what would lift it."""
    account, namespace = refusal.account, refusal.account.namespace
    if not refusal.account_exists:
        message = f"{account} does not exist. Create it, or name another in spec.serviceAccountName."
        if refusal.lacking:  # of an account that is not there the API server tells what is bound to its name
            message = f"{message} It also lacks the right to {joined([str(right) for right in refusal.lacking])}."
        missing = (_missing(refusal, "ServiceAccountNotFound", refusal.asked), *_rights(refusal))
        return _objection(Reason.SERVICE_ACCOUNT_NOT_FOUND, message, missing[:MISSING_AT_MOST])
    if not refusal.impersonated:
        message = (
            f"The operator may not act as {account}: apply manifests/tenant in namespace {namespace} to let it in."
        )
        right = Right("impersonate", "", "serviceaccounts", account.name)
        return Objection(Reason.MISSING_PERMISSION, message, (_missing(refusal, "Impersonation", right),))
    if refusal.lacking:
        lacking = joined([str(right) for right in refusal.lacking])
        unseen = any(_is_target(right) for right in refusal.lacking)
        typo = ", or mend spec.rollout.targetRef.name" if unseen else ""
        message = f"{account} may not {lacking}. Grant it by a Role in namespace {namespace}{typo}."
        return _objection(Reason.MISSING_PERMISSION, message, _rights(refusal)[:MISSING_AT_MOST])
    why = f": {refusal.detail.rstrip('.')}." if refusal.detail else " and does not say why."
    return _objection(layer(refusal.detail), f"The API server refused to {refusal.asked}{why}")


def _objection(reason: Reason, message: str, missing: tuple[Missing, ...] = ()) -> Objection:
    """An objection that quotes what others wrote or named, so that it may be long."""
    return Objection(reason, clipped(message, LONGEST_OBJECTION), missing)


def _is_target(right: Right) -> bool:
    """Whether the right is to see the target; those to see what a pod mounts are in the core group."""
    return right.verb == "get" and right.group != ""


def layer(detail: str) -> Reason:
    """Who refused, by the API server's own sentence."""
    if _QUOTA.search(detail):
        return Reason.QUOTA_EXCEEDED
    if "violates PodSecurity" in detail:
        return Reason.POD_SECURITY
    if _LIMIT.search(detail):
        return Reason.LIMIT_RANGE
    return Reason.ADMISSION_DENIED


def unnamed(refusal: str) -> str:
    """What refuses a pod, without the pod's name: with each try it is another one, which would be news each time."""
    return _POD_NAMED.sub("", refusal).rstrip(".")


def _rights(refusal: Refusal) -> tuple[Missing, ...]:
    return tuple(_missing(refusal, "RBAC", right) for right in refusal.lacking)


def _missing(refusal: Refusal, layer: str, right: Right) -> Missing:
    return Missing(
        layer=layer,
        account=str(refusal.account),
        verb=right.verb,
        api_group=right.group,
        resource=right.resource,
        name=right.name,
    )


def _only(names: tuple[str, ...]) -> str:
    return f"only {listed(names)}" if names else "none at all"
