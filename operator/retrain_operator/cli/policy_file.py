"""One policy out of a file, for commands that do with it on this machine what the operator would do in a cluster."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from retrain_operator.cli.lint.files import CannotReadError, Source
from retrain_operator.cli.lint.policy import KIND, name_of, wrong_with_policy
from retrain_operator.cli.lint.sense import contradictions
from retrain_operator.cli.lint.source import NotYamlError, Reading, nodes
from retrain_operator.model.mistakes import Mistake
from retrain_operator.model.plain import plain
from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.world import Policy


class PolicyFileError(ValueError):
    """Why the file gives no policy to work with, in a sentence."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy that was written down."""

    namespace: str
    name: str
    spec: PolicySpec

    def applied(self, at: datetime) -> Policy:
        """The policy, had it been applied at that time: a replay applies it when the recorded values begin."""
        return Policy(
            namespace=self.namespace,
            name=self.name,
            uid="backtest",
            generation=1,
            resource_version="1",
            spec=self.spec,
            status=PolicyStatus(),
            created=at,
        )


def read(path: str, name: str | None) -> Draft:
    """The policy in a file of YAML or JSON, `-` for standard input; of several that of the given name.

    Raises PolicyFileError.
    """
    found = list(_policies(path))
    chosen = [each for each in found if name in (None, each.name)]
    if len(chosen) == 1:
        return _draft(chosen[0], path)
    names = plain(", ".join(each.name for each in found), 500)
    if not found:
        raise PolicyFileError(f"{path}: There is no RetrainPolicy in it.")
    if not chosen:
        raise PolicyFileError(f"{path}: There is no policy {name} in it, but {names}.")
    if name:
        raise PolicyFileError(f"{path}: There are {len(chosen)} policies of the name {name} in it; keep one.")
    raise PolicyFileError(f"{path}: There are several policies in it; choose one with --policy: {names}.")


@dataclass(frozen=True, slots=True)
class _Found:
    """A policy as it is written, and where it was read."""

    value: dict[str, Any]
    reading: Reading
    inside: tuple[str | int, ...]
    """Which item of a List it is; nothing when it stands alone."""

    @property
    def name(self) -> str:
        return name_of(self.value)[1] or "unnamed"


def _policies(path: str) -> Iterator[_Found]:
    try:
        readings = [Reading(node) for node in nodes(Source(path).read())]
    except CannotReadError as error:
        raise PolicyFileError(f"{path} {error}.") from None
    except NotYamlError as error:
        raise PolicyFileError(f"{path}:{error.line}: This is no YAML: {plain(str(error), 500)}.") from None
    for reading in readings:
        items = reading.value.get("items")
        parts = enumerate(items) if reading.value.get("kind") == "List" and isinstance(items, list) else ()
        for inside, value in [((), reading.value), *((("items", index), item) for index, item in parts)]:
            if isinstance(value, dict) and value.get("kind") == KIND:
                yield _Found(value, reading, inside)


def _draft(found: _Found, path: str) -> Draft:
    namespace, name = name_of(found.value)
    wrong = [*found.reading.mistakes, *wrong_with_policy(found.value)]
    try:
        draft = Draft(namespace or "default", name, PolicySpec.model_validate(found.value.get("spec")))
    except ValidationError:
        raise _error(wrong, found, path) from None
    # A policy that contradicts itself may be tried, and whether a query is right is for its Prometheus to say.
    tried = set(contradictions(draft.spec, f"{draft.namespace}/{name}"))
    if wrong := [each for each in wrong if each not in tried and each.path[-1:] != ("query",)]:
        raise _error(wrong, found, path)
    return draft


def _error(wrong: list[Mistake], found: _Found, path: str) -> PolicyFileError:
    first = wrong[0]
    line = found.reading.line((*found.inside, *first.path))
    message = plain(found.reading.told(first, found.inside), 1000)
    more = f" ({len(wrong) - 1} more: kubectl retrain lint -f {path})" if len(wrong) > 1 else ""
    return PolicyFileError(f"{path}:{line}: {plain(first.field, 200)}: {message}{more}")
