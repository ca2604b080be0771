"""What the trainer does on one core: rows a second through collect, train and evaluate, and the memory it takes.

Beside each run stands a bare loop that only reads the same file and calls `partial_fit`, in turns with it: on a busy
machine the ratio of the two says more than either. Runs have a champion, as all but the first do. The bound is rows a
second of the core, not by the clock, without the start of the three processes (imports above all), and of the largest
file: in a smaller one, much of the time goes to what each run does once.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bench.alone import STEPS
from tests.trainer.world import ANSWER, START, World

FEATURES = 20
CHAMPION_ROWS = 20_000
BATCH_ROWS = 31_250
BATCHES = (1, 2, 4, 8, 16, 32, 64)
ROUNDS = 5
DAYS = 100
"""Of the rows of a run of one batch, however many: the holdout has twenty blocks."""
BATCH_DAYS = 20
PER_SECOND, OF_BARE, MIB, FLAT, LINEAR = 500_000, 0.6, 381, 1.15, 0.99
"""Rows a second of the core at least, also as a share of the bare loop; peak at most (400 MB), also as a multiple of
that of the smallest file; R^2 at least."""
ROW_GROUP = 1 << 20
"""What pyarrow makes of a table when it is not told otherwise."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Taken:
    """What a process took: seconds by the clock and of the core, those of its start apart, and MiB at most."""

    seconds: float
    cpu: float
    start: float
    peak: float


@dataclass(frozen=True)
class Turn:
    """A bare loop over some rows, and the steps of a run on them right after it."""

    rows: int
    bare: Taken
    steps: list[Taken]

    @property
    def cpu(self) -> float:
        """Seconds of the core that the steps took together."""
        return sum(step.cpu for step in self.steps)

    @property
    def of_bare(self) -> float:
        """How fast the run was as a share of the bare loop."""
        return self.bare.cpu / self.cpu

    @property
    def peak(self) -> float:
        """MiB of the step that took most."""
        return max(step.peak for step in self.steps)


def write(path: Path, rows: int, begin: np.datetime64, days: float, seed: int) -> None:
    """Write a batch whose label follows one rule, in pieces of a row group."""
    random, spacing = np.random.default_rng(seed), np.timedelta64(int(days * 86_400e6 / rows), "us")
    rule = np.random.default_rng(0).normal(size=FEATURES).astype(np.float32)
    writer: pq.ParquetWriter | None = None
    for first in range(0, rows, ROW_GROUP):
        count = min(ROW_GROUP, rows - first)
        features = random.standard_normal((count, FEATURES), np.float32)
        columns: dict[str, Any] = {f"f{n:02d}": features[:, n] for n in range(FEATURES)}
        columns["y"] = (features @ rule + random.standard_normal(count, np.float32) > 0).astype(np.int64)
        columns["time"] = begin + np.arange(first, first + count) * spacing
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def add(data: Path, number: int, rows: int, days: float) -> None:
    """Write a batch after the champion's and after those with smaller numbers."""
    data.mkdir(exist_ok=True)
    begin = START + np.timedelta64(int((DAYS + number * days) * 86_400e6), "us")
    write(data / f"{number:03d}.parquet", rows, begin, days, number + 1)


def process(root: Path, words: list[str], environment: dict[str, str]) -> Taken:
    """Measure in a process of its own, of which nothing but the work is counted."""
    told = root / "taken.json"
    command = [sys.executable, "-m", "tests.bench.alone", str(told), *words]
    everything = {**os.environ, **ONE_THREAD, **environment}
    subprocess.run(command, env=everything, check=True, stdout=subprocess.DEVNULL)
    return Taken(**json.loads(told.read_text()))


def run(world: World, name: str, data: Path) -> list[Taken]:
    """Do the three steps on the batches of a folder, each in a process, in a fresh workspace that is not kept."""
    workspace = world.workspace(name)
    environment = world.environment(name, data={"source": f"file://{data}/*", "holdout": {"minBlocks": 3}})
    environment["RETRAIN_WORKSPACE"] = str(workspace)
    taken = [process(world.root, [step], environment) for step in STEPS]
    answer = ANSWER.validate_json((world.root / "answer.json").read_bytes())
    assert getattr(answer, "outcome", None) == "Evaluated", answer
    shutil.rmtree(workspace)
    return taken


def throughput(world: World, rows: int) -> Turn:
    """Print what runs of one batch take beside the bare loop, and return the middle one of them."""
    data, turns = world.root / f"rows-{rows}", list[Turn]()
    add(data, 0, rows, DAYS)
    for turn in range(ROUNDS):
        bare = process(world.root, [str(data / "000.parquet"), "y"], {})
        turns.append(Turn(rows, bare, run(world, f"rows-{rows}-{turn}", data)))
    shutil.rmtree(data)
    middle = sorted(turns, key=lambda turn: turn.of_bare)[ROUNDS // 2]
    parts = "".join(f"{taken.cpu:>10.2f}" for taken in (middle.bare, *middle.steps))
    clock = sum(step.seconds for step in middle.steps)
    speeds = f"{rows / clock:>12,.0f}{rows / middle.cpu:>12,.0f}{middle.of_bare:>9.2f}"
    print(f"{rows:>10,}{parts}{speeds}{middle.peak:>10.0f}", flush=True)
    return middle


def kept(turns: list[Turn]) -> bool:
    """Print the bounds, and return whether the largest run keeps them."""
    last, first = turns[-1], turns[0]
    starts = " ".join(f"{taken.start:.1f}" for taken in (last.bare, *last.steps))
    print(f"not counted: the start of each of the four processes, imports above all: {starts} CPU-s")
    print(f"bounds, of the largest file ({last.rows:,} rows): rows a second of the core and not by the clock, without")
    print(f"the start, at least {PER_SECOND:,} and {OF_BARE} of the bare loop; at most {MIB} MiB, and {FLAT} of the")
    print(f"smallest file's, which is {last.peak / first.peak:.2f}")
    fast = last.rows / last.cpu >= PER_SECOND and last.of_bare >= OF_BARE
    return fast and last.peak <= MIB and last.peak <= FLAT * first.peak


def linear(world: World) -> bool:
    """Print what runs of ever more batches take, and how well a straight line tells it; whether well enough."""
    seconds: list[float] = []
    data = world.root / "batches"
    for batches in BATCHES:
        for number in range(BATCHES[len(seconds) - 1] if seconds else 0, batches):
            add(data, number, BATCH_ROWS, BATCH_DAYS)
        # What else the machine does only adds to the time.
        turns = [run(world, f"batches-{batches}-{turn}", data) for turn in range(ROUNDS)]
        seconds.append(min(sum(step.cpu for step in steps) for steps in turns))
        print(f"{batches:>10} batches{seconds[-1]:>10.2f} CPU-s", flush=True)
    slope, begin = np.polyfit(BATCHES, seconds, 1)
    rest = np.array(seconds) - (begin + slope * np.array(BATCHES))
    fit = 1 - float(np.sum(rest**2) / np.sum((np.array(seconds) - np.mean(seconds)) ** 2))
    print(f"a straight line of {begin:.2f} s and {1000 * slope:.0f} ms a batch: R^2 {fit:.4f}, at least {LINEAR}")
    return fit >= LINEAR


def main() -> int:
    """Print what was measured; 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, nargs="+", default=[0.5, 2.0, 6.0], help="Millions of rows of each run.")
    sizes = [int(1e6 * size) for size in parser.parse_args().rows]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        world = World(Path(name), patch)
        write(world.root / "data" / "first.parquet", CHAMPION_ROWS, START, DAYS, 0)
        with contextlib.redirect_stdout(io.StringIO()):
            world.promote(world.run("first"))
        columns = "".join(f"{name:>10}" for name in ("rows", "bare", *STEPS))
        print(f"{columns}{'rows/s':>12}{'rows/CPU-s':>12}{'of bare':>9}{'peak MiB':>10}")
        good = [kept([throughput(world, size) for size in sizes]), linear(world)]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
