"""How far a workload's rollout is, read from what the workload itself tells.

Deployments, StatefulSets and DaemonSets tell it in numbers, as `kubectl rollout status` reads them. Argo's Rollout has
a phase. Of any other kind the rules of kstatus hold: a controller that has seen the newest spec, no condition Stalled
or Reconciling, and Ready, where there is one, True; see https://github.com/kubernetes-sigs/cli-utils, pkg/kstatus.
"""

from typing import Any

from retrain_operator.model.plain import plain
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import Broken, InService, OnHold, Progress, Trouble, Unsettled

Json = dict[str, Any]

QUOTED = 300
"""Characters of what a workload says itself."""
_INFERENCE_SERVICE = ("serving.kserve.io", "InferenceService")
_SEEN = "Its controller has not seen the change yet."


def progress(body: Json, written: str = "") -> Progress:
    """How far it is. `written` is when the field was that is rolled out, as the API server recorded it."""
    match body.get("apiVersion", "").partition("/")[0], body.get("kind"):
        case "apps", "Deployment":
            return _deployment(body)
        case "apps", "StatefulSet":
            return _stateful_set(body)
        case "apps", "DaemonSet":
            return _daemon_set(body)
        case "argoproj.io", "Rollout":
            return _argo_rollout(body)
        case _ if is_inference_service(body):
            return _inference_service(body, written)
        case _ if _unseen(body):
            return Unsettled(_SEEN)
        case _:
            return _by_conditions(body)


def _deployment(body: Json) -> Progress:
    spec, status = body["spec"], body.get("status", {})
    if held := _held(spec, spec.get("paused")):
        return held
    if _unseen(body):
        return Unsettled(_SEEN)
    stuck = _conditions(body).get("Progressing", {})
    if stuck.get("status") == "False" and stuck.get("reason") == "ProgressDeadlineExceeded":
        return Broken(Reason.PROGRESS_DEADLINE_EXCEEDED, "its own progressDeadlineSeconds have passed")
    replicas, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    available, total = status.get("availableReplicas", 0), status.get("replicas", 0)
    refused = _conditions(body).get("ReplicaFailure", {})
    refusal = plain(refused.get("message", ""), QUOTED) if refused.get("status") == "True" else ""
    return _counted(replicas, updated, available, old=total - updated, refusal=refusal)


def _stateful_set(body: Json) -> Progress:
    spec, status = body["spec"], body.get("status", {})
    if held := _held(spec, paused=False):
        return held
    if _unseen(body):
        return Unsettled(_SEEN)
    available = status.get("availableReplicas", status.get("readyReplicas", 0))
    return _counted(spec.get("replicas", 1), status.get("updatedReplicas", 0), available)


def _daemon_set(body: Json) -> Progress:
    status = body.get("status", {})
    if _unseen(body):
        return Unsettled(_SEEN)
    wanted = status.get("desiredNumberScheduled", 0)
    if not wanted:
        return OnHold(Reason.SCALED_TO_ZERO, "it runs on no node")
    return _counted(wanted, status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0))


def _argo_rollout(body: Json) -> Progress:
    spec, status = body["spec"], body.get("status", {})
    if held := _held(spec, spec.get("paused")):
        return held
    # Argo writes the generation it has seen as text.
    if str(status.get("observedGeneration", "")) != str(body["metadata"].get("generation", 0)):
        return Unsettled(_SEEN)
    message = _quoted(status.get("message"))
    match status.get("phase"):
        case "Healthy":
            return InService()
        case "Degraded":
            return Broken(Reason.ROLLOUT_FAILED, f"its phase is Degraded{message}")
        case "Paused":
            return OnHold(Reason.ROLLOUT_PAUSED, f"its phase is Paused{message}")
        case _:
            replicas, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
            available = status.get("availableReplicas", 0)
            return Unsettled(f"{updated} of {replicas} replicas updated, {available} available{message}.")


def is_inference_service(body: Json) -> bool:
    """Whether it is KServe's."""
    return (body.get("apiVersion", "").partition("/")[0], body.get("kind")) == _INFERENCE_SERVICE


def _inference_service(body: Json, written: str) -> Progress:
    # The generation that KServe tells is that of a Deployment or Knative Service of its own, which counts by itself.
    fields = body["metadata"].get("managedFields", ())
    told = [str(each.get("time", "")) for each in fields if each.get("subresource") == "status"]
    if (told and max(told) < written) or "Ready" not in _conditions(body):
        return Unsettled(_SEEN)
    seen, model = _by_conditions(body), body.get("status", {}).get("modelStatus", {})
    match model.get("transitionStatus"):
        case "InProgress" if isinstance(seen, InService):
            return Unsettled("Its model is being loaded.")
        case "BlockedByFailedLoad" | "InvalidSpec" as said if not isinstance(seen, Broken):
            # It may still be said of the pods of before, so it decides only once the time is over.
            failure = _quoted(model.get("lastFailureInfo", {}).get("message"))
            trouble = Trouble(Reason.ROLLOUT_FAILED, f"its model is not loaded ({said}){failure}")
            return Unsettled("Its model is not loaded.", trouble)
        case _:
            return seen


def _by_conditions(body: Json) -> Progress:
    conditions = _conditions(body)
    stalled, ready = conditions.get("Stalled", {}), conditions.get("Ready", {})
    if stalled.get("status") == "True":
        return Broken(Reason.ROLLOUT_FAILED, f"it is Stalled{_quoted(stalled.get('message'))}")
    if conditions.get("Reconciling", {}).get("status") == "True":
        return Unsettled("It is reconciling.")
    if "status" not in body or ready.get("status") in ("False", "Unknown"):
        return Unsettled(f"It is not Ready{_quoted(ready.get('message'))}.")
    return InService()


def _held(spec: Json, paused: object) -> OnHold | None:
    if paused:
        return OnHold(Reason.ROLLOUT_PAUSED, "it is paused")
    if spec.get("replicas", 1) == 0:
        return OnHold(Reason.SCALED_TO_ZERO, "it is scaled to 0 replicas")
    return None


def _counted(wanted: int, updated: int, available: int, old: int = 0, refusal: str = "") -> Progress:
    if updated == wanted == available and not old:
        return InService()
    left = f", {old} old left" if old > 0 else ""
    return Unsettled(f"{updated} of {wanted} replicas updated, {available} available{left}.", refusal=refusal)


def _unseen(body: Json) -> bool:
    """Whether the controller has yet to look at the newest spec. One that tells no generation is taken at its word."""
    status = body.get("status")
    observed = status.get("observedGeneration") if isinstance(status, dict) else None
    known_to_tell = body.get("apiVersion") == "apps/v1"
    if observed is None:
        return known_to_tell
    # What is no number is not understood, and so has not been seen.
    return not isinstance(observed, int) or observed < body["metadata"].get("generation", 0)


def _conditions(body: Json) -> dict[str, Json]:
    """Conditions by their type; what stands there in another shape, as a kind may choose, tells nothing."""
    status = body.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    found = conditions if isinstance(conditions, list) else []
    return {each["type"]: each for each in found if isinstance(each, dict) and isinstance(each.get("type"), str)}


def _quoted(message: object) -> str:
    return f": {plain(message, QUOTED).rstrip('.')}" if isinstance(message, str) and message else ""
