"""A shop with a policy, batches and a store on this machine, and `kubectl retrain try` called in it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.program import PROGRAM, Called, policy_file
from tests.trainer.world import WEEK, World

MODEL = {"store": "file:///models/churn", "estimator": "SGDClassifier", "parameters": {"loss": "log_loss"}}
DATA = {"source": "file:///data/*.parquet", "label": "y", "timeColumn": "time", "holdout": {"minRows": 2 * WEEK}}
SCRIPT = """
import json, os, signal, sys
from pathlib import Path
task, step = json.loads(os.environ["RETRAIN_TASK"]), sys.argv[1]
def answer(outcome, message, **fields):
    said = {"run": task["run"], "nonce": task["nonce"], "step": step, "outcome": outcome, "message": message}
    Path(os.environ["RETRAIN_ANSWER"]).write_text(json.dumps(said | fields))
"""


@dataclass
class Shop:
    """A folder with `policy.json`, `data` and a place for what is temporary."""

    world: World

    def __post_init__(self) -> None:
        self.temporary.mkdir()
        self.policy()

    @property
    def folder(self) -> Path:
        return self.world.root

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def policy(self, **parts: Any) -> None:
        policy_file(self.folder, **{"data": DATA, "model": MODEL, **parts})

    def script(self, text: str) -> str:
        """A trainer of a few lines, as the command that calls it."""
        (self.folder / "trainer.py").write_text(f"{SCRIPT}{text}")
        return f"{sys.executable} -S trainer.py"

    def start(
        self, *arguments: str, err: int = subprocess.PIPE, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        environment = {**os.environ, "TMPDIR": str(self.temporary), "OMP_NUM_THREADS": "1", **(variables or {})}
        words = [str(PROGRAM), "try", "-f", "policy.json", *arguments]
        return subprocess.Popen(words, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=err, text=True)

    def attempt(self, *arguments: str, **variables: str) -> Called:
        """Call it, and see that nothing temporary is left."""
        process = self.start(*arguments, variables=variables)
        out, err = process.communicate(timeout=120)
        assert list(self.temporary.iterdir()) == []
        return Called(process.returncode, out, err)

    def told(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """What it tells programs."""
        called = self.attempt(*arguments, "-o", "json")
        assert called.code == code, called
        told: dict[str, Any] = json.loads(called.out)
        return told
