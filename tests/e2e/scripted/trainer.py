"""A trainer that does nothing but answer: the contract in plain Python, as anybody's own trainer may speak it.

What it answers is told by the variable SCRIPT, so that a test can have each end of a run without training anything:
promote, reject, no-new-data, data-invalid, no-source, silent, garbage, crash, hungry (for memory) or slow.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

TASK = json.loads(os.environ.get("RETRAIN_TASK", '{"run": "none"}'))
DIGEST = "sha256:" + hashlib.sha256(TASK["run"].encode()).hexdigest()
COLLECTED = {
    "no-new-data": ("NoNewData", "There is no batch that the champion has not seen."),
    "data-invalid": ("DataInvalid", "Batch week-07.parquet: column price is constant, it varied before."),
    "no-source": ("DataSourceNotFound", f"Data source not found: {TASK['data']['source']} matches no file."),
}


def collect(script: str) -> dict[str, object]:
    """Say that there is new data, or why there is none."""
    outcome, message = COLLECTED.get(script, ("Collected", "3 batches with 3000 rows are new."))
    return {"outcome": outcome, "message": message, "batches": 3, "rows": 3000}


def train(script: str) -> dict[str, object]:
    """Say that a candidate was trained."""
    if script in COLLECTED:
        return {"outcome": "Skipped", "message": "Nothing to train on."}
    if script == "slow":
        time.sleep(30)
    if script == "crash":
        sys.exit(3)
    if script == "hungry":
        _hold = bytearray(os.urandom(1 << 20)) * 4096
    return {"outcome": "Trained", "message": "Trained on 3 batches.", "batches": 3, "rows": 2000}


def evaluate(script: str) -> dict[str, object]:
    """Report numbers with which the candidate is better, or worse."""
    if script in COLLECTED:
        return {"outcome": "Skipped", "message": "Nothing to evaluate."}
    better, bound = (0.9, 0.05) if script != "reject" else (0.7, -0.15)
    score = {
        "metric": "accuracy",
        "candidate": better,
        "champion": 0.8,
        "improvement": better - 0.8,
        "lowerBound": bound,
    }
    champion = TASK.get("champion")
    return {
        "outcome": "Evaluated",
        "message": "Scored on 1000 rows.",
        "candidate": {"uri": f"{TASK['model']['store']}/v-{TASK['run'][-10:]}", "digest": DIGEST},
        "champion": champion and {"uri": champion["uri"], "digest": champion.get("digest") or "sha256:" + "cd" * 32},
        "scores": [score],
        "holdout": {"rows": 1000, "blocks": 20, "digest": DIGEST},
    }


def main() -> None:
    """Do one step, or serve nothing for ever when called as `serve`: not even that with a broken model."""
    step = sys.argv[1]
    if step == "serve":
        if "/broken/" in os.environ["MODEL_URI"]:
            sys.exit("this model cannot be loaded")
        time.sleep(10**6)
    script = os.environ.get("SCRIPT", "promote")
    answer = {"collect": collect, "train": train, "evaluate": evaluate}[step](script)
    text = json.dumps(
        {"contract": "retrain.dev/v1", "run": TASK["run"], "nonce": TASK["nonce"], "step": step, **answer}
    )
    if script != "silent":
        Path("/dev/termination-log").write_text("{" if script == "garbage" else text)


if __name__ == "__main__":
    main()
