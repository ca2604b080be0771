"""What the API server refuses, lint finds: every bad policy, every bound of the schema, and nothing in good ones."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrain_operator.cli.lint.findings import lint
from retrain_operator.cli.lint.policy import wrong_with_policy
from retrain_operator.model.mistakes import PATTERNS
from retrain_operator.model.policy import PolicySpec
from retrain_operator.structural import Schema, structural
from tests.cli.linted import told
from tests.crds.samples import cron, metric, policy
from tests.crds.test_bad_policies import ACCEPTED, REFUSED

ROOT = Path(__file__).parents[2]
GOOD = (*sorted((ROOT / "manifests" / "samples").glob("*.yaml")), ROOT / "manifests" / "demo" / "policy.yaml")
FULLEST = yaml.safe_load((ROOT / "manifests" / "samples" / "fullest.yaml").read_text())
Place = tuple[str | int, ...]


@pytest.mark.parametrize("body", [body for body, _ in REFUSED.values()], ids=REFUSED.keys())
def test_what_is_refused_at_apply_is_found(tmp_path: Path, body: dict[str, Any]) -> None:
    assert told(tmp_path, body) != []


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_accepted_at_apply_is_told_of_only_if_it_contradicts_itself(
    tmp_path: Path, body: dict[str, Any]
) -> None:
    assert [
        each for each in told(tmp_path, body) if not each.startswith("spec.cooldown.afterSuccess: is 1h, but")
    ] == []


def test_nothing_is_found_in_the_samples_and_the_demo() -> None:
    report = lint([str(path) for path in GOOD])
    assert (report.findings, report.policies) == ((), len(GOOD))


SAID = {
    "a name with a dot": "metadata.name: must be lower-case letters, digits and - only, such as churn-serving; it is "
    "'churn.v2'",
    "a name of 41 characters": "metadata.name: may have at most 40 characters",
    "four cron fields": "spec.triggers[0].schedule.cron: needs five fields: minute hour day-of-month month day-of-week",
    "two spaces between cron fields": "spec.triggers[0].schedule.cron: has more than one space in a row",
    "and its fourth field is no month": "spec.triggers[0].schedule.cron: month (field 4) is '0', but must be 1-12 or "
    "JAN-DEC, *, H, a range, a list or a step",
    "two triggers of one name": "spec.triggers[1].name: is 'drift' like that of triggers[0]",
    "an interval shorter than 5 s": "spec.interval: must be at least 5 seconds; it is 1s",
    "a duration in days": "spec.cooldown.afterFailure: '1d' is not a duration such as 90s, 5m or 1h30m",
    "an estimator with its module": "spec.model.estimator: must be the name of a scikit-learn class without its "
    "module, such as SGDClassifier; it is 'sklearn.svm.SVC'",
    "a volume below /tmp": "spec.trainer.volumes[0]: mountPath may not be /, /tmp, /workspace or below these two: they "
    "are the trainer's own",
    "no gate": "spec.evaluation.gates: must not be empty",
    "a target of no kind": "spec.rollout.targetRef.kind: must be a kind as Kubernetes writes it, such as Deployment; "
    "it is 'stateful set'",
    "two fields to change": "spec.rollout: name either container (with env), or path",
    "a target in another namespace": "spec.rollout.targetRef.namespace: is no field of the API",
    "no ServiceAccount": "spec.serviceAccountName: is required",
    "a misspelt field": "spec.cooldwon: is no field of the API; did you mean cooldown?",
}


@pytest.mark.parametrize("case", SAID)
def test_how_it_is_said(tmp_path: Path, case: str) -> None:
    assert SAID[case] in told(tmp_path, REFUSED[case][0])


def test_cron_that_no_schema_sees_through(tmp_path: Path) -> None:
    expressions = ("0 0 30 2 *", "0 0 * * XYZ", "30-10 * * * *", "H(9-3) * * * *", "0 0 L * *", "0 0 * * 5#2")
    assert [each for each in expressions if not told(tmp_path, policy(triggers=[cron(each)]))] == []


def test_what_kubectl_would_take_for_another_kind(tmp_path: Path) -> None:
    """Pydantic would read these all the same; the API server does not."""
    evaluation = {"gates": [{"metric": "f1"}], "confidence": "0.9"}
    written = policy(suspend="yes", history={"successfulRuns": "3"}, evaluation=evaluation)
    assert told(tmp_path, written) == [
        "spec.suspend: must be true or false; it is 'yes'",
        "spec.evaluation.confidence: must be a number; it is '0.9'",
        "spec.history.successfulRuns: must be a whole number; it is '3'",
    ]


def test_null_is_absent_as_to_the_api_server(tmp_path: Path) -> None:
    assert told(tmp_path, policy(cooldown=None, suspend=None, triggers=[metric(source=None)])) == []


def test_a_column_of_words_that_is_the_label(tmp_path: Path) -> None:
    data = {"source": "file:///data/*.csv", "label": "region", "categories": [{"column": "region"}]}
    said = "spec.data: categories names region, which is label, timeColumn or in exclude"
    assert told(tmp_path, policy(data=data)) == [said]


def test_a_list_is_not_called_empty_because_its_items_are_wrong(tmp_path: Path) -> None:
    assert told(tmp_path, policy(evaluation={"gates": [{"metric": "F1"}]})) == [
        "spec.evaluation.gates[0].metric: must be lower-case letters, digits and _ only, a letter first, such as "
        "log_loss; it is 'F1'"
    ]


def spoiled(schema: Schema, value: Any) -> Iterator[tuple[str, Any]]:
    """Values that a schema refuses, by what they break; `value` is one that it takes."""
    yield "type", 7 if schema["type"] in {"string", "object", "array", "boolean"} else "seven"
    for key, wrong in {
        "pattern": " ~ ",
        "enum": "Neither",
        "minLength": "",
        "maxLength": "a" * (schema.get("maxLength", 0) + 1),
        "minimum": schema.get("minimum", 0) - 1,
        "exclusiveMinimum": schema.get("exclusiveMinimum"),
        "maximum": schema.get("maximum", 0) + 1,
        "minItems": [],
        "maxItems": [value[0]] * (schema["maxItems"] + 1) if "maxItems" in schema else None,
        "maxProperties": {f"a{number}": 1 for number in range(schema.get("maxProperties", 0) + 1)},
    }.items():
        if key in schema:
            yield key, wrong
    if "must be at least" in str(schema.get("x-kubernetes-validations")):
        yield "a rule", "0s"


def places(schema: Schema, value: Any, place: Place) -> Iterator[tuple[Place, Schema, Any]]:
    """Every place that a policy fills, with its schema and value."""
    yield place, schema, value
    if "properties" in schema:
        for key, part in value.items():
            yield from places(schema["properties"][key], part, (*place, key))
    elif "items" in schema:
        for index, part in enumerate(value):
            yield from places(schema["items"], part, (*place, index))


def put(place: Place, value: Any) -> dict[str, Any]:
    """The fullest policy with another value in one place; without it when the value is an ellipsis."""
    body: Any = {"spec": deepcopy(FULLEST["spec"])}
    inner = body
    for part in place[:-1]:
        inner = inner[part]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return {**FULLEST, **body}


def breaches() -> Iterator[tuple[Place, str, dict[str, Any]]]:
    """The fullest policy, with each bound of the schema broken in turn: where, which, and the policy."""
    for place, schema, value in places(structural(PolicySpec), FULLEST["spec"], ("spec",)):
        for key, wrong in spoiled(schema, value):
            yield place, key, put(place, wrong)
        for key in schema.get("required", ()):
            yield (*place, key), "required", put((*place, key), ...)
        if "properties" in schema:
            yield (*place, "stranger"), "unknown", put((*place, "stranger"), 1)


def test_every_bound_of_the_schema_is_known_to_lint() -> None:
    broken = list(breaches())
    missed = [
        (place, key) for place, key, body in broken if place not in {each.path for each in wrong_with_policy(body)}
    ]
    assert missed == []
    assert len(broken) > 250


def patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    """Every pattern below a schema."""
    for key, part in schema.items():
        if key == "pattern" and isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            yield from patterns(part)


def test_every_pattern_has_words_with_an_example() -> None:
    assert set(patterns(structural(PolicySpec))) - set(PATTERNS) == set()
    assert [words for words in PATTERNS.values() if "such as" not in words] == []


def test_no_message_shows_a_pattern() -> None:
    messages = {each.message for _, _, body in breaches() for each in wrong_with_policy(body)}
    assert [each for each in messages if re.search(r"\^|\$|\[a-z|\[0-9|Value error|Input should", each)] == []
