"""A pydantic model as the structural schema that a custom resource definition needs: one tree of plain types.

Kubernetes takes no references, unions or nulls there. Bounds, defaults, descriptions and CEL rules come from the models
as they are.
"""

import json
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

LIST_KEYS = {
    "triggers": "name",
    "volumes": "mountPath",
    "env": "name",
    "gates": "metric",
    "conditions": "type",
    "steps": "name",
}
"""Lists that are maps to Kubernetes, and their key: no key may come twice, and server-side apply merges by it."""

_REWRITTEN = frozenset({"$defs", "title", "const", "propertyNames", "description"})
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def structural(model: type[BaseModel]) -> Schema:
    """The schema of a model, with the names and defaults it has on the wire; TypeError for a union or a fixed tuple."""
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    return _rewritten(schema, schema.get("$defs", {}), "")


def _rewritten(node: Schema, defs: Schema, name: str) -> Schema:
    node = _inlined(node, defs)
    schema = _description(node)
    schema |= {key: _without_nulls(value) for key, value in node.items() if key not in _REWRITTEN}
    schema |= _exclusive_bounds(node)
    match node:
        case {"properties": properties}:
            schema["properties"] = {key: _rewritten(part, defs, key) for key, part in properties.items()}
        case {"additionalProperties": dict(values)}:
            schema["additionalProperties"] = _rewritten(values, defs, "")
        case {"items": items}:
            schema["items"] = _rewritten(items, defs, "")
            schema |= _list_type(name)
        case {"const": value}:
            schema["enum"] = [value]
        case {"type": _}:
            pass
        case _:
            schema["x-kubernetes-preserve-unknown-fields"] = True
    return {key: value for key, value in schema.items() if value is not None}


def _inlined(node: Schema, defs: Schema) -> Schema:
    """A node with its reference or its "or null" resolved; what stands beside them wins."""
    match node:
        case {"$ref": str(ref), **beside}:
            return _inlined({**defs[ref.removeprefix("#/$defs/")], **beside}, defs)
        case {"anyOf": [only, {"type": "null"}], **beside}:
            return _inlined({**only, **beside}, defs)
        case {"anyOf": _} | {"oneOf": _} | {"prefixItems": _}:
            raise TypeError(f"a structural schema has no unions or tuples of fixed length, as in {node}")
        case _:
            return node


def _description(node: Schema) -> Schema:
    """What `kubectl explain` shows of a field. It leaves defaults out, so they are told in words."""
    match node:
        case {"description": str(told), "default": bool() | int() | float() | str() as default} if default != "":
            return {"description": f"{told} Default: {default if isinstance(default, str) else json.dumps(default)}."}
        case {"description": told}:
            return {"description": told}
        case _:
            return {}


def _exclusive_bounds(node: Schema) -> Schema:
    """Kubernetes writes bounds as OpenAPI 3.0 does: the bound, and beside it whether it is left out."""
    found = {key: node[key] for key in _EXCLUSIVE if key in node}
    return {_EXCLUSIVE[key]: bound for key, bound in found.items()} | dict.fromkeys(found, True)


def _list_type(name: str) -> Schema:
    if name in LIST_KEYS:
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [LIST_KEYS[name]]}
    return {"x-kubernetes-list-type": "atomic"}


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(part) for key, part in value.items() if part is not None}
        case list():
            return [_without_nulls(part) for part in value]
        case _:
            return value
