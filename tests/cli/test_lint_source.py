"""YAML means to lint what it means to kubectl, every field has its line, and no text is too clever to be read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from retrain_operator.cli.lint.source import NotYamlError, Reading, nodes
from tests.cli.linted import findings

# What `kubectl label --local -o json` made of these, kubectl 1.32.
AS_KUBECTL: Mapping[str, Any] = {
    "y": True, "Yes": True, "on": True, "n": False, "OFF": False, "~": None, "": None, "null": None,
    "010": 8, "0o17": 15, "0x1F": 31, "0b11": 3, "1_000": 1000, "+1": 1, "-0": 0, "09": 9, "-010": -8,
    "1e3": 1000, "1E3": 1000, "1.": 1, "1.5e3": 1500, ".5": 0.5, "1.0": 1,
    "12:30": "12:30", "1:30.5": "1:30.5", "2024-01-01": "2024-01-01", "2024-01-01T00:00:00Z": "2024-01-01T00:00:00Z",
    "=": "=", "'1'": "1", '"y"': "y", "!!str 1": "1", "30s": "30s", "1.2.3": "1.2.3",
}  # fmt: skip


def read(text: str) -> Reading:
    """The first object of a text."""
    return Reading(next(nodes(text)))


def told(text: str) -> list[tuple[int, str, str]]:
    """Line, field and message of what is wrong with how the first object is written."""
    reading = read(text)
    return [(reading.line(each.path), each.field, each.message) for each in reading.mistakes]


@pytest.mark.parametrize(("written", "value"), AS_KUBECTL.items(), ids=AS_KUBECTL.keys())
def test_as_kubectl_reads_it(written: str, value: Any) -> None:
    found = read(f"a: {written}\n").value["a"]
    assert (found, type(found)) == (value, type(value))


def test_lines() -> None:
    reading = read("# a policy\na:\n  b:\n  - c: 1\n  - d: |-\n      text\n      more\ne: {f: 1}\n")
    assert reading.value == {"a": {"b": [{"c": 1}, {"d": "text\nmore"}]}, "e": {"f": 1}}
    paths = {(): 2, ("a",): 2, ("a", "b"): 3, ("a", "b", 0): 4, ("a", "b", 1, "d"): 5, ("e", "f"): 8}
    assert {path: reading.line(path) for path in paths} == paths
    assert reading.line(("a", "b", 1, "absent", "deeper")) == 5, "the nearest around what is not there"


def test_merged_mappings_give_way_to_what_is_written() -> None:
    text = "base: &base {x: 1, y: 1, z: 1}\nmore: &more {y: 2, w: 2}\nboth:\n  <<: [*more, *base]\n  z: 3\n"
    assert read(text).value["both"] == {"x": 1, "y": 2, "z": 3, "w": 2}
    assert told(text) == []


def test_an_anchor_may_be_set_anew() -> None:
    assert read("a: &x 1\nb: &x 2\nc: *x\n").value == {"a": 1, "b": 2, "c": 2}


def test_json_with_tabs_and_pairs() -> None:
    assert read('{\n\t"a": "\\ud83d\\ude00",\n\t"b": "\\ud800"\n}').value == {"a": "\U0001f600", "b": "\ufffd"}


def test_other_documents_are_told_apart() -> None:
    assert [Reading(node).value for node in nodes("---\na: 1\n---\n- list\n---\n---\nb: 2\n...\n")] == [
        {"a": 1},
        {"b": 2},
    ]


WRONG = {
    "a key twice": ("a: 1\nb: 2\na: 3\n", [(3, "a", "is written twice, first in line 1")]),
    "a key twice within a list": ("a:\n- b: 1\n  b: 2\n", [(3, "a[0].b", "is written twice, first in line 2")]),
    "infinity": ("a:\n  b: .inf\n", [(2, "a.b", "is '.inf', which no Kubernetes object can hold")]),
    "a number beyond all": ("a: 1e999\n", [(1, "a", "is '1e999', which no Kubernetes object can hold")]),
    "a tag": ("a: !vault secret\n", [(1, "a", "has the tag '!vault'; only plain YAML is read")]),
    "an object of a language": (
        "a: !!python/object/apply:os.system [id]\n",
        [(1, "a", "has the tag 'tag:yaml.org,2002:python/object/apply:os.system'; only plain YAML is read")],
    ),
    "a key that is a list": ("a: 1\n? [b]\n: c\n", [(1, "", "has a key that is no text")]),
    "a merge with no mapping": ("a:\n  <<: 1\n", [(1, "a", "<< must name a mapping")]),
    "a circle": ("a: &a [*a]\n", [(1, "a", "aliases repeat more than 1000 values, or go round in a circle")]),
    "a circle of merges": (
        "a: &a\n  <<: *a\n",
        [(1, "a", "aliases repeat more than 1000 values, or go round in a circle")],
    ),
    "a bomb": (
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"{n}: &{n} [{', '.join([f'*{m}'] * 10)}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True)),
        [(n, f, "aliases repeat more than 1000 values, or go round in a circle") for n, f in enumerate("cdefghi", 3)],
    ),
}


@pytest.mark.parametrize(("text", "found"), WRONG.values(), ids=WRONG.keys())
def test_wrongly_written(text: str, found: list[tuple[int, str, str]]) -> None:
    assert told(text) == found


NO_YAML = {
    "an open bracket": ("a: 1\nb: [\n", 3, "expected the node content, but found '<stream end>'"),
    "a tab": ("a:\n\tb: 1\n", 2, "found character '\\t' that cannot start any token"),
    "an unknown alias": ("a: 1\nb: *x\n", 2, "found undefined alias 'x'"),
    "a control character": ("a: 1\nb: \x07\n", 2, "the character '\\x07' may not stand here"),
    "a hundred thousand brackets": ("a: " + "[" * 100_000, 1, "values are nested more than 100 deep"),
    "a hundred thousand dashes": ("- " * 100_000, 1, "values are nested more than 100 deep"),
    "a template": ("a: 1\nb: {{ x }} y\n", 2, "expected <block end>, but found '<scalar>'"),
}


@pytest.mark.parametrize(("text", "line", "message"), NO_YAML.values(), ids=NO_YAML.keys())
def test_no_yaml(text: str, line: int, message: str) -> None:
    with pytest.raises(NotYamlError) as caught:
        list(nodes(text))
    assert (caught.value.line, str(caught.value)) == (line, message)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("y", '"y"; without them YAML reads true'),
        ("No", '"No"; without them YAML reads false'),
        ("010", '"010"; without them YAML reads 8'),
        ("7", '"7"'),
    ],
)
def test_what_lacks_quotes_is_told_as_it_stands(tmp_path: Path, written: str, said: str) -> None:
    head = "kind: RetrainPolicy\nspec:\n  data:\n    label: "
    found = [each.message for each in findings(tmp_path, head + written) if each.field == "spec.data.label"]
    assert found == [f"must be text: write it in quotes, {said}"], "who writes so gets the column that was meant"
