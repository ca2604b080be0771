"""Steps in processes of their own, to learn how much memory they took: what a pod's memory limit would judge."""

import os
import re
import subprocess
import sys
from typing import Any

from tests.trainer.world import ANSWER, World

MIB = 1 << 20
LIMIT = 8 << 30
"""Bytes of address space, so that a test that fails does not take the machine with it."""
STEP = f"""
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, ({LIMIT}, {LIMIT}))
from retrain_trainer import steps
code = steps.run(sys.argv[1])
print(Path("/proc/self/status").read_text())
sys.exit(code)
"""


def measured(world: World, step: str, name: str, **changes: Any) -> tuple[Any, float]:
    """Run a step in a process of its own, and return its answer with its peak of resident memory in MiB.

    The peak is the kernel's VmHWM: unlike ru_maxrss it begins anew when the process does.
    """
    environment = {**os.environ, **world.environment(name, **changes)}
    environment["RETRAIN_WORKSPACE"] = str(world.workspace(name))
    done = subprocess.run(
        [sys.executable, "-c", STEP, step], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", done.stdout, re.MULTILINE)
    assert peak is not None, done.stderr
    return ANSWER.validate_json((world.root / "answer.json").read_bytes()), int(peak[1]) / 1024
