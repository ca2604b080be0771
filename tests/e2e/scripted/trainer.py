"""A trainer that does nothing but answer: the contract in plain Python, as anybody's own trainer may speak it.

What it answers is told by the variable SCRIPT, so that a test can have each end of a run without training anything:
promote, reject, no-new-data, data-invalid, no-source, silent, garbage, crash, hungry (for memory), slow, or told: then
files below /told, which a test has mounted there, say what is logged (`log`), answered (by the step's name, other steps
as usual) and raised (`fault`).
"""

import hashlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

NOT_COLLECTED = {
    "no-new-data": ("NoNewData", "There is no batch that the champion has not seen."),
    "data-invalid": ("DataInvalid", "Batch week-07.parquet: column price is constant, it varied before."),
    "no-source": ("DataSourceNotFound", "Data source not found: {source} matches no file."),
}
TOLD = Path("/told")
Json = dict[str, Any]


def collect(task: Json, script: str) -> Json:
    """Say that there is new data, or why there is none."""
    data = digest("data")
    if task.get("knownData") == data:
        return {"outcome": "NoNewData", "message": "The new data was trained on already.", "dataDigest": data}
    outcome, message = NOT_COLLECTED.get(script, ("Collected", "3 batches with 3000 rows are new."))
    found = {"batches": 3, "rows": 3000, "dataDigest": data}
    return {"outcome": outcome, "message": message.format(source=task["data"]["source"]), **found}


def train(task: Json, script: str) -> Json:
    """Say that a candidate was trained."""
    if script in NOT_COLLECTED or task.get("knownData"):
        return {"outcome": "Skipped", "message": "Nothing to train on."}
    if script == "slow":
        time.sleep(30)
    if script == "crash":
        sys.exit(3)
    if script == "hungry":
        _hold = [os.urandom(1 << 20) for _ in range(4096)]
    return {"outcome": "Trained", "message": "Trained on 3 batches.", "batches": 3, "rows": 2000}


def evaluate(task: Json, script: str) -> Json:
    """Report numbers with which the candidate is better, or worse."""
    if script in NOT_COLLECTED or task.get("knownData"):
        return {"outcome": "Skipped", "message": "Nothing to evaluate."}
    candidate, bound = (0.7, -0.15) if script == "reject" else (0.9, 0.05)
    score = {"metric": "accuracy", "candidate": candidate}
    champion, reference = task.get("champion"), None
    if champion:
        champion = {"uri": champion["uri"], "digest": champion.get("digest") or digest("before")}
        score |= {"champion": 0.8, "improvement": candidate - 0.8, "lowerBound": bound}
        reference = {"metric": "accuracy", "candidate": 0.8, "champion": 0.8, "holdout": digest("before")}
    return {
        "outcome": "Evaluated",
        "message": "Scored on 1000 rows.",
        "candidate": {"uri": f"{task['model']['store']}/v-{task['run'][-10:]}", "digest": digest(task["run"])},
        "champion": champion,
        "scores": [score],
        "holdout": {"rows": 1000, "blocks": 20, "digest": digest("holdout")},
        "reference": reference,
    }


def digest(text: str) -> str:
    """A digest as the contract writes it."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def step(name: str) -> None:
    """Do one step and leave its answer."""
    task, script = json.loads(os.environ["RETRAIN_TASK"]), os.environ.get("SCRIPT", "promote")
    told = {"collect": collect, "train": train, "evaluate": evaluate}[name](task, script)
    answer = {"contract": "retrain.dev/v1", "run": task["run"], "nonce": task["nonce"], "step": name, **told}
    if script == "told":
        as_told(answer)
    elif script != "silent":
        Path("/dev/termination-log").write_text("{" if script == "garbage" else json.dumps(answer))


def as_told(answer: Json) -> None:
    """Log, answer and raise what a test wants. `{run}` and the like in its answer stand for the usual one's words."""
    if (log := TOLD / "log").exists():
        print(log.read_text())
        print(log.read_text(), file=sys.stderr)
    told = TOLD / answer["step"]
    said = told.read_text() if told.exists() else json.dumps(answer)
    for name, value in answer.items():
        said = said.replace(f"{{{name}}}", str(value))
    Path("/dev/termination-log").write_text(said)
    if (fault := TOLD / "fault").exists():
        raise RuntimeError(fault.read_text())


def serve() -> None:
    """Serve nothing for ever; not even that with a broken model."""
    if "/broken/" in os.environ["MODEL_URI"]:
        sys.exit("this model cannot be loaded")
    with socket.create_server(("", 8000)):
        time.sleep(10**6)


if __name__ == "__main__":
    # The first process of a container is deaf to it otherwise, so that a pod would take half a minute to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    serve() if sys.argv[1] == "serve" else step(sys.argv[1])
