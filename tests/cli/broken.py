"""The example trainer, spoilt in one way: `broken.py FAULT STEP`. A fault changes what the honest step has left."""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "trainer-image" / "example"
TASK = json.loads(os.environ.get("RETRAIN_TASK", '{"run": "", "data": {"source": ""}, "model": {"store": ""}}'))
STORE = Path(TASK["model"]["store"].removeprefix("file://"))
CHAMPION = TASK.get("champion")
Said = dict[str, Any]
Left = Said | str | None
"""What is left as the answer: another one, a text that is none, or nothing."""


def with_fields(of: str, /, **fields: Any) -> Callable[[str, Said], Left]:
    """Other fields in the answer of one step."""
    return lambda at, said: {**said, **fields} if at == of else said


def with_score(*, compared: bool = True, **fields: Any) -> Callable[[str, Said], Left]:
    """Other fields in the score; None leaves one out."""

    def spoil(step: str, said: Said) -> Left:
        if step != "evaluate" or not said.get("scores") or bool(CHAMPION) != compared:
            return said
        score = {name: value for name, value in {**said["scores"][0], **fields}.items() if value is not None}
        return {**said, "scores": [score]}

    return spoil


def with_outcome(was: str, becomes: str) -> Callable[[str, Said], Left]:
    """Another outcome than the right one."""
    return lambda _, said: {**said, "outcome": becomes} if said.get("outcome") == was else said


def exits(code: int, left: Left = None, at: str = "collect") -> Callable[[str, Said], Left]:
    """Another exit code, with some answer or with the right one."""

    def spoil(step: str, said: Said) -> Left:
        if step != at:
            return said
        leave(said if left == "" else left)
        print("Traceback: no such column", file=sys.stderr)
        os._exit(code)

    return spoil


def candidate(change: Callable[[Path, Said], Said]) -> Callable[[str, Said], Left]:
    """Another candidate, or something else in its folder."""

    def spoil(step: str, said: Said) -> Left:
        if step != "evaluate" or not said.get("candidate"):
            return said
        folder = Path(said["candidate"]["uri"].removeprefix("file://"))
        return {**said, "candidate": change(folder, said["candidate"])}

    return spoil


def restamped(folder: Path, ref: Said) -> Said:
    import hashlib  # noqa: PLC0415

    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    return {**ref, "digest": f"sha256:{hashlib.sha256(manifest.read_bytes()).hexdigest()}"}


def without(folder: Path, ref: Said, *, whole: bool) -> Said:
    shutil.rmtree(folder) if whole else (folder / "manifest.json").unlink()
    return ref


def overwritten(step: str, said: Said) -> Left:
    if CHAMPION and step == "evaluate":
        (Path(CHAMPION["uri"].removeprefix("file://")) / "model.bin").write_text("{}")
    return said


def writes(where: Callable[[], Path]) -> Callable[[str, Said], Left]:
    def spoil(_: str, said: Said) -> Left:
        where().write_text("x")
        return said

    return spoil


def data() -> Path:
    return Path(TASK["data"]["source"].removeprefix("file://")).parent


def pretends(step: str, said: Said) -> Left:
    """Repeats the digest of the task instead of looking at the champion; see `before`."""
    champion = {"uri": CHAMPION["uri"], "digest": CHAMPION["digest"]} if CHAMPION else None
    return {**said, "champion": champion} if step == "evaluate" and "scores" in said else said


def chokes(step: str, said: Said) -> Left:
    return exits(1, None, step)(step, said) if "fromLater" in TASK["data"] else said


def wants_a_digest(step: str, said: Said) -> Left:
    return exits(1, None, step)(step, said) if CHAMPION and "digest" not in CHAMPION else said


def as_it_is(_: str, said: Said) -> Left:
    return said


AFTER: dict[str, Callable[[str, Said], Left]] = {
    "silent": lambda *_: None,
    "cut": lambda _, said: json.dumps(said)[:40],
    "a list": lambda *_: "[1, 2]",
    "long": with_fields("collect", more="x" * 2500),
    "another contract": with_fields("collect", contract="retrain.dev/v2"),
    "another run": with_fields("collect", run="yesterday"),
    "no nonce": lambda _, said: {name: value for name, value in said.items() if name != "nonce"},
    "another step": with_fields("collect", step="train"),
    "perhaps": with_fields("collect", outcome="Perhaps"),
    "no outcome": lambda _, said: {name: value for name, value in said.items() if name != "outcome"},
    "wordy": with_fields("collect", message="x" * 600),
    "speechless": with_fields("collect", message=" "),
    "negative": with_fields("train", rows=-1),
    "decides with 3": exits(3, ""),
    "crash": exits(7),
    "fault with 0": with_fields("collect", step="fault", message="The disk is full."),
    "fault with 1": lambda step, said: exits(1, {**said, "step": "fault", "message": "The disk is full."}, step)(
        step, said
    ),
    "no candidate": with_fields("evaluate", candidate=None),
    "no score": with_fields("evaluate", scores=[]),
    "another metric": with_score(compared=False, metric="f1"),
    "not a number": with_score(compared=False, candidate=float("nan")),
    "champion of nothing": with_fields("evaluate", champion={"uri": "file:///a/b", "digest": f"sha256:{'1' * 64}"}),
    "beside the store": candidate(lambda _, ref: {**ref, "uri": f"file://{STORE.parent}/elsewhere"}),
    "out of the store": candidate(lambda _, ref: {**ref, "uri": f"file://{STORE}/../elsewhere"}),
    "no folder": candidate(lambda folder, ref: without(folder, ref, whole=True)),
    "no manifest": candidate(lambda folder, ref: without(folder, ref, whole=False)),
    "another digest": candidate(lambda _, ref: {**ref, "digest": f"sha256:{'2' * 64}"}),
    "never the same": candidate(restamped),
    "overwrites": overwritten,
    "draws lots": with_score(compared=False, candidate=random.random()),
    "compares not": with_score(champion=None, improvement=None, lowerBound=None),
    "wrong gain": with_score(improvement=0.5, lowerBound=-1),
    "no reference": with_fields("evaluate", reference=None),
    "bound above": with_score(lowerBound=0.9),
    "always new": with_outcome("NoNewData", "Collected"),
    "eats anything": with_outcome("DataInvalid", "Collected"),
    "sure of itself": with_outcome("Inconclusive", "Evaluated"),
    "goes on": with_outcome("Skipped", "Trained"),
    "one digest": with_fields("collect", dataDigest=f"sha256:{'3' * 64}"),
    "writes data": writes(lambda: data() / "index.csv.idx"),
    "writes here": writes(lambda: Path("model.bin")),
    "writes beside": writes(lambda: STORE.parent / "cache"),
    "pretends": pretends,
    "chokes": chokes,
    "wants a digest": wants_a_digest,
    "deaf": as_it_is,
    "leaves quietly": as_it_is,
    "stuck": as_it_is,
}


def before(fault: str, step: str) -> None:
    """Faults that are there before the step has done anything; those of its end only when it is called first."""
    told = Path(os.environ["RETRAIN_WORKSPACE"], "told")
    ended = TASK["run"] == "sample-ended" and step == "train" and not told.exists()
    if fault == "stuck" or (fault == "deaf" and ended):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif fault == "leaves quietly" and ended:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    else:
        return
    told.touch()
    time.sleep(30)


def leave(said: Left) -> None:
    text = "" if said is None else said if isinstance(said, str) else json.dumps(said)
    Path(os.environ["RETRAIN_ANSWER"]).write_text(text)


def main(fault: str, step: str) -> None:
    """Do the step as it should be done, and then spoil it."""
    before(fault, step)
    sys.path.insert(0, str(EXAMPLE))
    sys.dont_write_bytecode = True
    import trainer  # type: ignore[import-not-found]  # noqa: PLC0415

    if fault == "pretends" and CHAMPION:
        trainer.CHAMPION = {"uri": CHAMPION["uri"]}
    code = trainer.main(step)
    leave(AFTER[fault](step, json.loads(Path(os.environ["RETRAIN_ANSWER"]).read_text())))
    sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
