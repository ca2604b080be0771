"""The committed definitions are those of the models, and say and bound all that a user may write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrain_operator.crd import POLICY, RUN, Kind, files
from retrain_operator.structural import structural

CRDS = Path(__file__).parents[2] / "crds"
KINDS = pytest.mark.parametrize("kind", [POLICY, RUN], ids=lambda kind: kind.name)


def test_the_committed_definitions_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text() for path in CRDS.glob("retrain.dev_*.yaml")}
    assert committed == files(), "run `make crds` and commit what it wrote"


def fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field below a schema with its path; items of lists and values of maps too."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
        yield from fields(part, f"{path}.{name}")
    for inner, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if inner in schema:
            yield f"{path}{mark}", schema[inner]
            yield from fields(schema[inner], f"{path}{mark}")


def all_fields(kind: Kind) -> list[tuple[str, dict[str, Any]]]:
    return [*fields(structural(kind.spec), "spec"), *fields(structural(kind.status), "status")]


@KINDS
def test_every_field_has_a_description(kind: Kind) -> None:
    named = [(path, schema) for path, schema in all_fields(kind) if not path.endswith(("[]", "{}"))]
    assert [path for path, schema in named if not schema.get("description", "").endswith(".")] == []


@KINDS
def test_everything_is_bounded(kind: Kind) -> None:
    bounds = {"string": ("maxLength", "enum", "format"), "array": ("maxItems",)}
    loose = [
        path
        for path, schema in all_fields(kind)
        if not any(bound in schema for bound in bounds.get(schema.get("type", ""), schema))
        or ("additionalProperties" in schema and "maxProperties" not in schema)
    ]
    assert loose == []


@KINDS
def test_columns_show_fields_that_exist(kind: Kind) -> None:
    known = {f".{path}" for path, _ in all_fields(kind)} | {".metadata.creationTimestamp"}
    for column in kind.columns:
        assert column.path.replace('[?(@.type=="Ready")]', "[]") in known
