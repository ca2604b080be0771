#!/usr/bin/env python3
"""A trainer of one's own, for batches of CSV with two classes, in Python without any library.

Called as `trainer.py collect`, `train` and `evaluate`, it keeps the contract of docs/contract.md: what is in this file
every trainer owes, whatever it trains. What it trains is in logistic.py.
"""

import csv
import glob
import hashlib
import json
import math
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from logistic import Row, blocks, fit, hits, load, lower_bound, save

Said = dict[str, Any]

TASK: dict[str, Any] = json.loads(os.environ["RETRAIN_TASK"])
RUN, DATA, CHAMPION = TASK["run"], TASK["data"], TASK.get("champion")
WORK = Path(os.environ.get("RETRAIN_WORKSPACE", "/workspace"))
ANSWER = Path(os.environ.get("RETRAIN_ANSWER", "/dev/termination-log"))
VERSION = f"{TASK['model']['store']}/{RUN}"
"""Where this run commits its version. A run has a name of its own, so no other run ever writes there."""


class FaultError(Exception):
    """The step cannot go on, and that is no decision."""


class BadBatchError(Exception):
    """New data that nothing may be trained on: which batch, what was expected, what was seen."""


def collect() -> Said:
    """Find the batches that the champion has not seen, and part their rows by time: the newest are held out."""
    files = sorted(glob.glob(place(DATA["source"]), recursive=True))  # noqa: PTH207  # Path.glob takes no absolute one
    if not files:
        return collected("DataSourceNotFound", f"Data source not found: {DATA['source']} matches no file.")
    by_digest = {digest(Path(file).read_bytes()): Path(file) for file in files}
    seen = json.loads(version_file(CHAMPION))["seen"] if CHAMPION else []
    new = sorted(by_digest.keys() - set(seen))
    if not new:
        return collected("NoNewData", f"No new data: the champion has seen all {len(files)} batches there are.")
    found = {"dataDigest": digest("\n".join(new).encode())}
    if found["dataDigest"] == TASK.get("knownData"):
        return collected("NoNewData", "No new data: an earlier run tried these batches, to no avail.", **found)
    try:
        columns, rows = batches(sorted(by_digest[each] for each in new))
    except BadBatchError as error:
        return collected("DataInvalid", str(error), **found)
    rows.sort(key=lambda row: str(row["time"]))
    held = max(math.ceil(DATA["holdout"]["fraction"] * len(rows)), DATA["holdout"]["minRows"])
    write("train.json", rows[:-held])
    write("holdout.json", rows[-held:])
    write("learned.json", {"seen": sorted({*seen, *new}), "columns": columns})
    message = f"{len(new)} batches with {len(rows):,} new rows; the newest {min(held, len(rows)):,} are held out."
    return collected("Collected", message, batches=len(new), rows=len(rows), **found)


def train() -> Said:
    """Fit the candidate, from the champion on when the policy says Incremental."""
    plan = read("plan.json")
    if plan["why"]:
        return {"outcome": "Skipped", "message": f"Nothing to train. {plan['why']}"}
    rows, start = read("train.json"), None
    if CHAMPION and TASK["model"]["mode"] == "Incremental":
        start = load(version_file(CHAMPION, "model.bin"))
    (WORK / "model.bin").write_bytes(save(fit(rows, start)))
    said: Said = {"outcome": "Trained", "message": f"Learned from {len(rows):,} rows.", "rows": len(rows)}
    said["batches"] = plan["said"]["batches"]
    write("trained.json", said)
    return said


def evaluate() -> Said:
    """Score candidate and champion on the held-out rows, and commit the candidate, whatever the numbers say."""
    plan = read("plan.json")
    if plan["why"]:
        too_few = plan["said"]["outcome"] == "Collected"
        return {"outcome": "Inconclusive" if too_few else "Skipped", "message": plan["why"]}
    model, rows = load((WORK / "model.bin").read_bytes()), read("holdout.json")
    held = {"rows": len(rows), "blocks": len(blocks(rows)), "digest": digest((WORK / "holdout.json").read_bytes())}
    ours = hits(model, rows)
    score: dict[str, Any] = {"metric": "accuracy", "candidate": sum(ours) / len(rows)}
    message = f"accuracy is {score['candidate']:.4g} on {len(rows):,} held-out rows."
    said: Said = {"outcome": "Evaluated", "message": message, "scores": [score], "holdout": held}
    if CHAMPION:
        champion = load(version_file(CHAMPION, "model.bin"))
        theirs = hits(champion, rows)
        gains = [one - other for one, other in zip(ours, theirs, strict=True)]
        score |= {"champion": sum(theirs) / len(rows), "improvement": sum(gains) / len(rows)}
        score["lowerBound"] = lower_bound(gains, blocks(rows), TASK["evaluation"]["confidence"])
        before = version_file(CHAMPION, "holdout.json")
        old = json.loads(before)
        both = {"candidate": sum(hits(model, old)) / len(old), "champion": sum(hits(champion, old)) / len(old)}
        said["reference"] = {"metric": "accuracy", **both, "holdout": digest(before)}
        said["champion"] = {"uri": CHAMPION["uri"], "digest": digest(version_file(CHAMPION))}
    commit(said)
    return committed("evaluate")


def batches(paths: list[Path]) -> tuple[list[str], list[Row]]:
    """Columns to learn from and rows of these files. BadBatchError when there is nothing to learn from them."""
    if CHAMPION:
        columns = json.loads(version_file(CHAMPION, "learned.json"))["columns"]
    else:
        with paths[0].open(newline="", encoding="utf-8", errors="replace") as file:
            header = next(csv.reader(file), [])
        columns = [name for name in header if name not in (DATA["label"], DATA.get("timeColumn"), *DATA["exclude"])]
    rows = [row for path in paths for row in batch(path, columns)]
    least = DATA["validation"]["minRows"]
    if len(rows) < least:
        raise BadBatchError(f"All new batches: expected {least} rows at least, seen {len(rows)}.")
    return columns, rows


def batch(path: Path, columns: list[str]) -> list[Row]:
    """The rows of one file. BadBatchError when something else is in it than was promised."""
    label, time = DATA["label"], DATA.get("timeColumn")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            found = csv.DictReader(file, strict=True)
            rows: list[Row] = [
                {"x": [float(row[name]) for name in columns], "y": int(row[label]), "time": row[time] if time else ""}
                for row in found
            ]
    except (ValueError, TypeError, KeyError, csv.Error):
        wanted = ", ".join([*columns, label])
        message = f"Batch {path.name}: expected CSV with numbers in each of {wanted}; seen something else."
        raise BadBatchError(message) from None
    if any(row["y"] not in (0, 1) or not all(map(math.isfinite, row["x"])) for row in rows):
        raise BadBatchError(f"Batch {path.name}: expected labels 0 and 1 and finite numbers; seen something else.")
    return rows


def collected(outcome: str, message: str, **told: Any) -> Said:
    """The answer of collect. Why nothing is to be trained, if so, stays in the workspace for the other steps."""
    said, why = {"outcome": outcome, "message": message, **told}, None
    if outcome != "Collected":
        why = f"Collect ended the run as {outcome}."
    else:
        held, least = read("holdout.json"), DATA["holdout"]
        if not read("train.json") or len(held) < least["minRows"] or len(blocks(held)) < least["minBlocks"]:
            why = f"{told['rows']:,} new rows are too few to train on some and to compare two models on the rest."
    write("plan.json", {"said": said, "why": why})
    return said


def commit(said: Said) -> None:
    """Put the version into the store, whole or not at all: written beside its place, then renamed into it."""
    files = {name: (WORK / name).read_bytes() for name in ("model.bin", "learned.json", "holdout.json")}
    answers = {"collect": read("plan.json")["said"], "train": read("trained.json"), "evaluate": said}
    digests = {name: digest(content) for name, content in files.items()}
    manifest = {"run": RUN, "seen": read("learned.json")["seen"], "answers": answers, "files": digests}
    draft = Path(place(TASK["model"]["store"]), f".draft-{RUN}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, content in {**files, "manifest.json": json.dumps(manifest, indent=1).encode()}.items():
        with (draft / name).open("wb") as file:
            file.write(content)
            os.fsync(file.fileno())
    draft.rename(place(VERSION))


def committed(step: str) -> Said:
    """What this run has answered to a step, once it has committed its version: nothing is done twice."""
    try:
        manifest = version_file({"uri": VERSION})
    except FileNotFoundError:
        return {}
    said: Said = json.loads(manifest)["answers"][step]
    return said | ({"candidate": {"uri": VERSION, "digest": digest(manifest)}} if step == "evaluate" else {})


def version_file(ref: dict[str, Any], name: str = "manifest.json") -> bytes:
    """A file of a version, once it is known to be the very one that was committed."""
    folder = Path(place(ref["uri"]))
    manifest = (folder / "manifest.json").read_bytes()
    if ref.get("digest") not in (None, digest(manifest)):
        raise FaultError(f"{ref['uri']} is not the version that was put into service: its digest is another one.")
    content = manifest if name == "manifest.json" else (folder / name).read_bytes()
    if content is not manifest and digest(content) != json.loads(manifest)["files"][name]:
        raise FaultError(f"{ref['uri']}/{name} was changed: its digest is not that in its manifest.")
    return content


def place(uri: str) -> str:
    """The path of a URI."""
    if not uri.startswith("file:///"):
        raise FaultError(f"{uri} is not reachable: this trainer reads and writes file:// URIs.")
    return uri.removeprefix("file://")


def digest(content: bytes) -> str:
    """SHA-256, as the contract writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def write(name: str, value: Any) -> None:
    """Leave something in the workspace for the steps to come."""
    (WORK / name).write_text(json.dumps(value))


def read(name: str) -> Any:
    """What a step before has left in the workspace."""
    return json.loads((WORK / name).read_text())


def main(step: str) -> int:
    """Do one step and leave its answer. Decisions exit 0; what keeps a step from deciding is a fault, and exits 1."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as process 1 of a container Python would not hear it
    try:
        said = {"step": step, **(committed(step) or {"collect": collect, "train": train, "evaluate": evaluate}[step]())}
    except (FaultError, OSError) as error:
        said = {"step": "fault", "message": str(error)}
    said |= {"contract": "retrain.dev/v1", "run": RUN, "nonce": TASK["nonce"], "message": said["message"][:512]}
    ANSWER.write_text(json.dumps(said))
    print(f"{step}: {said['message']}", flush=True)  # noqa: T201  # the log of its container
    return 1 if said["step"] == "fault" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
