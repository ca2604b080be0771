"""What is found in files: one line of words for each mistake, with its file, line, field and policy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import yaml

from retrain_operator.cli.lint.files import CannotReadError, Source, sources
from retrain_operator.cli.lint.policy import KIND, name_of, wrong_with_policy
from retrain_operator.cli.lint.source import TOLD_AT_MOST, NotYamlError, Reading, nodes
from retrain_operator.model.mistakes import REQUIRED, Mistake
from retrain_operator.model.names import GROUP
from retrain_operator.model.plain import plain

LONGEST_FIELD, LONGEST_MESSAGE = 200, 1000
_KINDS_OF_OTHERS = frozenset({"RetrainRun", "RetrainRunList"})
_LISTS = frozenset({"List", "RetrainPolicyList"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `line` is None for a file that cannot be read; `policy` is namespace/name if known."""

    file: str
    line: int | None
    field: str
    message: str
    policy: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, in the order of files and lines, and how much was looked at."""

    files: int
    policies: int
    findings: tuple[Finding, ...]


def lint(names: Iterable[str]) -> Report:
    """What is wrong with the policies of files, of all files below folders, and of standard input, called `-`."""
    files = policies = 0
    findings: list[Finding] = []
    for source in sources(names):
        files += 1
        count, found = _looked_at(source)
        policies += count
        findings += found
    return Report(files, policies, tuple(findings))


def _looked_at(source: Source) -> tuple[int, list[Finding]]:
    """How many policies a file has, and what is wrong with it. What never says retrain is somebody else's."""
    name = plain("<stdin>" if source.name == "-" else source.name, LONGEST_MESSAGE)
    try:
        text = source.read()
    except CannotReadError as error:
        return 0, [Finding(name, None, "", str(error), "")]
    count, found = 0, list[Finding]()
    if "retrain" not in text.lower():
        return count, found
    try:
        for node in _policies(text):
            count += 1
            found += _wrong(name, Reading(node), whole=not source.is_patch)
    except NotYamlError as error:
        hint = "; render the template first" if "{{" in text else ""
        found.append(Finding(name, error.line, "", plain(f"this is no YAML: {error}{hint}", LONGEST_MESSAGE), ""))
    return count, sorted(found, key=lambda each: each.line or 0)


def _policies(text: str) -> Iterator[yaml.MappingNode]:
    """The policies of a text, and what was probably meant to be one; those of lists too."""
    for node in nodes(text):
        candidates: list[yaml.Node] = [node]
        if _scalar(node, "kind") in _LISTS:
            items = next((value for key, value in node.value if key.value == "items"), None)
            candidates = items.value if isinstance(items, yaml.SequenceNode) else []
        yield from (each for each in candidates if isinstance(each, yaml.MappingNode) and _is_meant_as_policy(each))


def _is_meant_as_policy(node: yaml.MappingNode) -> bool:
    kind, group = _scalar(node, "kind"), _scalar(node, "apiVersion").partition("/")[0]
    return kind.lower() == KIND.lower() or (group == GROUP and kind not in _KINDS_OF_OTHERS)


def _scalar(node: yaml.MappingNode, field: str) -> str:
    found = next((value for key, value in node.value if key.value == field), None)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""


def _wrong(file: str, reading: Reading, *, whole: bool) -> list[Finding]:
    policy = "/".join(part for part in name_of(reading.value) if part)
    found = dict.fromkeys(islice(chain(reading.mistakes, wrong_with_policy(reading.value)), TOLD_AT_MOST))
    return [
        Finding(
            file,
            reading.line(each.path),
            plain(each.field, LONGEST_FIELD),
            plain(reading.told(each), LONGEST_MESSAGE),
            plain(policy, LONGEST_FIELD),
        )
        for each in found
        if whole or not _is_missing_from_a_part(each)
    ]


def _is_missing_from_a_part(mistake: Mistake) -> bool:
    """Whether a patch is right all the same: it leaves out what it does not change, and may say $patch."""
    return mistake.message == REQUIRED or mistake.field.rpartition(".")[2].startswith("$")
