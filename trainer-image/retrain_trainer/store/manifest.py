"""The manifest of a version: what it is made of, what it was trained on, and what its run answered.

It is written last, so a folder without one is no version, and its SHA-256 is the digest of the version: it holds the
digest of every other file.
"""

from typing import Literal

from pydantic import JsonValue

from retrain_trainer.contract import (
    Collected,
    Digest,
    Evaluated,
    ModelRef,
    Reference,
    Score,
    Slice,
    Task,
    Trained,
    Word,
)
from retrain_trainer.files.batches import Key, Seen
from retrain_trainer.files.workspace import Update

MANIFEST = "manifest.json"
MODEL = "model.skops"
PROFILE = "profile.json"
METRICS = "metrics.json"
HOLDOUT = "holdout.parquet"
REPLAY = "replay.parquet"
GOLDEN = "golden.json"
CARD = "MODEL_CARD.md"
PAGE = "report.html"
SETTINGS = "model-settings.json"
JOBLIB = "model.joblib"


class Manifest(Word):
    """All that is said of a version. `task` is what of its task decided the result."""

    schema_version: Literal[1] = 1
    version: str
    run: str
    task: dict[str, JsonValue]
    parent: ModelRef | None = None
    files: dict[str, Digest]
    batches: tuple[Seen, ...]
    watermark: Key | None = None
    collected: Collected
    trained: Trained
    evaluated: Evaluated
    libraries: dict[str, str]


class Report(Word):
    """metrics.json: all that was measured, of which an answer has room for a part."""

    run: str
    scores: tuple[Score, ...]
    reference: Reference | None
    slices: tuple[Slice, ...] = ()
    psi: dict[str, float]
    updates: tuple[Update, ...]


class Golden(Word):
    """golden.json: some rows and what the model says of them, by which a server proves that it is the same model."""

    inputs: tuple[tuple[float | None, ...], ...]
    predicted: tuple[str | int | bool | float, ...]
    probabilities: tuple[tuple[float, ...], ...] | None


def inputs_of(task: Task) -> dict[str, JsonValue]:
    """Return what of a task decides its result. `known_data` only decides whether there is one."""
    plain = task.model_copy(update={"model": task.model.model_copy(update={"keep": 0})})
    inputs: dict[str, JsonValue] = plain.model_dump(mode="json", by_alias=True, exclude={"nonce", "known_data"})
    return inputs
