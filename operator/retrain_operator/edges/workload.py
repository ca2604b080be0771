"""The workload that serves a model, read into facts: where its model is named, who wrote that, how far it is.

Every kind with a pod template is read by container and variable; any other by a path to one field.
"""

from collections.abc import Iterable
from typing import Any

from retrain_operator.edges.readiness import progress
from retrain_operator.model.names import DIGEST_ANNOTATION, RUN_LABEL
from retrain_operator.model.plain import plain
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.target import (
    ContainerAbsent,
    FieldAbsent,
    Marks,
    Serving,
    Target,
    VariableAbsent,
    VariableFromSource,
)

Json = dict[str, Any]

_TEMPLATE = ("spec", "template", "spec")


def serving(body: Json, rollout: Rollout, me: str) -> Target:
    """The workload, as far as a rollout is concerned with it. `me` is the field manager that is us."""
    return _at_path(body, rollout.path, me) if rollout.path else _in_template(body, rollout, me)


def _in_template(body: Json, rollout: Rollout, me: str) -> Target:
    containers = inside(body, _TEMPLATE).get("containers") or []
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
    holder = inside(body, way)
    value = holder.get(last)
    if not holder or not isinstance(value, str | None):
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


def inside(body: Json, way: Iterable[str]) -> Json:
    """The object at the end of a way, empty when the way ends before."""
    inner: Any = body
    for word in way:
        inner = inner.get(word) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}


def _marks(body: Json, way: tuple[str, ...]) -> Marks:
    known = inside(body, (*way, "annotations"))
    return Marks(
        at=f"/{'/'.join(way)}/annotations",
        there=bool(known),  # JSON Patch cannot add a key to an object that is not there
        bare=not inside(body, way),
        digest=_bounded(known.get(DIGEST_ANNOTATION), 128),
        run=_bounded(known.get(RUN_LABEL), 63),
    )


def _bounded(mark: object, longest: int) -> str:
    """An annotation as a run's status has room for; a longer one is nobody's model, and as if it were not there."""
    return mark if isinstance(mark, str) and len(mark) <= longest else ""


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
