"""All that is wrong with one policy that is still a file: its head, its fields, its triggers, and its sense."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from retrain_operator.cli.lint import promql
from retrain_operator.cli.lint.fields import strangers, unknown, without_nulls
from retrain_operator.cli.lint.sense import contradictions
from retrain_operator.decide.schedule import mistake as schedule_mistake
from retrain_operator.model.mistakes import REQUIRED, Mistake, Path, mistakes, quoted
from retrain_operator.model.names import API_VERSION
from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.scalars import Name
from retrain_operator.model.trigger import CRON_FIELDS, ScheduleTrigger, cron_field
from retrain_operator.structural import structural

ModelT = TypeVar("ModelT", bound=BaseModel)

KIND = "RetrainPolicy"
_SCHEMA = structural(PolicySpec)
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_OF_THE_SERVER = (
    *("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
    *("managedFields", "ownerReferences", "finalizers", "selfLink"),
)


class _Metadata(BaseModel):
    """What a user writes of an object's metadata. A run is named after its policy, so that names are short."""

    model_config = ConfigDict(alias_generator=to_camel)
    name: Annotated[Name, Field(max_length=40)] | None = None
    generate_name: Annotated[str, Field(max_length=40)] | None = None
    namespace: Name | None = None
    labels: dict[str, str | None] = {}
    annotations: dict[str, str | None] = {}


_METADATA = structural(_Metadata)


def name_of(value: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of an object as it is written; empty where there is none."""
    metadata = value.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    namespace, name = known.get("namespace"), known.get("name")
    return namespace if isinstance(namespace, str) else "", name if isinstance(name, str) else ""


def wrong_with_policy(value: dict[str, Any]) -> Iterator[Mistake]:
    """What the API server would refuse in a policy, what the operator could not follow, and what contradicts itself."""
    for field, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if (written := value.get(field)) != expected:
            yield Mistake((field,), REQUIRED if written is None else f"must be {expected}; it is {quoted(written)}")
    yield from unknown(value, _TOP, ())
    yield from _wrong_with_metadata(value.get("metadata"))
    if value.get("spec") is None:
        yield Mistake(("spec",), REQUIRED)
        return
    namespace, name = name_of(value)
    yield from _wrong_with_spec(without_nulls(value["spec"], _SCHEMA), f"{namespace or 'default'}/{name}")


def _wrong_with_metadata(metadata: Any) -> Iterator[Mistake]:
    if isinstance(metadata, dict):
        yield from unknown(metadata, (*_METADATA["properties"], *_OF_THE_SERVER), ("metadata",))
    read = _read(_Metadata, without_nulls(metadata or {}, _METADATA), "metadata")
    if not isinstance(read, _Metadata):
        yield from read
    elif not (read.name or read.generate_name):
        yield Mistake(("metadata", "name"), REQUIRED)


def _wrong_with_spec(spec: Any, owner: str) -> Iterator[Mistake]:
    yield from strangers(spec, _SCHEMA, ("spec",))
    triggers = spec.get("triggers") if isinstance(spec, dict) else None
    for index, trigger in enumerate(triggers if isinstance(triggers, list) else ()):
        yield from _wrong_with_trigger(trigger, owner, ("spec", "triggers", index))
    read = _read(PolicySpec, spec, "spec")
    yield from contradictions(read, owner) if isinstance(read, PolicySpec) else read


def _read(model: type[ModelT], value: Any, parent: str) -> ModelT | tuple[Mistake, ...]:
    """The value as the model has it, or its mistakes. As to the API server, a number in quotes is no number."""
    try:
        return model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return mistakes(error, parent)


def _wrong_with_trigger(trigger: Any, owner: str, path: Path) -> Iterator[Mistake]:
    """What no schema sees in a trigger, whatever else is wrong with it."""
    for source, asked in trigger.items() if isinstance(trigger, dict) else ():
        match source, asked:
            case (("prometheus" | "dataVolume"), {"query": str(query)}) if query:
                if found := promql.mistake(query):
                    yield Mistake((*path, source, "query"), found)
            case "schedule", dict():
                yield from _wrong_with_schedule(asked, owner, (*path, source))
            case _:
                pass


def _wrong_with_schedule(written: dict[str, Any], owner: str, path: Path) -> Iterator[Mistake]:
    try:
        schedule = ScheduleTrigger.model_validate({key: written[key] for key in ("cron", "timeZone") if key in written})
    except ValidationError:
        return  # told already
    fields, here = schedule.cron.split(" "), (*path, "cron")
    if len(fields) != len(CRON_FIELDS):
        names = " ".join(name.replace(" ", "-") for name, _, _ in CRON_FIELDS)
        wide = len(schedule.cron.split()) == len(CRON_FIELDS)
        yield Mistake(here, "has more than one space in a row" if wide else f"needs five fields: {names}")
        return
    unfit = [
        Mistake(here, f"{name} (field {number}) is {quoted(text)}, but must be {span}, *, H, a range, a list or a step")
        for number, (text, (name, value, span)) in enumerate(zip(fields, CRON_FIELDS, strict=True), 1)
        if not re.match(cron_field(value), text.upper())
    ]
    yield from unfit
    if not unfit and (found := schedule_mistake(schedule, owner)):
        field, _, words = found.partition(" ")
        yield Mistake((*path, field), words)
