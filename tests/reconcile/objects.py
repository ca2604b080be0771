"""What an API server does to objects: copies, owners, and the two kinds of patch."""

import json
from typing import Any, TypeVar

Json = dict[str, Any]
JsonT = TypeVar("JsonT")


def copy(body: JsonT) -> JsonT:
    copied: JsonT = json.loads(json.dumps(body))
    return copied


def owned(body: Json, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in body["metadata"].get("ownerReferences", ()))


def merged(before: Json, patch: Json) -> Json:
    """RFC 7386: null removes, objects merge, all else replaces."""
    after = {**before}
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = merged(before.get(name) or {}, value) if isinstance(value, dict) else value
    return after


def preconditions(body: Json | list[Json]) -> list[tuple[str, str]]:
    if isinstance(body, dict):
        return list(body.get("metadata", {}).items())
    return [
        (path[2], each["value"])
        for each in body
        if (path := each["path"].split("/"))[1:] in (["metadata", "uid"], ["metadata", "resourceVersion"])
    ]


def apply(stored: Json, operations: list[Json]) -> None:
    """RFC 6902, as far as the operator uses it."""
    for each in operations:
        *way, last = [word.replace("~1", "/").replace("~0", "~") for word in each["path"].split("/")[1:]]
        inside: Any = stored
        for word in way:
            inside = inside[int(word) if isinstance(inside, list) else word]
        assert each["op"] == "add" or last in inside, f"{each['path']} is not there"
        if each["op"] == "remove":
            del inside[last]
        else:
            inside[last] = each["value"]
