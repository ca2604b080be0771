"""YAML and JSON as kubectl reads them, with the line of every field.

Only plain data is read. A text cannot make its reader work without end: depth and what aliases repeat are bounded.
"""

# The package's stubs say little of how nodes are composed.
# mypy: allow-untyped-calls

import json
import math
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import yaml

from retrain_operator.model.mistakes import Mistake, Path, in_quotes, quoted

DEEPEST = 100
REPEATED_AT_MOST = 1000
"""Values that the aliases of one document may write once more."""
TOLD_AT_MOST = 100
_TAG = "tag:yaml.org,2002:"
_WHOLE_FROM = 2**53


class NotYamlError(Exception):
    """Where a text stops being YAML, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Composes nodes whose plain scalars mean what they mean to kubectl: `y` is true, 12:30 and 2024-01-01 are text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # the stubs have it in each object
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if self.depth == DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"values are nested more than {DEEPEST} deep", problem_mark=event.start_mark
            )
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(event.anchor, None)  # an anchor may be written again, and then means the newer value
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


PLAIN = {
    "bool": "y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF",
    "int": "[-+]?(0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0|[1-9][0-9_]*)",
    "float": r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "null": "|~|null|Null|NULL",
    "merge": "<<",
}
"""What a scalar without quotes and tag means to kubectl when it looks so; else it is text."""
for _name, _pattern in PLAIN.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"(?:{_pattern})\\Z"), None)


def nodes(text: str) -> Iterator[yaml.MappingNode]:
    """The objects of a text, in their order; what is no mapping is left out. NotYamlError when it is no YAML."""
    try:
        loader = _Loader(_spaced(text))
        while loader.check_node():
            node = loader.get_node()
            if isinstance(node, yaml.MappingNode):
                yield node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYamlError(mark.line + 1 if mark else 1, error.problem or "this is no YAML") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NotYamlError(line, f"the character {chr(error.character)!r} may not stand here") from None


def _spaced(text: str) -> str:
    """JSON may be indented by tabs, YAML may not. Within its strings JSON has none."""
    if "\t" not in text or not text.lstrip().startswith("{"):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


class Reading:
    """An object as plain data, the line of each of its fields, and what is wrong with how it is written."""

    def __init__(self, node: yaml.MappingNode) -> None:
        self._lines: dict[Path, int] = {(): _line(node)}
        self._written: dict[Path, tuple[str, object]] = {}
        self._seen: set[int] = set()
        self._repeated = self._depth = 0
        self.mistakes: list[Mistake] = []
        self.value: dict[str, Any] = self._mapping(node, ())

    def line(self, path: Path) -> int:
        """Where a field is written; for one that is not, where the nearest one around it is."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def told(self, mistake: Mistake, inside: Path = ()) -> str:
        """What is wrong; of what lacks quotes, the very text to put into them. `inside` leads to the policy."""
        text, value = self._written.get((*inside, *mistake.path), ("", None))
        if not (mistake.unquoted and text):
            return mistake.message
        means = quoted(value)
        return in_quotes(text) + ("" if means == text else f"; without them YAML reads {means}")

    def _wrong(self, path: Path, message: str) -> None:
        if len(self.mistakes) < TOLD_AT_MOST:
            self.mistakes.append(Mistake(path, message))

    def _read(self, node: yaml.Node, path: Path) -> Any:
        if id(node) in self._seen:
            self._repeated += 1
        self._seen.add(id(node))
        if self._repeated > REPEATED_AT_MOST or self._depth == DEEPEST:
            if not any(path[: len(each.path)] == each.path for each in self.mistakes):
                self._wrong(path[:1], f"aliases repeat more than {REPEATED_AT_MOST} values, or go round in a circle")
            return None
        self._depth += 1
        value = self._plain(node, path)
        self._depth -= 1
        return value

    def _plain(self, node: yaml.Node, path: Path) -> Any:
        match node:
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                return self._mapping(node, path)
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
            case yaml.ScalarNode(tag=tag) if tag.removeprefix(_TAG) in {*PLAIN, "str"}:
                value = self._scalar(node, path)
                self._written[path] = _text(node.value), value
                return value
        self._wrong(path, f"has the tag {quoted(node.tag)}; only plain YAML is read")
        return None

    def _item(self, node: yaml.Node, path: Path) -> Any:
        self._lines[path] = _line(node)
        return self._read(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged = [value for key, value in node.value if key.tag == f"{_TAG}merge"]
        read = self._merged(merged, path)
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(path, "has a key that is no text")
                continue
            key = _text(key_node.value)
            here = (*path, key)
            if key in lines:
                self._wrong(here, f"is written twice, first in line {lines[key]}")
            self._lines[here] = lines[key] = _line(key_node)
            read[key] = self._read(value_node, here)
        return read

    def _merged(self, values: list[yaml.Node], path: Path) -> dict[str, Any]:
        """What `<<` brings in; of several the first counts."""
        brought: dict[str, Any] = {}
        for value in values:
            for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(part, yaml.MappingNode):
                    brought = {**(self._read(part, path) or {}), **brought}
                else:
                    self._wrong(path, "<< must name a mapping")
        return brought

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text = _text(node.value)
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() in {"y", "yes", "true", "on"}
            case "int" | "float" as kind:
                number = _number(text, kind)
                if number is None:
                    self._wrong(path, f"is {quoted(text)}, which no Kubernetes object can hold")
                return number
            case _:
                return text


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _number(text: str, kind: str) -> int | float | None:
    """A number as JSON has it: a whole one is whole however it is written. None for one that JSON cannot hold."""
    digits = text.replace("_", "").lower()
    try:
        if kind == "int":
            return int(re.sub("^([-+]?)0([0-7])", r"\1 0o\2", digits).replace(" ", ""), 0)
        number = float(digits)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _WHOLE_FROM else number


def _text(value: str) -> str:
    """A text whose characters from beyond 16 bits were written as pairs, as JSON writes them."""
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
