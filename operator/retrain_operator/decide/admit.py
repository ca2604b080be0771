"""Whether a run that was decided on may start, for all that was seen of its target, and when that is looked at."""

from datetime import datetime, timedelta

from retrain_operator.decide.objection import Objection
from retrain_operator.decide.preflight import TAKEN_OUT
from retrain_operator.decide.start import Decision, Hold, Start
from retrain_operator.model.reason import Reason
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.world import Claimed, PolicyWorld

OBJECTION_POLL = timedelta(seconds=10)
"""How often a target that is not fit is looked at again."""

TARGET_REASONS = frozenset(
    {
        Reason.SERVICE_ACCOUNT_NOT_FOUND,
        Reason.TARGET_NOT_FOUND,
        Reason.TARGET_KIND_UNKNOWN,
        Reason.CONTAINER_NOT_FOUND,
        Reason.ENV_NOT_FOUND,
        Reason.ENV_FROM_SOURCE,
        Reason.FIELD_NOT_FOUND,
        Reason.VOLUME_NOT_FOUND,
        Reason.MODEL_NOT_READABLE,
        Reason.MISSING_PERMISSION,
        Reason.REVERTED_BY_MANAGER,
        Reason.QUOTA_EXCEEDED,
        Reason.POD_SECURITY,
        Reason.ADMISSION_DENIED,
        Reason.LIMIT_RANGE,
    }
)
"""Why a policy may be not Ready on account of its target."""


def admit(decision: Decision, objection: Objection | None, now: datetime) -> Decision:
    """The decision, held back when the target it would end at is not fit."""
    if objection is None or not objection.holds or not isinstance(decision, Start):
        return decision
    if objection.reason is Reason.REVERTED_BY_MANAGER and decision.cause.request:
        return decision  # whoever asks by hand knows of it
    return Hold(objection.reason, objection.message, now + OBJECTION_POLL)


def may_begin(status: PolicyStatus, objection: Objection | None) -> bool:
    """Whether the run that is claimed may be made, for all that was seen."""
    if objection is None or not objection.holds:
        return True
    asked = status.active_run is not None and status.active_run.cause.request is not None
    return objection.reason is Reason.REVERTED_BY_MANAGER and asked


def wants_target(world: PolicyWorld, decision: Decision) -> bool:
    """Whether this pass depends on the target.

    A run starts or is claimed, the last one was reverted, the spec is new, or the target was unfit.
    """
    status = world.policy.status
    if status.last_run and status.last_run.reason in TAKEN_OUT:
        return True
    ready = next((condition for condition in status.conditions if condition.type == "Ready"), None)
    unfit = ready is not None and ready.status == "False" and ready.reason in TARGET_REASONS
    new = status.observed_generation != world.policy.generation
    return isinstance(decision, Start) or isinstance(world.run, Claimed) or new or unfit or bool(status.missing)
