"""Which policy a file gives to replay, and what is said of a file that gives none."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrain_operator.cli.policy_file import PolicyFileError, read
from tests.builders import SPEC

T0 = datetime(2024, 6, 1, 10, tzinfo=UTC)


def body(name: str = "churn", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "metadata": metadata, "spec": SPEC | parts}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.yaml"


def written(file: Path, *bodies: dict[str, Any]) -> str:
    file.write_text(yaml.safe_dump_all(bodies, sort_keys=False))
    return str(file)


def error(path: str, name: str | None = None) -> str:
    with pytest.raises(PolicyFileError) as told:
        read(path, name)
    return str(told.value).removeprefix(path)


def test_it_is_as_if_it_were_applied_at_a_time(file: Path) -> None:
    policy = read(written(file, {"kind": "ConfigMap"}, body(interval="1m")), None).applied(T0)
    assert (policy.namespace, policy.name, policy.created) == ("shop", "churn", T0)
    assert policy.spec.interval.total_seconds() == 60
    assert policy.status.last_run is None


def test_without_a_namespace_it_is_the_default_one(file: Path) -> None:
    assert read(written(file, {**body(), "metadata": {"name": "churn"}}), None).namespace == "default"


def test_of_several_one_is_chosen_by_name(file: Path) -> None:
    items = {"kind": "List", "apiVersion": "v1", "items": [body("fraud"), {"kind": "Secret"}]}
    path = written(file, body(), items)
    assert read(path, "fraud").name == "fraud"
    assert read(path, "churn").name == "churn"
    assert error(path) == ": There are several policies in it; choose one with --policy: churn, fraud."
    assert error(path, "frued") == ": There is no policy frued in it, but churn, fraud."
    assert error(written(file, body(), body()), "churn") == ": There are 2 policies of the name churn in it; keep one."


def test_a_mistake_in_the_spec_is_told_by_line_and_field(file: Path) -> None:
    triggers = [{"name": "drift", "prometheus": {"query": "x", "healthyRange": {"max": "much"}}}]
    path = written(file, {"kind": "Secret"}, body(triggers=triggers, intervall="1m"))
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "intervall" in text)
    said = "spec.intervall: is no field of the API; did you mean interval?"
    assert error(path) == f":{line}: {said} (1 more: kubectl retrain lint -f {path})"


def test_what_contradicts_itself_or_asks_nonsense_may_be_tried(file: Path) -> None:
    metric = {"query": "max(", "healthyRange": {"max": 1}, "for": "5s"}
    path = written(file, body(interval="1m", triggers=[{"name": "drift", "prometheus": metric}]))
    assert read(path, None).spec.triggers[0].name == "drift"


def test_a_schedule_that_nobody_could_follow_is_told(file: Path) -> None:
    path = written(file, body(triggers=[{"name": "nightly", "schedule": {"cron": "0 0 * * *", "timeZone": "Mars"}}]))
    said = ": spec.triggers[0].schedule.timeZone: 'Mars' is not an IANA time zone such as Europe/Berlin"
    assert error(path).endswith(said)


def test_what_is_no_policy_is_told(file: Path, tmp_path: Path) -> None:
    assert error(written(file, {"kind": "ConfigMap"})) == ": There is no RetrainPolicy in it."
    file.write_text("")
    assert error(str(file)) == ": There is no RetrainPolicy in it."
    file.write_text("a: 1\nb: [\n")
    assert error(str(file)).startswith(":3: This is no YAML: ")
    file.write_bytes(b"\xff\xfe\xff")
    assert error(str(file)) == " is not UTF-8: line 1 has the byte 0xff."
    assert error(str(tmp_path)) == " cannot be read: Is a directory."
    assert error(str(tmp_path / "absent")) == " does not exist."
    assert error(written(file, {**body(), "spec": None})) == ":6: spec: is required"
