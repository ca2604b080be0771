"""The change that a rollout makes to its target: one field, and the two annotations that say whose model it is.

As a JSON Patch it serves every kind alike, since custom resources know no strategic merge. It carries the UID and
version of the object that was looked at, so that it never lands on another one, and touches nothing else.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from retrain_operator.model.names import DIGEST_ANNOTATION, RUN_LABEL
from retrain_operator.model.rollout import Rollout
from retrain_operator.model.run import RolloutRecord
from retrain_operator.model.target import Marks, Serving, Target
from retrain_operator.model.world import Run

Json = dict[str, Any]


def rollout_patch(run: Run, record: RolloutRecord, serving: Serving, value: str) -> list[Json]:
    """The operations that name a model in the target: the one of the run, or the one before it."""
    ours = value == record.to and record.taken_back is None
    digest, maker = (digest_of(run), run.name) if ours else (record.from_digest, record.from_run)
    return [
        {"op": "replace", "path": "/metadata/uid", "value": serving.uid},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": serving.resource_version},
        _valued(serving, value, there=ours or record.from_there),
        *_marked(serving.marks, {DIGEST_ANNOTATION: digest, RUN_LABEL: maker}),
    ]


def _valued(serving: Serving, value: str, *, there: bool) -> Json:
    """The operation on the field: one that was not there before goes away again."""
    if not there:
        return {"op": "remove", "path": serving.at}
    return {"op": "replace" if serving.there else "add", "path": serving.at, "value": value}


def digest_of(run: Run) -> str:
    """Digest of the version that a run rolls out; empty when it is not known."""
    if run.spec.undo:
        return run.spec.undo.digest or ""
    return run.candidate.digest if run.candidate else ""


def _marked(marks: Marks, wanted: dict[str, str]) -> list[Json]:
    known = {DIGEST_ANNOTATION: marks.digest, RUN_LABEL: marks.run}
    if not marks.there:
        present = {name: value for name, value in wanted.items() if value}
        parent = {"path": marks.at.removesuffix("/annotations"), "value": {"annotations": present}}
        here = parent if marks.bare else {"path": marks.at, "value": present}
        return [{"op": "add", **here}] if present else []
    return [
        each for name, value in wanted.items() if (each := _mark(f"{marks.at}/{_escaped(name)}", known[name], value))
    ]


def _mark(at: str, known: str, wanted: str) -> Json | None:
    if known == wanted:
        return None
    return {"op": "add", "path": at, "value": wanted} if wanted else {"op": "remove", "path": at}


def _escaped(name: str) -> str:
    """A key as a JSON pointer has it."""
    return name.replace("~", "~0").replace("/", "~1")


def patch_type(rollout: Rollout) -> str:
    """What kubectl patch calls the kind of patch that is recommended."""
    if rollout.path:
        return "merge"
    # Of custom resources a merge patch would replace the whole list of containers.
    return "strategic" if rollout.target_ref.api_version.startswith("apps/") else "json"


def recommendation(run: Run, rollout: Rollout, value: str, target: Target) -> str | None:
    """The same change as a patch to commit; None where it takes a look at the target that was not to be had."""
    # A digest that is not known is taken away: that of another model must not stay.
    marks = {DIGEST_ANNOTATION: digest_of(run), RUN_LABEL: run.name}
    match patch_type(rollout):
        case "json":
            body: Any = _by_place(rollout, value, marks, target) if isinstance(target, Serving) else None
        case _:
            body = _by_names(rollout, value, {name: mark or None for name, mark in marks.items()})
    return yaml.safe_dump(body, sort_keys=False, width=1000) if body else None


def _by_place(rollout: Rollout, value: str, marks: dict[str, str], serving: Serving) -> list[Json]:
    """Operations on the places where container and variable were seen; elsewhere they are an error, and not done."""
    container, _, variable, _ = serving.at.rsplit("/", 3)
    return [
        {"op": "test", "path": f"{container}/name", "value": rollout.container},
        {"op": "test", "path": f"{container}/env/{variable}/name", "value": rollout.env},
        {"op": "replace" if serving.there else "add", "path": serving.at, "value": value},
        *_marked(serving.marks, marks),
    ]


def _by_names(rollout: Rollout, value: str, marks: Mapping[str, str | None]) -> Json:
    ref, annotations = rollout.target_ref, {"annotations": dict(marks)}
    head: Json = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name}}
    if not rollout.path:
        container = {"name": rollout.container, "env": [{"name": rollout.env, "value": value}]}
        return {**head, "spec": {"template": {"metadata": annotations, "spec": {"containers": [container]}}}}
    head["metadata"] |= annotations
    inside: Any = value
    for word in reversed(rollout.path.split(".")):
        inside = {word: inside}
    return {**head, **inside}
