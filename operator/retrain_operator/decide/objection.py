"""Why something cannot be done to the cluster, in words to act on: the target is not fit, or a right is missing."""

from dataclasses import dataclass

from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.policy import Rollout
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Missing
from retrain_operator.model.target import ContainerAbsent, NotLooked, Serving, Target, TargetAbsent, VariableAbsent


@dataclass(frozen=True, slots=True)
class Objection:
    """What stands in the way, and the rights that are missing if it is for want of rights."""

    reason: Reason
    message: str
    missing: tuple[Missing, ...] = ()


def target_objection(rollout: Rollout, target: Target) -> Objection | None:
    """What keeps the target from being rolled out to; None when nothing does, or it was not looked at."""
    name = rollout.target_ref.name
    match target:
        case NotLooked() | Serving():
            return None
        case TargetAbsent():
            return Objection(Reason.TARGET_NOT_FOUND, f'Deployment "{name}" does not exist in this namespace.')
        case ContainerAbsent(found=found):
            message = f'Deployment "{name}" has no container "{rollout.container}", but {_listed(found)}.'
            return Objection(Reason.CONTAINER_NOT_FOUND, message)
        case VariableAbsent(found=found):
            message = (
                f'Container "{rollout.container}" of Deployment "{name}" has no plain variable "{rollout.env}", but '
                f"{_listed(found)}. Add it, with an empty value when there is no model yet."
            )
            return Objection(Reason.ENV_NOT_FOUND, message)
        case Refusal():
            return refusal_objection(target)


def refusal_objection(refusal: Refusal) -> Objection:
    """What a refusal of the API server means: whose, and what would lift it."""
    account, namespace = refusal.account, refusal.account.namespace
    if not refusal.account_exists:
        message = f"{account} does not exist. Create it, or name another in spec.serviceAccountName."
        return Objection(
            Reason.SERVICE_ACCOUNT_NOT_FOUND, message, (_missing(refusal, "ServiceAccountNotFound", refusal.asked),)
        )
    if not refusal.impersonated:
        message = (
            f"The operator may not act as {account}: apply manifests/tenant in namespace {namespace} to let it in."
        )
        right = Right("impersonate", "", "serviceaccounts", account.name)
        return Objection(Reason.MISSING_PERMISSION, message, (_missing(refusal, "Impersonation", right),))
    if refusal.lacking:
        lacking = " and ".join(str(right) for right in refusal.lacking)
        message = f"{account} may not {lacking}. Grant it by a Role in namespace {namespace}."
        missing = tuple(_missing(refusal, "RBAC", right) for right in refusal.lacking)
        return Objection(Reason.MISSING_PERMISSION, message, missing)
    return Objection(_layer(refusal.detail), f"The API server refused to {refusal.asked}: {refusal.detail}")


def _layer(detail: str) -> Reason:
    if "exceeded quota" in detail:
        return Reason.QUOTA_EXCEEDED
    if "violates PodSecurity" in detail:
        return Reason.POD_SECURITY
    return Reason.ADMISSION_DENIED


def _missing(refusal: Refusal, layer: str, right: Right) -> Missing:
    return Missing(
        layer=layer,
        account=str(refusal.account),
        verb=right.verb,
        api_group=right.group,
        resource=right.resource,
        name=right.name,
    )


def _listed(names: tuple[str, ...]) -> str:
    return "only " + ", ".join(f'"{name}"' for name in names) if names else "none at all"
