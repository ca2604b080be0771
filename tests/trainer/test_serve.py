"""The reference server over real HTTP: what it answers, and when it says that it is ready."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from retrain_trainer.contract import Model
from retrain_trainer.learn import pipeline
from retrain_trainer.serve import server
from retrain_trainer.store.versions import open_version
from retrain_trainer.telling.faults import StepError
from tests.trainer.client import rows, serving
from tests.trainer.world import World, flipped


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
        ({"inputs": [{"name": "i", "shape": [None, 3], "data": [1, 2, 3]}]}, "The shape must be rows x 3 and fit the"),
        (
            {"inputs": [{"name": "i", "shape": [1, 3], "data": [1, 2, 3]}], "outputs": 5},
            'outputs is no list of names, such as [{"name": "predict"}].',
        ),
        ({"inputs": [{"data": [10**400, 2, 3]}]}, "The data of a tensor without a name are no numbers."),
        ("[" * 200_000, "The body is no JSON."),
    ],
)
async def test_a_request_that_cannot_be_answered_says_why(uri: str, body: Any, error: str) -> None:
    async with serving(uri) as client:
        status, answer = await client.post("/v2/models/store/infer", body)
    assert status == 400
    assert answer["error"].startswith(error)


@pytest.mark.parametrize("spoil", ["digest", "byte", "golden", "missing"])
async def test_a_version_that_does_not_prove_itself_is_never_ready(
    world: World, uri: str, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RETRY_SECONDS", 0.05)
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
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = int(process.stdout.readline())
        script = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/v2/health/ready')"
        refused = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "HTTP Error 503: Service Unavailable" in refused.stderr
        assert process.stderr.readline() == f"{server.WAITING}\n"
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        # A fifth of a second on a quiet machine; without a grace period of our own it would be a minute.
        assert time.monotonic() - told < 5


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "MODEL_URI": ""}
        command = [sys.executable, "-m", "retrain_trainer", "serve"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    said = f"Port {port} is taken on this machine: name another by the variable PORT."
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == said
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "http", "PORT must be a whole number from 0 to 65,535; it is 'http'."),
        ("PORT", "70000", "PORT must be a whole number from 0 to 65,535; it is '70000'."),
        ("WINDOW_ROWS", "0", "WINDOW_ROWS must be a whole number from 1 to 1,000,000; it is '0'."),
        (
            "HOST",
            "192.0.2.1",  # an address of documents (RFC 5737), which no machine has
            "Cannot listen on 192.0.2.1, port 8080: cannot assign requested address. Name an address of this machine "
            "by HOST, and a port by PORT.",
        ),
    ],
)
def test_where_a_server_cannot_listen_is_told_in_a_sentence(variable: str, value: str, said: str) -> None:
    command = [sys.executable, "-m", "retrain_trainer", "serve"]
    environment = {**os.environ, "MODEL_URI": "", variable: value}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == said
    assert "Traceback" not in done.stderr


def test_a_version_at_the_root_is_looked_for_there() -> None:
    with pytest.raises(StepError, match=r"^file:///nope is no version: it has no manifest\.json\.$"):
        open_version("file:///nope", None)


REPORTING_SERVER = """
from aiohttp import web
from sklearn.pipeline import Pipeline
from retrain_trainer.serve import server
start = web.TCPSite.start
async def reporting(site):
    await start(site)
    print(site._server.sockets[0].getsockname()[1], flush=True)
web.TCPSite.start = reporting
server.serve()
"""
