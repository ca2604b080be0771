"""The samples are policies as the operator reads them, and the fullest one leaves no field out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrain_operator.model.policy import PolicySpec
from retrain_operator.structural import structural

SAMPLES = Path(__file__).parents[2] / "manifests" / "samples"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_operator_reads_it(path: Path) -> None:
    PolicySpec.model_validate(yaml.safe_load(path.read_text())["spec"])


def test_the_fullest_has_every_field_or_names_the_one_that_excludes_another() -> None:
    text = (SAMPLES / "fullest.yaml").read_text()
    assert "# path: " in text
    spec = yaml.safe_load(text)["spec"]
    assert set(known(structural(PolicySpec), "spec")) - set(written(spec, "spec")) == {"spec.rollout.path"}


def known(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Paths of the fields of a schema; those of a list's items as if there were no list."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from known(part.get("items", part), f"{path}.{name}")


def written(value: Any, path: str) -> Iterator[str]:
    """Paths of the fields that are written out."""
    yield path
    match value:
        case dict():
            for name, part in value.items():
                yield from written(part, f"{path}.{name}")
        case list():
            for item in value:
                yield from written(item, path)
        case _:
            pass
