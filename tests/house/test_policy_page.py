"""docs/policy.md is that of the models, and names every field, metric and estimator."""

from pathlib import Path

from retrain_operator.model.policy import PolicySpec
from retrain_operator.structural import structural
from retrain_trainer.learn.estimators import METRICS, MODULES, UPDATABLE
from tests.house.policy_page import WIDTH, page
from tests.house.test_samples import known

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()


def test_the_committed_page_is_that_of_the_models() -> None:
    assert page() == PAGE, "run `make crds` and commit what it wrote"


def test_it_names_every_field() -> None:
    told = PAGE.replace("[]", "")
    missing = [
        path
        for path in (each.removeprefix("spec.") for each in known(structural(PolicySpec), "spec"))
        if f"- `{path}` (" not in told and f"\n## {path}\n" not in told
    ]
    assert missing == []


def test_it_names_every_metric_and_estimator() -> None:
    metrics = [name for names in METRICS.values() for name in names]
    assert [name for name in (*metrics, *(each for each, _ in MODULES)) if f"`{name}`" not in PAGE] == []
    assert [name for name in metrics if f"| `{name}` |" not in PAGE] == [], "a line that says what it means"
    assert [name for name in UPDATABLE if f"`{name}`\\*" not in PAGE] == []


def test_it_tells_bounds_and_defaults() -> None:
    assert "- `data.label` (text, at most 128 characters, *required*): " in PAGE
    assert "- `model.mode` (`Incremental` or `Refit`): " in PAGE
    assert "Default: Incremental." in PAGE
    assert max(len(line) for line in PAGE.splitlines() if "](" not in line) <= WIDTH + len("-->")
