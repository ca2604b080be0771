"""The reference server over real HTTP: what it answers, what it counts, and when it says that it is ready."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from sklearn.pipeline import Pipeline

from retrain_trainer import pipeline, serve
from retrain_trainer.contract import Model
from retrain_trainer.data import Floats
from retrain_trainer.profile import psi
from retrain_trainer.serve import Server, Settings
from retrain_trainer.store import open_version
from tests.trainer.world import World, flipped


class Client:
    """Speaks to one server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(path) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self.session.post(path, data=body if isinstance(body, str) else json.dumps(body)) as response:
            return response.status, await response.json()

    async def infer(self, rows: Floats, **more: Any) -> tuple[int, Any]:
        tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": rows.reshape(-1).tolist()}
        return await self.post("/v2/models/store/infer", {"inputs": [tensor], **more})

    async def ready(self) -> None:
        while (await self.get("/v2/health/ready"))[0] != 200:  # noqa: ASYNC110 - readiness is polled, as a kubelet does
            await asyncio.sleep(0.01)

    async def metrics(self) -> dict[str, float]:
        async with self.session.get("/metrics") as response:
            lines = (await response.text()).splitlines()
        series = (line.rsplit(" ", 1) for line in lines if line.startswith("retrain_"))
        return {name: float(value) for name, value in series}


@asynccontextmanager
async def serving(uri: str, *, ready: bool = True, window: int = 200, **settings: Any) -> AsyncIterator[Client]:
    server = Server(Settings(uri=uri, name="store", digest=settings.get("digest"), port=0, host=None, window=window))
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
            client = Client(session)
            if ready:
                await client.ready()
            yield client
    finally:
        await runner.cleanup()


@pytest.fixture
def uri(world: World) -> str:
    run = world.begin(6)
    assert run.evaluate.candidate is not None
    return run.evaluate.candidate.uri


def rows(world: World, week: int) -> tuple[Floats, list[int]]:
    columns = world.columns(week)
    return np.stack([columns[name] for name in "abc"], axis=1), columns["y"].tolist()


async def test_predictions_are_those_of_the_model_in_the_store(world: World, uri: str) -> None:
    features, _ = rows(world, 9)
    model = pipeline.load_model(open_version(uri, None))
    async with serving(uri) as client:
        status, answer = await client.infer(
            features, id="seven", outputs=[{"name": "predict"}, {"name": "predict_proba"}]
        )
    assert status == 200
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("seven", "store", "v000001-first")
    classes, chances = answer["outputs"]
    assert (classes["name"], classes["datatype"], classes["shape"]) == ("predict", "INT64", [336])
    assert classes["data"] == model.predict(features).tolist()
    assert chances["shape"] == [336, 2]
    assert chances["data"] == model.predict_proba(features).reshape(-1).tolist()


async def test_a_tensor_for_each_column_in_any_order_and_missing_values(uri: str) -> None:
    async with serving(uri) as client:
        tensors = [{"name": name, "shape": [2, 1], "datatype": "FP64", "data": [5, None]} for name in "cab"]
        status, answer = await client.post("/v2/models/store/versions/v000001-first/infer", {"inputs": tensors})
    assert status == 200
    assert answer["outputs"][0]["shape"] == [2]


async def test_what_the_server_says_of_itself(uri: str) -> None:
    async with serving(uri) as client:
        assert await client.get("/v2/health/live") == (200, {"live": True})
        assert await client.get("/v2/health/ready") == (200, {"ready": True})
        assert await client.get("/v2/models/store/ready") == (200, {"ready": True})
        assert (await client.get("/v2"))[1]["name"] == "retrain-operator"
        status, metadata = await client.get("/v2/models/store")
        assert status == 200
        assert metadata["inputs"] == [{"name": "input", "datatype": "FP64", "shape": [-1, 3]}]
        assert [output["name"] for output in metadata["outputs"]] == ["predict", "predict_proba"]
        assert metadata["parameters"]["columns"] == ["a", "b", "c"]
        status, error = await client.get("/v2/models/other")
        assert status == 404
        assert error["error"].startswith("This server has store in version v000001-first, not other in version ")
        assert (await client.get("/v2/models/store/versions/v000009-x/ready"))[0] == 404


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{", "The body is no JSON."),
        ("[]", "The body is no JSON object."),
        ({}, "inputs is missing: a list of tensors."),
        (
            {"inputs": [{"name": "input", "shape": [1, 2], "data": [1, 2]}]},
            "The shape must be rows x 3 and fit the data; columns: a, b, c.",
        ),
        (
            {"inputs": [{"name": "a", "data": [1]}, {"name": "b", "data": [1]}]},
            "No tensor is named c. The columns are a, ",
        ),
        (
            {"inputs": [{"name": n, "data": [1] * k} for n, k in (("a", 1), ("b", 2), ("c", 1))]},
            "The columns are not of ",
        ),
        (
            {"inputs": [{"name": "input", "shape": [1, 3], "data": ["x", 2, 3]}]},
            "The data of tensor input are no numbers.",
        ),
        (
            {"inputs": [{"name": "input", "shape": [1, 3], "data": [1, 2, 3, 4]}]},
            "The shape must be rows x 3 and fit the data; columns: a, b, c.",
        ),
        ({"inputs": [{"name": "input", "shape": [0, 3], "data": []}]}, "There are no rows."),
        (
            '{"inputs": [{"name": "i", "shape": [1, 3], "data": [1, 2, Infinity]}]}',
            "Rows may not hold infinite numbers.",
        ),
        (
            {"inputs": [{"name": "i", "shape": [1, 3], "data": [1, 2, 3]}], "outputs": [{"name": "x"}]},
            "There is no output x; there are predict and predict_proba.",
        ),
    ],
)
async def test_a_request_that_cannot_be_answered_says_why(uri: str, body: Any, error: str) -> None:
    async with serving(uri) as client:
        status, answer = await client.post("/v2/models/store/infer", body)
    assert status == 400
    assert answer["error"].startswith(error)


async def test_accuracy_is_correct_feedback_over_all_feedback(world: World, uri: str) -> None:
    features, truth = rows(world, 9)
    this, other = 'model="store",version="v000001-first"', 'model="store",version="v000000-old"'
    async with serving(uri) as client:
        assert (await client.metrics())[f"retrain_feedback_total{{{this}}}"] == 0
        _, answer = await client.infer(features)
        said = answer["outputs"][0]["data"]
        assert await client.post("/feedback", {"predicted": said, "actual": truth}) == (200, {"accepted": 336})
        late = {"predicted": ["1", 0], "actual": [1, 0], "model_version": "v000000-old"}
        assert await client.post("/feedback", late) == (200, {"accepted": 2})
        series = await client.metrics()
    assert series[f"retrain_predictions_total{{{this}}}"] == 336
    assert series[f"retrain_feedback_total{{{this}}}"] == 336
    correct = sum(one == two for one, two in zip(said, truth, strict=True))
    assert series[f"retrain_feedback_correct_total{{{this}}}"] == correct
    assert 250 < correct < 336
    assert series[f"retrain_feedback_total{{{other}}}"] == 2
    assert series[f"retrain_feedback_correct_total{{{other}}}"] == 1
    assert time.time() - series['retrain_last_feedback_timestamp_seconds{model="store"}'] < 60
    info = next(name for name in series if name.startswith("retrain_model_info"))
    assert re.search('digest="sha256:[0-9a-f]{64}",model="store",version="v000001-first"', info)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"predicted": [1]}, 'Feedback is {"predicted": [...], "actual": [...]}, two lists of the same length.'),
        ({"predicted": [1], "actual": [1, 2]}, 'Feedback is {"predicted": [...], "actual": [...]}, two lists of '),
        (
            {"predicted": [1], "actual": [1], "model_version": "x" * 900},
            "model_version is no name of a version, such as ",
        ),
    ],
)
async def test_feedback_that_is_none(uri: str, body: Any, error: str) -> None:
    async with serving(uri) as client:
        status, answer = await client.post("/feedback", body)
        assert status == 400
        assert answer["error"].startswith(error)
        for number in range(99):
            version = f"v{number:06d}-x"
            assert (await client.post("/feedback", {"predicted": [], "actual": [], "model_version": version}))[0] == 200
        status, answer = await client.post("/feedback", {"predicted": [1], "actual": [1], "model_version": "v999999-x"})
    assert status == 400
    assert answer["error"].endswith("v999999-x is one too many.")


async def test_drift_is_seen_in_the_bins_of_the_data_the_version_comes_from(world: World, uri: str) -> None:
    drift = 'retrain_feature_psi{{feature="{}",model="store"}}'.format
    async with serving(uri, window=300) as client:
        await client.infer(rows(world, 9)[0][:100])
        assert not any("psi" in name for name in await client.metrics())
        await client.infer(rows(world, 9)[0][100:300])
        calm = await client.metrics()
        for week in (10, 11):
            await client.infer(rows(world, week)[0] + [3, 0, 0])
        moved = await client.metrics()
    assert calm[drift("a")] < 0.15
    assert calm['retrain_prediction_psi{model="store"}'] < 0.15
    assert moved[drift("a")] > 2
    assert moved[drift("b")] < 0.15
    assert moved['retrain_prediction_psi{model="store"}'] > 1
    bins = [moved[f'retrain_feature_bin_total{{bin="{n}",feature="a",model="store"}}'] for n in range(10)]
    assert sum(bins) == 300 + 2 * 336
    profile = json.loads((world.store / "v000001-first" / "profile.json").read_text())
    last = np.concatenate([rows(world, week)[0][:, 0] + 3 for week in (10, 11)])[-300:]
    edges, shares = (profile["features"][0]["bins"][name] for name in ("edges", "shares"))
    counts = np.bincount(np.searchsorted(edges, last), minlength=10)
    assert moved[drift("a")] == pytest.approx(psi(shares, counts / 300))


async def test_a_regression_counts_how_far_it_was_off(world: World) -> None:
    model = {"estimator": "SGDRegressor", "parameters": {}}
    run = world.begin(6, model=model, metrics=[{"name": "r2"}])
    assert run.evaluate.candidate is not None
    async with serving(run.evaluate.candidate.uri) as client:
        _, answer = await client.infer(rows(world, 9)[0])
        assert answer["outputs"][0]["datatype"] == "FP64"
        assert (await client.post("/feedback", {"predicted": [1.5, 2], "actual": [1, 4]}))[0] == 200
        status, error = await client.post("/feedback", {"predicted": ["x"], "actual": [1]})
        assert (status, error["error"]) == (400, "This model predicts numbers; feedback must be numbers too.")
        series = await client.metrics()
    assert series['retrain_feedback_absolute_error_total{model="store",version="v000001-first"}'] == 2.5
    assert not any("correct" in name for name in series)


@pytest.mark.parametrize("spoil", ["digest", "byte", "golden", "missing"])
async def test_a_version_that_does_not_prove_itself_is_never_ready(
    world: World, uri: str, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "RETRY_SECONDS", 0.05)
    folder = world.store / "v000001-first"
    digest, expected = None, ""
    if spoil == "digest":
        digest, expected = "sha256:" + "0" * 64, "is not the version that was trained: its digest is sha256:"
    elif spoil == "byte":
        (folder / "model.skops").write_bytes((folder / "model.skops").read_bytes() + b"x")
        expected = "model.skops was changed: its digest is sha256:"
    elif spoil == "golden":
        monkeypatch.setattr(pipeline, "load_model", lambda _: other_model(world))
        expected = "This is not the model it was: golden row "
    else:
        uri, expected = uri.replace("first", "gone"), "v000001-gone is no version: it has no manifest.json."
    async with serving(uri, ready=False, digest=digest) as client:
        assert (await client.get("/v2/health/live"))[0] == 200
        status, answer = 503, {"error": "being loaded"}
        while "being loaded" in answer["error"]:
            await asyncio.sleep(0.01)
            status, answer = await client.get("/v2/health/ready")
        assert status == 503
        assert expected in answer["error"]
        assert (await client.infer(np.ones((1, 3))))[0] == 503
        assert await client.metrics() == {}
        if spoil == "missing":
            folder.rename(world.store / "v000001-gone")
            await client.ready()


def other_model(world: World) -> Pipeline:
    """Train on what is wrong, and hand it out under the name of what is right."""
    model = pipeline.build(Model(store="file:///m", estimator="GaussianNB"))
    columns = flipped(world.columns(1))
    return model.fit(np.stack([columns[name] for name in "abc"], axis=1), columns["y"])


def test_without_a_model_the_process_waits_and_ends_at_once_when_told(tmp_path: Path) -> None:
    environment = {**os.environ, "MODEL_URI": "", "HOST": "127.0.0.1", "PORT": "0"}
    command = [sys.executable, "-c", REPORTING_SERVER]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        port = int(server.stdout.readline())
        script = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/v2/health/ready')"
        refused = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "HTTP Error 503: Service Unavailable" in refused.stderr
        assert server.stderr.readline() == f"{serve.WAITING}\n"
        told = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0
        # A fifth of a second on a quiet machine; without a grace period of our own it would be a minute.
        assert time.monotonic() - told < 5


REPORTING_SERVER = """
from aiohttp import web
from sklearn.pipeline import Pipeline
from retrain_trainer import serve
start = web.TCPSite.start
async def reporting(site):
    await start(site)
    print(site._server.sockets[0].getsockname()[1], flush=True)
web.TCPSite.start = reporting
serve.serve()
"""
