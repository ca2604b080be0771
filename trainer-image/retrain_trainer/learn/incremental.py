"""Training batch by batch: for each preprocess, keep a snapshot, update, check on guard rows, keep or put back, save.

The work grows linearly with the batches and memory does not grow. A killed step goes on after the last saved batch,
and ends with the same model as if it had never been killed.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from retrain_trainer.data.rows import Labels, Rows
from retrain_trainer.files.places import content
from retrain_trainer.files.workspace import Update, Workspace, write
from retrain_trainer.learn import guard, pipeline
from retrain_trainer.learn.guard import Guard
from retrain_trainer.learn.replay import Replay
from retrain_trainer.store.versions import LARGEST_MODEL
from retrain_trainer.telling.faults import StepError

RAN_AWAY = ("overflow", "non-finite")
"""What scikit-learn says when weights have run out of the range of numbers."""


@dataclass(slots=True)
class Progress:
    """A candidate in the making: the model so far, the rows that guard it, those replayed, and what each batch did.

    `error` is that of the model on the guard rows, None without any.
    """

    model: Pipeline
    guard: Guard
    replay: Replay = field(default_factory=Replay)
    updates: list[Update] = field(default_factory=list)
    error: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if len(self.guard.labels):
            self.error = self.guard.error(self.model)

    @property
    def rows(self) -> int:
        """Rows learned from so far."""
        return sum(update.rows for update in self.updates)


@dataclass(frozen=True, slots=True)
class Manner:
    """How batches are learned: with these classes, and with rows of the past mixed in, `replay` of a batch's number.

    With `frozen`, what prepares the features stands still; else it learns too until it has seen enough rows.
    """

    classes: Labels | None
    frozen: bool
    replay: float


def learn_batch(progress: Progress, name: str, chunks: Iterable[Rows], manner: Manner) -> None:
    """Learn one batch, and put the model back as it was when the guard rows say that this did harm.

    Rows that leave no finite error, or would leave none once they are guard rows themselves, do harm too.
    """
    snapshot, before = copy.deepcopy(progress.model), progress.error
    accepted, replay, count, stable = progress.guard, progress.replay, 0, True
    for rows in chunks:
        warm = manner.frozen or progress.rows + count >= pipeline.WARM_UP_ROWS
        mixed = progress.replay.mixed_with(rows, manner.replay, (len(progress.updates), count))
        # Told again with each chunk, the classes would be compared with its labels each time.
        classes = None if count else manner.classes
        stable = stable and _learn(progress.model, mixed, classes, warm=warm)
        accepted, count = accepted.followed_by(rows), count + len(rows.labels)
        replay = replay.followed_by(rows) if manner.replay else replay
    after, ahead = (each.error(progress.model) if stable else None for each in (progress.guard, accepted))
    stable = stable and guard.finite(after) and guard.finite(ahead)
    kept = stable and guard.harmless(before, after)
    if kept:
        progress.guard, progress.replay, progress.error = accepted, replay, ahead
    else:
        progress.model = snapshot
    told = {"error_before": before, "error_after": after if stable else None}
    progress.updates.append(Update(batch=name, rows=count, **told, kept=kept))


def save(progress: Progress, workspace: Workspace, what: str) -> None:
    """Save how far the training of `what`, task and data, has come: whole or not at all."""
    rows = progress.replay.rows
    state = {
        "what": what,
        "model": progress.model,
        "features": progress.guard.features,
        "labels": progress.guard.labels,
        "replay": None if rows is None else [rows.features(), rows.labels, rows.keys],
        "updates": [update.model_dump_json() for update in progress.updates],
    }
    write(workspace.checkpoint, pipeline.dump(state))


def resumed(workspace: Workspace, what: str) -> Progress | None:
    """Return what an earlier attempt saved, None when there is nothing of the same task and data."""
    try:
        saved = content(workspace.checkpoint, LARGEST_MODEL)
    except FileNotFoundError:
        return None
    state = pipeline.load(saved, str(workspace.checkpoint), sklearn.__version__)
    if state["what"] != what:
        return None
    updates = [Update.model_validate_json(update) for update in state["updates"]]
    replay = Replay() if state["replay"] is None else Replay().followed_by(Rows.of(*state["replay"]))
    return Progress(state["model"], Guard(state["features"], state["labels"]), replay, updates)


def require_learned(progress: Progress, estimator: str) -> None:
    """Raise StepError when no batch could be learned, so that there is no model at all."""
    if not pipeline.trained(progress.model):
        raise StepError(f"{estimator} could not learn any batch: its weights ran away. {guard.IF_ABSURD}")


def _learn(model: Pipeline, rows: Rows, classes: Labels | None, *, warm: bool) -> bool:
    """Update a model with some rows; False when its weights have run out of the range of numbers."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            pipeline.update(model, rows, classes, warm=warm)
    except ValueError as error:
        if not any(words in str(error) for words in RAN_AWAY):
            raise
        return False
    return True
