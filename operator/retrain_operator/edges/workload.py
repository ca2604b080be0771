"""The workload that serves a model, read into facts: where its model is named, who wrote that, what its pods suffer.

Every kind with a pod template is read by container and variable; any other by a path to one field.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from retrain_operator.edges.readiness import is_inference_service, progress
from retrain_operator.model.names import DIGEST_ANNOTATION, RUN_LABEL
from retrain_operator.model.plain import plain
from retrain_operator.model.reason import Reason
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.target import (
    ContainerAbsent,
    FieldAbsent,
    InService,
    Marks,
    Serving,
    Target,
    Trouble,
    Unsettled,
    VariableAbsent,
    VariableFromSource,
)

Json = dict[str, Any]

PULL_PROBLEMS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_TEMPLATE = ("spec", "template", "spec")


def serving(body: Json, rollout: Rollout, me: str) -> Target:
    """The workload, as far as a rollout is concerned with it. `me` is the field manager that is us."""
    return _at_path(body, rollout.path, me) if rollout.path else _in_template(body, rollout, me)


def _in_template(body: Json, rollout: Rollout, me: str) -> Target:
    containers = _inside(body, _TEMPLATE).get("containers") or []
    names = [each.get("name", "") for each in containers]
    if rollout.container not in names:
        return ContainerAbsent(tuple(names))
    place = names.index(rollout.container)
    variables = containers[place].get("env") or []
    index = next((n for n, each in enumerate(variables) if each["name"] == rollout.env), None)
    if index is None:
        return VariableAbsent(tuple(each["name"] for each in variables if "valueFrom" not in each))
    variable = variables[index]
    if "valueFrom" in variable:
        return VariableFromSource()
    owned = (
        *(f"f:{word}" for word in _TEMPLATE),
        "f:containers",
        f'k:{{"name":"{rollout.container}"}}',
        "f:env",
        f'k:{{"name":"{rollout.env}"}}',
        "f:value",
    )
    at = f"/{'/'.join(_TEMPLATE)}/containers/{place}/env/{index}/value"
    marks = _marks(body, ("spec", "template", "metadata"))
    return _serving(body, at, variable.get("value"), marks, _writer(body, owned), me)


def _at_path(body: Json, path: str, me: str) -> Target:
    *way, last = path.split(".")
    inside = _inside(body, way)
    value = inside.get(last)
    if not inside or not isinstance(value, str | None):
        return FieldAbsent()
    owned = tuple(f"f:{word}" for word in (*way, last))
    return _serving(body, f"/{'/'.join((*way, last))}", value, _marks(body, ("metadata",)), _writer(body, owned), me)


def _serving(body: Json, at: str, value: str | None, marks: Marks, writer: Json, me: str) -> Serving:
    meta, manager = body["metadata"], writer.get("manager", "")
    return Serving(
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        value=value or "",
        at=at,
        there=value is not None,
        marks=marks,
        progress=progress(body, writer.get("time", "")),
        manager="" if manager == me else plain(manager, 128),
    )


def _inside(body: Json, way: Iterable[str]) -> Json:
    """The object at the end of a way, empty when the way ends before."""
    inner: Any = body
    for word in way:
        inner = inner.get(word) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}


def _marks(body: Json, way: tuple[str, ...]) -> Marks:
    known = _inside(body, (*way, "annotations"))
    return Marks(
        at=f"/{'/'.join(way)}/annotations",
        there=bool(known),  # JSON Patch cannot add a key to an object that is not there
        bare=not _inside(body, way),
        digest=str(known.get(DIGEST_ANNOTATION, "")),
        run=str(known.get(RUN_LABEL, "")),
    )


def _writer(body: Json, owned: tuple[str, ...]) -> Json:
    """Who wrote the field last and when, as the API server's record of fields says; empty when it does not."""
    wrote = [each for each in body["metadata"].get("managedFields", ()) if _owns(each.get("fieldsV1"), owned)]
    return max(wrote, key=lambda each: str(each.get("time", "")), default={})


def _owns(fields: object, owned: tuple[str, ...]) -> bool:
    if not fields:
        return False
    inner: Any = fields
    for word in owned:
        if inner == {}:
            return True  # a list or object that is owned as a whole, as custom resources have them
        if not isinstance(inner, dict) or word not in inner:
            return False
        inner = inner[word]
    return True


def selector(body: Json) -> str:
    """The label selector of a workload's pods; empty when it has none that is plain."""
    if is_inference_service(body):
        return f"serving.kserve.io/inferenceservice={body['metadata']['name']}"
    labels = _inside(body, ("spec", "selector", "matchLabels"))
    return ",".join(f"{name}={value}" for name, value in labels.items())


def trouble(pods: Iterable[Json], run: str) -> Trouble | None:
    """What the pods of a run's rollout suffer from, told of the first that does."""
    own = (pod for pod in pods if pod["metadata"].get("annotations", {}).get(RUN_LABEL, "") == run)
    found = (_ill(pod, status) for pod in own for status in _statuses(pod))
    return next(filter(None, found), None)


def _statuses(pod: Json) -> list[Json]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]


def _ill(pod: Json, status: Json) -> Trouble | None:
    name, where = status["name"], pod["metadata"]["name"]
    match status.get("state", {}).get("waiting", {}).get("reason"):
        case reason if reason in PULL_PROBLEMS:
            message = f'container "{name}" of pod {where} cannot pull image {status["image"]} ({reason})'
            return Trouble(Reason.IMAGE_PULL_FAILED, plain(message, 400))
        case reason if reason == "CrashLoopBackOff" or _fell(status):
            last = status.get("lastState", {}).get("terminated", {})
            ended = f"with exit code {last['exitCode']}" if "exitCode" in last else "again and again"
            message = f'container "{name}" of pod {where} ends {ended}; see kubectl logs {where} --previous'
            return Trouble(Reason.CRASH_LOOP, plain(message, 400))
        case _:
            return None


def _fell(status: Json) -> bool:
    """Whether a container was started again and is not ready yet: between two falls it runs, and looks well."""
    last = status.get("lastState", {}).get("terminated", {})
    return status.get("restartCount", 0) > 0 and not status.get("ready") and last.get("exitCode", 0) != 0


def wants_pods(body: Json, seen: Serving) -> bool:
    """Whether its pods tell what it does not: of KServe's the old ones answer, and it is Ready, while new ones fail."""
    hides = is_inference_service(body) and isinstance(seen.progress, InService)
    return hides or isinstance(seen.progress, Unsettled)


def with_pods(seen: Serving, pods: list[Json], run: str) -> Serving:
    """The workload, with what its pods tell of the rollout of that run."""
    found, progress = trouble(pods, run), seen.progress
    if isinstance(progress, InService) and _mixed(pods):
        progress = Unsettled("Pods of before are still there.")
    if isinstance(progress, Unsettled):
        progress = replace(progress, trouble=found or progress.trouble)
    return replace(seen, progress=progress)


def _mixed(pods: list[Json]) -> bool:
    """Whether some of a Deployment's pods are of another template than others: its rollout is not over."""
    templates: dict[str, set[str]] = {}
    for pod in pods:
        template = pod["metadata"].get("labels", {}).get("pod-template-hash", "")
        owner = next((each["name"] for each in pod["metadata"].get("ownerReferences", ())), "")
        templates.setdefault(owner.removesuffix(f"-{template}"), set()).add(template)
    return any(len(each) > 1 for each in templates.values())
