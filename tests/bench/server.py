"""What the reference server does on one core: predictions a second, and how long one takes.

Beside them stands a bare loop of `predict` with the same model on the same core, in turns with the server: on a busy
machine the ratio of the two says more than either.
"""

import asyncio
import itertools
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from retrain_trainer.data.rows import Floats
from retrain_trainer.learn import pipeline
from retrain_trainer.store.versions import open_version
from tests.trainer.world import World

BOUND = 2000
"""Single rows a second that a core is to predict."""
FEATURES = 20
CLIENTS = 32
ROUNDS = 5
SECONDS = 2.0
CORES = sorted(os.sched_getaffinity(0))
SERVER, CLIENT = CORES[0], CORES[-1]


@dataclass(frozen=True)
class Round:
    """What one stretch of requests took."""

    rows: int
    seconds: float
    cpu: float
    """Seconds that the server computed; 0 where that was not asked."""
    times: list[float]


def version(root: Path) -> str:
    """Train and promote a classifier of 20 features, and return where it is."""
    more = np.random.default_rng(0)

    def wide(columns: dict[str, Any]) -> dict[str, Any]:
        return columns | {f"f{number:02d}": more.normal(size=len(columns["y"])) for number in range(FEATURES - 3)}

    with pytest.MonkeyPatch.context() as patch:
        world = World(root, patch)
        world.add(*range(6), edit=wide)
        candidate = world.run("first").evaluate.candidate
    assert candidate is not None
    return candidate.uri


@contextmanager
def serving(uri: str) -> Iterator[int]:
    """Start the server on a core of its own, and give its port once it takes requests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = {"MODEL_URI": uri, "MODEL_NAME": "store", "HOST": "127.0.0.1", "PORT": str(port)}
    command = [sys.executable, "-m", "retrain_trainer", "serve"]
    with subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.DEVNULL) as server:
        os.sched_setaffinity(server.pid, {SERVER})
        try:
            yield port
        finally:
            server.terminate()


class Connection:
    """One connection that is kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> "Connection":
        """Connect; what refuses is not up yet."""
        while True:
            try:
                return cls(*await asyncio.open_connection("127.0.0.1", port))
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)

    async def ask(self, message: bytes) -> tuple[int, bytes]:
        """Send a request, and return status and body of its response."""
        self.writer.write(message)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None, head
        return int(head[9:12]), await self.reader.readexactly(int(length[1]))

    async def cpu(self) -> float:
        """Return the seconds that the server has computed so far."""
        _, text = await self.ask(request("GET", "/metrics"))
        found = re.search(rb"^process_cpu_seconds_total (\S+)", text, re.MULTILINE)
        assert found is not None
        return float(found[1])


def request(verb: str, path: str, body: bytes = b"") -> bytes:
    """Return a request as it goes over the wire."""
    return f"{verb} {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def inference(rows: Floats) -> bytes:
    """Return a request to predict rows."""
    tensor = {"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": rows.reshape(-1).tolist()}
    return request("POST", "/v2/models/store/infer", json.dumps({"inputs": [tensor]}).encode())


READY = request("GET", "/v2/health/ready")


async def load(connections: list[Connection], rows: int) -> Round:
    """Keep each connection asking for as many rows at a time, for some seconds."""
    random = np.random.default_rng(1)
    messages = [inference(random.normal(size=(rows, FEATURES))) for _ in range(97)]
    times: list[float] = []
    cpu, begin = await connections[0].cpu(), time.perf_counter()

    async def keep(connection: Connection, first: int) -> None:
        for number in itertools.count(first):
            sent = time.perf_counter()
            if sent - begin > SECONDS:
                return
            status, body = await connection.ask(messages[number % len(messages)])
            assert status == 200, body
            times.append(time.perf_counter() - sent)

    await asyncio.gather(*(keep(connection, number) for number, connection in enumerate(connections)))
    seconds = time.perf_counter() - begin
    return Round(rows * len(times), seconds, await connections[0].cpu() - cpu, times)


def bare(model: Pipeline) -> Round:
    """Predict row by row with nothing around it, on the server's core."""
    rows = np.random.default_rng(1).normal(size=(97, 1, FEATURES))
    os.sched_setaffinity(0, {SERVER})
    begin, cpu, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begin < SECONDS:
        model.predict(rows[done % len(rows)])
        done += 1
    taken = Round(done, time.perf_counter() - begin, time.process_time() - cpu, [])
    os.sched_setaffinity(0, {CLIENT})
    return taken


async def measure(port: int, model: Pipeline) -> dict[str, list[Round]]:
    """Do all in turns, so that each round of one has a round of the others beside it."""
    async with asyncio.timeout(60):
        connections = [await Connection.to(port) for _ in range(CLIENTS)]
        while (await connections[0].ask(READY))[0] != 200:  # noqa: ASYNC110 - readiness is polled, as a kubelet does
            await asyncio.sleep(0.1)
    await load(connections, 1)
    rounds: dict[str, list[Round]] = {"bare predict, row by row": [], "1 client": [], "32 clients": [], "100 rows": []}
    for _ in range(ROUNDS):
        rounds["bare predict, row by row"].append(bare(model))
        rounds["1 client"].append(await load(connections[:1], 1))
        rounds["32 clients"].append(await load(connections, 1))
        rounds["100 rows"].append(await load(connections[:4], 100))
    return rounds


def main() -> int:
    """Print what was measured; 1 when a second of the server's core predicts fewer single rows than the bound."""
    with tempfile.TemporaryDirectory() as name:
        uri = version(Path(name))
        model = pipeline.load_model(open_version(uri, None))
        os.sched_setaffinity(0, {CLIENT})
        with serving(uri) as port:
            rounds = asyncio.run(measure(port, model))
    return report(rounds)


def report(rounds: dict[str, list[Round]]) -> int:
    """Print the medians over all rounds."""
    print(f"{'':26}{'rows/s':>8}{'rows/CPU-s':>12}{'p50 ms':>8}{'p99 ms':>8}")
    for name, all_of in rounds.items():
        times = sorted(taken for each in all_of for taken in each.times)
        spans = [f"{1000 * times[len(times) * part // 100]:8.2f}" for part in (50, 99) if times]
        print(f"{name:26}{per_second(all_of):8,.0f}{per_cpu(all_of):12,.0f}{''.join(spans)}")
    single, alone = rounds["32 clients"], rounds["bare predict, row by row"]
    wall = statistics.median(per_second([one]) / per_second([other]) for one, other in zip(single, alone, strict=True))
    core = statistics.median(per_cpu([one]) / per_cpu([other]) for one, other in zip(single, alone, strict=True))
    print(f"32 clients beside the bare loop: {wall:.2f} times the rows a second, {core:.2f} times those a CPU second")
    print(f"single rows a second on one core: {per_cpu(single):,.0f}, at least {BOUND:,}")
    return int(per_cpu(single) < BOUND)


def per_second(rounds: list[Round]) -> float:
    """Rows by the clock, which others on the same core slow down."""
    return statistics.median(each.rows / each.seconds for each in rounds)


def per_cpu(rounds: list[Round]) -> float:
    """Rows by the time that the core worked for it."""
    return statistics.median(each.rows / each.cpu for each in rounds)


if __name__ == "__main__":
    sys.exit(main())
