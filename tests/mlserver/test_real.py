"""The real MLServer serves what the trainer made, unchanged, and says of it what the reference server says."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrain_trainer.data.rows import Floats
from retrain_trainer.learn import pipeline
from retrain_trainer.store.manifest import JOBLIB, MANIFEST, SETTINGS
from retrain_trainer.store.versions import open_version
from tests.mlserver.real import PROBE, MLServer, running
from tests.trainer.client import serving

pytestmark = pytest.mark.mlserver

FIRST, SECOND = "v000001-first", "v000002-second"
ROWS = np.random.default_rng(7).normal(size=(200, 3)).round(4)


def request(*outputs: str, rows: Floats = ROWS) -> dict[str, Any]:
    """Ask for outputs of rows; what is not a number goes as null, since JSON has no other word for it."""
    data = [None if np.isnan(value) else value for value in rows.reshape(-1).tolist()]
    tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": data}
    return {"inputs": [tensor], "outputs": [{"name": name} for name in outputs]}


def data_of(answer: dict[str, Any]) -> dict[str, tuple[str, list[Any]]]:
    return {output["name"]: (output["datatype"], output["data"]) for output in answer["outputs"]}


@pytest.mark.parametrize(
    ("name", "version", "outputs"),
    [
        ("churn", FIRST, ["predict", "predict_proba"]),
        ("churn", SECOND, ["predict", "predict_proba"]),
        ("level", FIRST, ["predict", "predict_proba"]),
        ("price", FIRST, ["predict"]),
    ],
)
async def test_it_says_what_the_model_and_the_reference_server_say(
    stores: Path, whole: MLServer, name: str, version: str, outputs: list[str]
) -> None:
    rows = ROWS.copy()
    if name == "level":
        rows[::7, 0] = np.nan
    uri = f"file://{stores}/{name}/{version}"
    model = pipeline.load_model(open_version(uri, None))
    async with whole.client() as client, serving(uri) as reference:
        status, said = await client.post(f"/v2/models/{name}/versions/{version}/infer", request(*outputs, rows=rows))
        assert status == 200, said
        _, expected = await reference.post("/v2/models/store/infer", request(*outputs, rows=rows))
    assert (said["model_name"], said["model_version"]) == (name, version)
    assert data_of(said) == data_of(expected)
    for output in said["outputs"]:
        assert output["data"] == getattr(model, output["name"])(rows).reshape(-1).tolist()
        assert output["shape"] == [len(rows), len(output["data"]) // len(rows)]


async def test_the_command_of_the_page_serves_the_version_of_model_uri_and_no_other(one: MLServer) -> None:
    async with one.client() as client:
        status, said = await client.post("/v2/models/churn/infer", request("predict"))
        assert (status, said["model_version"]) == (200, FIRST)
        _, index = await client.post("/v2/repository/index", {})
        assert [(model["name"], model["version"], model["state"]) for model in index] == [("churn", FIRST, "READY")]


async def test_the_folder_of_a_store_serves_the_newest_version_whatever_became_of_it(whole: MLServer) -> None:
    """The second run's candidate was never promoted here. That is why the page names one version."""
    async with whole.client() as client:
        _, said = await client.post("/v2/models/churn/infer", request("predict"))
        assert said["model_version"] == SECOND
        _, index = await client.post("/v2/repository/index", {})
    found = sorted((model["name"], model["version"]) for model in index)
    assert found == [("churn", FIRST), ("churn", SECOND), ("level", FIRST), ("price", FIRST)]


async def test_columns_as_tensors_of_their_own_are_refused(one: MLServer) -> None:
    """The reference server takes them."""
    tensors = [{"name": name, "shape": [1, 1], "datatype": "FP64", "data": [0.5]} for name in "abc"]
    async with one.client() as client:
        status, said = await client.post("/v2/models/churn/infer", {"inputs": tensors})
    assert status != 200
    assert said["error"].endswith("The 'np' codec only supports a single input tensor (3 were received)")


def test_before_the_first_model_it_is_not_ready_by_the_probe_of_the_page(none: MLServer) -> None:
    assert none.status("/v2/health/ready") == 200, "which is why the page does not use it"
    assert none.status(PROBE) == 404


def test_a_model_that_cannot_be_loaded_ends_it(stores: Path, tmp_path: Path) -> None:
    """So the rollout of such a version stalls, and the operator takes it back."""
    spoiled = shutil.copytree(stores / "churn" / FIRST, tmp_path / "churn" / FIRST)
    (spoiled / JOBLIB).write_bytes((spoiled / JOBLIB).read_bytes()[:400])
    with running(f"file://{spoiled}", tmp_path / "run") as server:
        server.process.wait(120)
        assert "EOFError" in server.log.read_text()
        assert server.status(PROBE) == 0


async def test_an_answer_changes_nothing_in_the_store(stores: Path, whole: MLServer) -> None:
    async with whole.client() as client:
        assert (await client.post("/v2/models/churn/infer", request("predict")))[0] == 200
    require_unchanged(stores)


def require_unchanged(stores: Path) -> None:
    """Every version has the files of its manifest, byte by byte, and no other."""
    assert sorted(path.name for path in stores.iterdir()) == ["churn", "level", "price"]
    for folder in stores.glob("*/*"):
        version = open_version(f"file://{folder}", None)
        assert {path.name for path in folder.iterdir()} == {*version.manifest.files, MANIFEST}
        assert {JOBLIB, SETTINGS} <= set(version.manifest.files)
        for name in version.manifest.files:
            version.path_of(name)
