"""What the API's schema alone says of a spec: fields it does not know, names that come twice, values that are null.

The pydantic models ignore the first, so that an older operator can read what a newer version writes.
"""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from retrain_operator.model.mistakes import Mistake, Path, quoted
from retrain_operator.structural import Schema


def strangers(value: Any, schema: Schema, path: Path) -> Iterator[Mistake]:
    """Fields that the schema does not have, and entries of a list that share what must tell them apart."""
    match value, schema:
        case dict(), {"properties": known}:
            yield from unknown(value, known, path)
            for key, part in value.items():
                yield from strangers(part, known.get(key, {}), (*path, key))
        case list(), {"items": items}:
            for index, part in enumerate(value):
                yield from strangers(part, items, (*path, index))
            for key in schema.get("x-kubernetes-list-map-keys", ()):
                yield from _namesakes(value, key, path)
        case _:
            pass


def unknown(value: dict[str, Any], known: Collection[str], path: Path) -> Iterator[Mistake]:
    """Keys of a mapping that are not known, each with the known one that was probably meant."""
    for key in value:
        if key not in known:
            yield Mistake((*path, key), f"is no field of the API{_meant(key, known)}")


def _meant(word: str, known: Collection[str]) -> str:
    """The known word that is nearest, as the end of a sentence; nothing when none is near."""
    lower = {each.lower(): each for each in known}
    near = get_close_matches(word.lower(), lower, n=1, cutoff=0.7)
    return f"; did you mean {lower[near[0]]}?" if near else ""


def without_nulls(value: Any, schema: Schema) -> Any:
    """The value as the API server keeps it: a known field that is null is one that is absent."""
    match value, schema:
        case dict(), {"properties": known}:
            return {
                key: without_nulls(part, known.get(key, {}))
                for key, part in value.items()
                if part is not None or key not in known
            }
        case list(), {"items": items}:
            return [without_nulls(part, items) for part in value]
        case _:
            return value


def _namesakes(entries: list[Any], key: str, path: Path) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        name = entry.get(key) if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        if name in first:
            yield Mistake((*path, index, key), f"is {quoted(name)} like that of {path[-1]}[{first[name]}]")
        first.setdefault(name, index)
