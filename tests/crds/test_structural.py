"""How what pydantic says becomes what a custom resource definition may say."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, JsonValue

from retrain_operator.model.scalars import Duration
from retrain_operator.structural import structural


class Inner(BaseModel):
    """An inner thing."""

    word: str | None = None
    number: int = 3


class Colour(StrEnum):
    """A colour."""

    RED = "Red"
    BLUE = "Blue"


def field(kind: Any, default: Any = ..., **extra: Any) -> dict[str, Any]:
    """The schema of one field of a model."""
    model = type("Model", (BaseModel,), {"__annotations__": {"field": kind}, "field": Field(default, **extra)})
    schema: dict[str, Any] = structural(model)["properties"]["field"]
    return schema


CASES = {
    "an optional field is one that may be absent": (field(str | None, None), {"type": "string"}),
    "a literal is an enum of one": (field(Literal["apps/v1"]), {"enum": ["apps/v1"], "type": "string"}),
    "a reference is inlined and the field's own description wins": (
        field(Colour, Colour.RED, description="Of the roof."),
        {"description": "Of the roof. Default: Red.", "enum": ["Red", "Blue"], "default": "Red", "type": "string"},
    ),
    "a duration's default is written as users write it": (
        field(Duration, timedelta(minutes=90), description="How long.")["description"],
        "How long. Default: 1h30m.",
    ),
    "a default is told as JSON": (
        field(bool, default=False, description="Stop.")["description"],
        "Stop. Default: false.",
    ),
    "an empty default says nothing": (field(str, "", description="Why.")["description"], "Why."),
    "nulls in a default are left out": (field(Inner, Inner())["default"], {"number": 3}),
    "any JSON is kept as it is": (
        field(dict[str, JsonValue])["additionalProperties"],
        {"x-kubernetes-preserve-unknown-fields": True},
    ),
    "a list is replaced as a whole": (
        field(tuple[str, ...], max_length=2),
        {"items": {"type": "string"}, "maxItems": 2, "type": "array", "x-kubernetes-list-type": "atomic"},
    ),
}


@pytest.mark.parametrize(("schema", "expected"), CASES.values(), ids=CASES.keys())
def test_rewritten(schema: Any, expected: Any) -> None:
    assert schema == expected


@pytest.mark.parametrize("kind", [int | str, tuple[int, str]])
def test_what_cannot_be_said_is_refused(kind: Any) -> None:
    with pytest.raises(TypeError, match="a structural schema has no unions or tuples of fixed length"):
        field(kind)
