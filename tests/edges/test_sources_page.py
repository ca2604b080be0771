"""docs/sources.md: its samples are read as the product reads them, and its table has every reason."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from retrain_operator.edges import answer, prometheus, secret, sources
from retrain_operator.edges.configuration import read_configuration
from retrain_operator.edges.partner import IN_FLIGHT
from retrain_operator.model.reason import Reason
from retrain_operator.model.trigger import Trigger

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
SAMPLES: list[dict[str, Any]] = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def sample(field: str) -> Any:
    [found] = [each for each in SAMPLES if field in each]
    return found


def test_the_administrators_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(sample("allowedAddresses")))
    configuration = read_configuration(tmp_path / "sources.yaml", "http://elsewhere")
    assert [each.name for each in configuration.sources] == ["default", "mimir"]


def test_the_triggers_are_some() -> None:
    triggers = TypeAdapter(tuple[Trigger, ...]).validate_python(sample("triggers")["triggers"])
    assert [each.query.source for each in triggers if each.query] == ["mimir", None, "mimir"]


def test_the_overlay_replaces_what_is_shipped() -> None:
    shipped = yaml.safe_load((Path(__file__).parents[2] / "manifests" / "base" / "kustomization.yaml").read_text())
    [replacing], [shipping] = sample("configMapGenerator")["configMapGenerator"], shipped["configMapGenerator"]
    for field in ("name", "namespace", "files"):
        assert replacing[field] == shipping[field]


def test_the_table_has_every_reason_that_is_given() -> None:
    modules = (answer, prometheus, secret, sources)
    given = {
        Reason[name].value
        for module in modules
        for name in re.findall(r"Reason\.([A-Z_]+)", Path(str(module.__file__)).read_text())
    }
    assert set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)) == given


def test_the_numbers_are_those_of_the_code() -> None:
    assert (prometheus.TIMEOUT, prometheus.MOST_BYTES, IN_FLIGHT, secret.REMEMBERED.seconds) == (10, 1 << 20, 8, 60)
