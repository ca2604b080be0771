"""What the pods of a workload tell of a rollout, where the workload itself does not: whose they are, how they are."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from retrain_operator.edges.readiness import is_inference_service
from retrain_operator.edges.workload import inside
from retrain_operator.model.access import Account
from retrain_operator.model.names import RUN_LABEL
from retrain_operator.model.plain import plain
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import TargetRef
from retrain_operator.model.target import InService, Serving, Trouble, Unsettled

Json = dict[str, Any]

ENDED = frozenset({"Succeeded", "Failed"})
"""Phases of pods that run no more. Those that were evicted stay for weeks, and others were made in their place."""
PULL_PROBLEMS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})


def selector(body: Json) -> str:
    """The label selector of a workload's pods; empty when it has none that is plain."""
    if is_inference_service(body):
        return f"serving.kserve.io/inferenceservice={body['metadata']['name']}"
    labels = inside(body, ("spec", "selector", "matchLabels"))
    return ",".join(f"{name}={value}" for name, value in labels.items())


def trouble(pods: Iterable[Json], run: str, container: str | None = None) -> Trouble | None:
    """What the pods of a run's rollout suffer from: the container that serves the model, else the first that does.

    Without a name any container may be the one that serves it.
    """
    found = [_ill(pod, status, container) for pod in pods if _is_of(pod, run) for status in _statuses(pod)]
    return max(filter(None, found), key=lambda each: each.restarts, default=None)


def _is_of(pod: Json, run: str) -> bool:
    """Whether a run's rollout made the pod, by the annotation of its template; KServe hands on that of the service."""
    return bool(pod["metadata"].get("annotations", {}).get(RUN_LABEL, "") == run)


def _statuses(pod: Json) -> list[Json]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]


def _ill(pod: Json, status: Json, container: str | None) -> Trouble | None:
    name, where = status["name"], pod["metadata"]["name"]
    match status.get("state", {}).get("waiting", {}).get("reason"):
        case reason if reason in PULL_PROBLEMS:
            message = f'container "{name}" of pod {where} cannot pull image {status["image"]} ({reason})'
            return Trouble(Reason.IMAGE_PULL_FAILED, plain(message, 400))
        case reason if reason == "CrashLoopBackOff" or _fell(status):
            last = status.get("lastState", {}).get("terminated", {})
            ended = f"with exit code {last['exitCode']}" if "exitCode" in last else "again and again"
            message = f'container "{name}" of pod {where} ends {ended}; see kubectl logs {where} --previous'
            restarts = status.get("restartCount", 0) if container in (None, name) else 0
            return Trouble(Reason.CRASH_LOOP, plain(message, 400), restarts)
        case _:
            return None


def _fell(status: Json) -> bool:
    """Whether a container was started again and is not ready yet: between two falls it runs, and looks well."""
    last = status.get("lastState", {}).get("terminated", {})
    return status.get("restartCount", 0) > 0 and not status.get("ready") and last.get("exitCode", 0) != 0


def hides(ref: TargetRef) -> bool:
    """Whether a workload of that kind may say that all is well while its new pods are not: its pods must be seen."""
    return is_inference_service({"apiVersion": ref.api_version, "kind": ref.kind})


def wants_pods(body: Json, seen: Serving) -> bool:
    """Whether its pods tell what it does not: of KServe's the old ones answer, and it is Ready, while new ones fail."""
    hides = is_inference_service(body) and isinstance(seen.progress, InService)
    return hides or isinstance(seen.progress, Unsettled)


def with_pods(seen: Serving, pods: list[Json], run: str, container: str | None = None) -> Serving:
    """The workload, with what its pods tell of the rollout of that run."""
    living = [pod for pod in pods if pod.get("status", {}).get("phase") not in ENDED]
    found, progress = trouble(living, run, container), seen.progress
    if isinstance(progress, InService) and (left := _left(living, run, seen.at)):
        progress = Unsettled(left)
    if isinstance(progress, Unsettled):
        progress = replace(progress, trouble=found or progress.trouble)
    return replace(seen, progress=progress)


def without_pods(seen: Serving, account: Account) -> Serving:
    """The workload, where the account may not see its pods: what only they could tell is not known, and not guessed."""
    if not isinstance(seen.progress, InService):
        return seen
    unknown = f"whether its pods run the model is not known, since {account} may not list pods"
    trouble = Trouble(Reason.MISSING_PERMISSION, f"{unknown}; grant it by a Role in namespace {account.namespace}")
    return replace(seen, progress=Unsettled("It is Ready, maybe by pods of before.", trouble))


def _left(pods: list[Json], run: str, at: str) -> str:
    """Why a service that is Ready is not in service yet; empty when it is, or has no pods now."""
    if _mixed(pods):
        return "Pods of before are still there."
    part = at.split("/")[2]  # KServe names the part of the spec that a pod is of, and annotates each part's pods alike
    own = [pod for pod in pods if pod["metadata"].get("labels", {}).get("component", part) == part]
    # What it says may be from before its controller saw the change, and the new pod not be made yet, or be refused.
    return "None of its pods is of this rollout yet." if own and not any(_is_of(pod, run) for pod in own) else ""


def _mixed(pods: list[Json]) -> bool:
    """Whether some of a Deployment's pods are of another template than others: its rollout is not over."""
    templates: dict[str, set[str]] = {}
    for pod in pods:
        template = pod["metadata"].get("labels", {}).get("pod-template-hash", "")
        owner = next((each["name"] for each in pod["metadata"].get("ownerReferences", ())), "")
        templates.setdefault(owner.removesuffix(f"-{template}"), set()).add(template)
    return any(len(each) > 1 for each in templates.values())
