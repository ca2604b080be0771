"""What is measured in a process of its own: the three steps of a run, or a bare loop that only reads and learns.

Seconds are those without imports, which a pod pays once. The peak is of all three steps in one process: more than any
pod's container sees.
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

from retrain_trainer import collect, evaluate, plan, steps, train

LOADED = (collect, plan, train, evaluate)
"""Steps load these when they need them: here before the clock starts."""


def all_steps() -> None:
    """Do one run, as the environment tells it."""
    for step in ("collect", "train", "evaluate"):
        if steps.run(step) != 0:
            sys.exit(f"{step} failed")


def bare(path: Path, label: str) -> None:
    """Learn a file with nothing around it: no checks, no scaler, no holdout, and the numbers as they are stored."""
    model = SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    with pq.ParquetFile(path, pre_buffer=False) as file:
        features = [name for name in file.schema_arrow.names if name.startswith("f")]
        for chunk in file.iter_batches(columns=[*features, label]):
            columns = [chunk.column(name).to_numpy() for name in features]
            model.partial_fit(np.column_stack(columns), chunk.column(label).to_numpy(), classes=np.array([0, 1]))


def measured(work: Callable[[], None]) -> dict[str, float]:
    """Return the seconds that some work took, by the clock and by the core, and the peak of resident memory in MiB."""
    begin, cpu = time.perf_counter(), time.process_time()
    work()
    taken = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - cpu}
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert peak is not None
    return {**taken, "peak": int(peak[1]) / 1024}


def main(words: list[str]) -> int:
    """Do what the words ask for on one core, and leave what it took as JSON in the file named first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    told = measured(all_steps if len(words) == 1 else lambda: bare(Path(words[1]), words[2]))
    Path(words[0]).write_text(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
