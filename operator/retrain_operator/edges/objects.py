"""Kubernetes objects read into facts: plain dicts in, frozen types out, nothing asked of anybody."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from retrain_operator.edges.pods import PULL_PROBLEMS
from retrain_operator.model.mistakes import mistakes
from retrain_operator.model.names import (
    APPROVE_ANNOTATION,
    APPROVED_BY_ANNOTATION,
    REJECT_ANNOTATION,
    REQUEST_ANNOTATION,
    STEPS,
    UNDO_ANNOTATION,
)
from retrain_operator.model.plain import plain
from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import RunSpec, RunStatus
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.training import Container, Exited, Job, NotStarted, Started
from retrain_operator.model.world import Ask, InvalidPolicy, Policy, Run
from retrain_trainer.contract import ANSWER_LIMIT

Json = dict[str, Any]
StatusT = TypeVar("StatusT", bound=BaseModel)


def time(text: str) -> datetime:
    """A time as Kubernetes writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def policy(body: Json) -> Policy | InvalidPolicy:
    """A RetrainPolicy; one whose spec is none says what is wrong with it."""
    meta = body["metadata"]
    known = {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "generation": meta.get("generation", 0),
        "resource_version": meta["resourceVersion"],
        "status": _status(PolicyStatus, body),
    }
    try:
        spec = PolicySpec.model_validate(body.get("spec", {}))
    except ValidationError as error:
        return InvalidPolicy(**known, mistake=_mistake(error))
    return Policy(
        **known,
        spec=spec,
        created=time(meta["creationTimestamp"]),
        requested=ask(meta, REQUEST_ANNOTATION),
        approve=ask(meta, APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION),
        reject=ask(meta, REJECT_ANNOTATION, APPROVED_BY_ANNOTATION),
        undo_to=ask(meta, UNDO_ANNOTATION),
    )


def ask(meta: Json, annotation: str, signed: str = "") -> Ask | None:
    """What an annotation asks for, and by whom: as the annotation `signed` says, else the manager that wrote it."""
    annotations = meta.get("annotations", {})
    if not annotations.get(annotation):
        return None
    wrote = [
        each
        for each in meta.get("managedFields", ())
        if f"f:{annotation}" in each.get("fieldsV1", {}).get("f:metadata", {}).get("f:annotations", {})
    ]
    newest: Json = max(wrote, key=lambda each: str(each.get("time", "")), default={})
    by = annotations.get(signed) or newest.get("manager", "")
    return Ask(plain(annotations[annotation], 256), plain(by, 128))


class UnreadableError(Exception):
    """A status with a run in it is not as this version writes it: a newer operator wrote it, or somebody's hand."""

    def __init__(self, kind: str, meta: Json) -> None:
        super().__init__(kind)
        self.kind, self.meta = kind, meta


def _status(kind: type[StatusT], body: Json) -> StatusT:
    """The status as we wrote it. One without a run can be found out again; else UnreadableError, and no guess."""
    status = body.get("status", {})
    try:
        return kind.model_validate(status)
    except ValidationError:
        if kind is RunStatus or status.get("activeRun"):
            raise UnreadableError("RetrainRun" if kind is RunStatus else "RetrainPolicy", body["metadata"]) from None
        return kind()


def _mistake(error: ValidationError) -> str:
    return plain("; ".join(f"{each.field}: {each.message}" for each in mistakes(error, "spec")), 900)


def run(body: Json) -> Run | None:
    """A RetrainRun; None for one whose spec the operator did not write."""
    meta = body["metadata"]
    try:
        spec = RunSpec.model_validate(body.get("spec", {}))
    except ValidationError:
        return None
    return Run(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        spec=spec,
        status=_status(RunStatus, body),
        created=time(meta["creationTimestamp"]),
    )


def owned_by(body: Json, uid: str) -> bool:
    """Whether the object's controller is the one of that UID."""
    owners = body["metadata"].get("ownerReferences", ())
    return any(owner.get("controller") and owner.get("uid") == uid for owner in owners)


def job(body: Json, pods: list[Json], refusal: str = "") -> Job:
    """The Job with the containers of the pod that ended it, else of its newest pod, else with why there is none."""
    meta, status = body["metadata"], body.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions", ()) if each.get("status") == "True"}
    own = [pod for pod in pods if owned_by(pod, meta["uid"])]
    own.sort(key=lambda pod: (pod["status"].get("phase") == "Succeeded", pod["metadata"]["creationTimestamp"]))
    return Job(
        uid=meta["uid"],
        created=time(meta["creationTimestamp"]),
        complete="Complete" in conditions,
        failed=conditions["Failed"].get("reason") or "Failed" if "Failed" in conditions else "",
        containers=containers(own[-1]) if own else (),
        refusal="" if own else refusal,
    )


def containers(pod: Json) -> tuple[Container, ...]:
    """The three steps of a trainer's pod, in their order."""
    status = pod["status"]
    seen = {
        each["name"]: each for each in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    }
    unscheduled = next(
        (
            each.get("message", "")
            for each in status.get("conditions", ())
            if each["type"] == "PodScheduled" and each["status"] == "False"
        ),
        "",
    )
    made = pod["metadata"]["creationTimestamp"]
    return tuple(_container(seen.get(step), unscheduled, made) for step in STEPS)


def _container(status: Json | None, unscheduled: str, made: str) -> Container:
    match (status or {}).get("state", {}):
        case {"terminated": ended}:
            return Exited(
                code=ended["exitCode"],
                reason=ended.get("reason", ""),
                answer=ended.get("message", "")[: 2 * ANSWER_LIMIT],
                # Of a container whose node was lost nobody knows when it ran.
                started=time(ended.get("startedAt") or made),
                at=time(ended.get("finishedAt") or made),
            )
        case {"running": running}:
            return Started(time(running["startedAt"]))
        case {"waiting": {"reason": reason}} if status and reason in PULL_PROBLEMS:
            detail = (
                f"Image {status['image']} cannot be pulled ({reason}). Check trainer.image and the node's registry."
            )
            return NotStarted(Reason.IMAGE_PULL_FAILED, plain(detail, 512))
        case {"waiting": {"reason": reason, "message": message}} if reason != "PodInitializing":
            return NotStarted(Reason.POD_NOT_STARTED, plain(f"The pod does not start ({reason}): {message}", 512))
    if unscheduled:
        return NotStarted(Reason.POD_NOT_STARTED, plain(f"The pod cannot be scheduled: {unscheduled}", 512))
    return NotStarted()
