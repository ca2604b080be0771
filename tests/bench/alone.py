"""What is measured in a process of its own, as a pod runs it: a step, or a bare loop that only reads and learns.

The start, imports above all, is told apart from the work: it is the same for ten rows and for ten million.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from sklearn.linear_model import SGDClassifier

from retrain_trainer import collect, evaluate, steps, train
from retrain_trainer.intake import labels, plan

STEPS = ("collect", "train", "evaluate")
LOADED = (collect, plan, train, evaluate, labels)
"""Steps load these when they need them: here before the clock starts."""


def step(name: str) -> None:
    """Do a step of a run, as the environment tells it."""
    if steps.run(name) != 0:
        sys.exit(f"{name} failed")


def bare(path: Path, label: str) -> None:
    """Learn a file with nothing around it: no checks, scaler or holdout, and chunks and numbers as pyarrow has them."""
    model = SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    with pq.ParquetFile(path, pre_buffer=False) as file:
        features = [name for name in file.schema_arrow.names if name.startswith("f")]
        for chunk in file.iter_batches(columns=[*features, label]):
            columns = [chunk.column(name).to_numpy() for name in features]
            model.partial_fit(np.column_stack(columns), chunk.column(label).to_numpy(), classes=np.array([0, 1]))


def measured(work: Callable[[], None]) -> dict[str, float]:
    """Return what some work took: seconds by the clock and of the core, those of the start, and MiB at most."""
    begin, start = time.perf_counter(), time.process_time()
    work()
    taken = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - start, "start": start}
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert peak is not None
    return {**taken, "peak": int(peak[1]) / 1024}


def main(words: list[str]) -> int:
    """Do what the words ask for on one core, and leave what it took as JSON in the file named first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    told = measured(lambda: step(words[1]) if words[1] in STEPS else bare(Path(words[1]), words[2]))
    Path(words[0]).write_text(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
