"""Runs the real MLServer, in its own environment, as a container would: by the command of docs/serving.md."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.trainer.client import Client

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", PAGE.read_text(), flags=re.DOTALL))
CONTAINER: dict[str, Any] = yaml.safe_load(BLOCKS["mlserver"])
"""The container that the page tells people to run."""
PROBE: str = CONTAINER["readinessProbe"]["httpGet"]["path"]
LIVE = "/v2/health/live"
START_SECONDS, STOP_SECONDS = 120, 30
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class MLServer:
    """One that runs."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with aiohttp.ClientSession(self.address, headers=JSON) as session:
            yield Client(session)

    def status(self, path: str) -> int:
        """Return the status of an answer, 0 while nobody answers."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    def wait(self, path: str) -> None:
        """Return when the path answers 200; fail with the log when the server ended or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while self.status(path) != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{path} never answered 200. The log of MLServer:\n{self.log.read_text()}")
            time.sleep(0.2)


@contextmanager
def running(uri: str, folder: Path) -> Iterator[MLServer]:
    """Start the page's command for a MODEL_URI, on free ports of the loopback, in a folder that it may write to."""
    environment = os.environ.get("MLSERVER")
    if environment is None:
        pytest.fail("MLSERVER does not name the environment of MLServer: run `make test-mlserver`.")
    http, grpc, metrics = free_ports(3)
    variables = {
        "PATH": f"{environment}/bin:{os.defpath}",
        "MODEL_URI": uri,
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(http),
        "MLSERVER_GRPC_PORT": str(grpc),
        "MLSERVER_METRICS_PORT": str(metrics),
        "OMP_NUM_THREADS": "1",
    }
    folder.mkdir()
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            CONTAINER["command"],
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield MLServer(f"http://127.0.0.1:{http}", process, log)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server as a kubelet does: asked first, then killed with its workers. It is deaf while they cannot start."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_ports(number: int) -> list[int]:
    """Return ports that are free now, all different."""
    with ExitStack() as open_at_once:
        taken = [open_at_once.enter_context(socket.socket()) for _ in range(number)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in taken]
