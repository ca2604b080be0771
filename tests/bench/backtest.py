"""How long a month takes `kubectl retrain backtest`, from start to exit: 30 days at 30 seconds of four triggers.

Three lives of a month: one with breaches now and then, one that is breached throughout, and one that leaps in and out
of its range at random, which no month of a real metric does.
"""

import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.builders import SPEC
from tests.cli.program import PROGRAM

CHECKS = 86_400
ROUNDS = 3
BOUND = 5.0
"""Seconds for the first life; the others are told only."""
START = datetime(2024, 6, 1, tzinfo=UTC)
TRIGGERS = (
    {"name": "drift", "prometheus": {"query": "max(psi)", "healthyRange": {"max": 0.1}, "for": "5m"}},
    {"name": "accuracy", "prometheus": {"query": "avg(accuracy)", "healthyRange": {"min": 0.85}}},
    {"name": "latency", "prometheus": {"query": "max(latency)", "healthyRange": {"min": 0.1, "max": 2}}},
    {"name": "volume", "dataVolume": {"query": "sum(rows)", "growthPercent": 20}},
)
Values = tuple[float, float, float, float]


def now_and_then(check: int, chance: random.Random) -> Values:
    """Drift that comes and goes twice a month, with noise."""
    drift = 0.06 + 0.05 * math.sin(check / 9000) + chance.random() * 0.01
    return drift, 0.88 + chance.random() * 0.02, 1 + 0.5 * math.sin(check / 700), 1000 + check * 0.05


def throughout(check: int, chance: random.Random) -> Values:
    """Two metrics that no run heals."""
    return 0.2 + chance.random() * 0.1, 0.5, 1.0, 1000.0


def at_random(check: int, chance: random.Random) -> Values:
    """In and out of range at every check."""
    return chance.choice((0.05, 0.2)), chance.choice((0.8, 0.9)), 1.0, 1000 + check * 0.05


LIVES: tuple[Callable[[int, random.Random], Values], ...] = (now_and_then, throughout, at_random)


def write(path: Path, life: Callable[[int, random.Random], Values]) -> None:
    """The month as CSV."""
    chance = random.Random(1)
    with path.open("w") as file:
        file.write("time," + ",".join(str(each["name"]) for each in TRIGGERS) + "\n")
        for check in range(CHECKS):
            at = START + timedelta(seconds=30 * check)
            file.write(f"{at:%Y-%m-%dT%H:%M:%SZ}," + ",".join(f"{value:.5f}" for value in life(check, chance)) + "\n")


def seconds(folder: Path) -> float:
    """Wall time of one call, from start to exit."""
    command = [str(PROGRAM), "backtest", "-f", "policy.json", "--series", "month.csv", "--assume-run", "20m"]
    begin = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def main() -> int:
    """Print the medians; 1 when that of the first life is above the bound."""
    medians = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        head = {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "metadata": {"name": "churn"}}
        spec = SPEC | {"triggers": TRIGGERS, "cooldown": {"afterSuccess": "6h"}}
        (folder / "policy.json").write_text(json.dumps({**head, "spec": spec}))
        for life in LIVES:
            write(folder / "month.csv", life)
            taken = [seconds(folder) for _ in range(ROUNDS)]
            medians.append(statistics.median(taken))
            print(f"{life.__name__}: {medians[-1]:.2f} s (of {', '.join(f'{each:.2f}' for each in taken)})", flush=True)
    print(
        f"{CHECKS:,} checks of {len(TRIGGERS)} triggers, breached now and then: {medians[0]:.2f} s, at most {BOUND:g}"
    )
    return int(medians[0] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
