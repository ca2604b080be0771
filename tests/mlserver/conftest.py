"""Versions of three models, made by the trainer's own steps, and servers of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mlserver.real import LIVE, PROBE, MLServer, running
from tests.trainer.world import Edit, World

Columns = dict[str, Any]


def in_words(columns: Columns) -> Columns:
    """A label of three words, and values that are missing."""
    holes = np.where(columns["a"] > 1.5, np.nan, columns["a"])
    words = np.array(["low", "middle", "high"])[np.digitize(columns["b"] + columns["c"], [-0.5, 0.5])]
    return columns | {"a": holes, "y": words}


def in_numbers(columns: Columns) -> Columns:
    return columns | {"y": 2 * columns["a"] - columns["b"] + 0.1 * columns["c"]}


def store(root: Path, name: str, runs: tuple[str, ...], edit: Edit | None, **task: Any) -> None:
    """Fill a store of this name with a version for each run, the first of which is promoted."""
    folder = root / f"world-{name}"
    folder.mkdir()
    model = {"store": f"file://{root}/stores/{name}", "joblib": True, **task.pop("model", {})}
    with pytest.MonkeyPatch.context() as patch:
        world = World(folder, patch)
        for number, run in enumerate(runs):
            world.add(*range(6 * number, 6 * number + 6), edit=edit)
            done = world.run(run, model=model, **task)
            assert done.evaluate.candidate is not None, done
            if not number:
                world.promote(done)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three stores: two versions of churn, one of price, one of level."""
    root = tmp_path_factory.mktemp("models")
    store(root, "churn", ("first", "second"), None)
    forest = {"estimator": "HistGradientBoostingClassifier", "mode": "Refit", "parameters": {"max_iter": 20}}
    store(root, "level", ("first",), in_words, model=forest)
    line = {"estimator": "SGDRegressor", "parameters": {}}
    store(root, "price", ("first",), in_numbers, model=line, evaluation={"gates": [{"metric": "r2"}]})
    return root / "stores"


@pytest.fixture(scope="session")
def whole(stores: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    """One server of the folder with all stores, which is not how to do it."""
    with running(f"file://{stores}", tmp_path_factory.mktemp("whole") / "run") as server:
        server.wait("/v2/health/ready")
        yield server


@pytest.fixture(scope="session")
def one(stores: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    """One server of the older version of churn, as the page says, ready as its probe sees it."""
    with running(f"file://{stores}/churn/v000001-first", tmp_path_factory.mktemp("one") / "run") as server:
        server.wait(PROBE)
        yield server


@pytest.fixture
def none(tmp_path: Path) -> Iterator[MLServer]:
    """One server before there is a model."""
    with running("", tmp_path / "run") as server:
        server.wait(LIVE)
        yield server
