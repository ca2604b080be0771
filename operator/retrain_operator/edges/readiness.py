"""How far a workload's rollout is, read from what the workload itself tells.

Deployments, StatefulSets and DaemonSets tell it in numbers, as `kubectl rollout status` reads them. Argo's Rollout has
a phase. Of any other kind the rules of kstatus hold: a controller that has seen the newest spec, no condition Stalled
or Reconciling, and Ready, where there is one, True; see https://github.com/kubernetes-sigs/cli-utils, pkg/kstatus.
"""

from typing import Any

from retrain_operator.model.plain import plain
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import Broken, InService, OnHold, Progress, Unsettled

Json = dict[str, Any]

QUOTED = 300
"""Characters of what a workload says itself."""
_SEEN = "Its controller has not seen the change yet."


def progress(body: Json) -> Progress:
    """How far it is."""
    match body.get("apiVersion", "").partition("/")[0], body.get("kind"):
        case "apps", "Deployment":
            return _deployment(body)
        case "apps", "StatefulSet":
            return _stateful_set(body)
        case "apps", "DaemonSet":
            return _daemon_set(body)
        case "argoproj.io", "Rollout":
            return _argo_rollout(body)
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
            return Unsettled(
                f"{status.get('availableReplicas', 0)} of {spec.get('replicas', 1)} replicas are available."
            )


def _by_conditions(body: Json) -> Progress:
    if _unseen(body):
        return Unsettled(_SEEN)
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
    return Unsettled(f"{updated} updated, {available} of {wanted} replicas are available.", refusal=refusal)


def _unseen(body: Json) -> bool:
    """Whether the controller has yet to look at the newest spec. One that tells no generation is taken at its word."""
    observed = body.get("status", {}).get("observedGeneration")
    known_to_tell = body.get("apiVersion") == "apps/v1"
    if observed is None:
        return known_to_tell
    return int(observed) < int(body["metadata"].get("generation", 0))


def _conditions(body: Json) -> dict[str, Json]:
    return {each["type"]: each for each in body.get("status", {}).get("conditions", ())}


def _quoted(message: object) -> str:
    return f": {plain(message, QUOTED).rstrip('.')}" if isinstance(message, str) and message else ""
