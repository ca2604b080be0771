"""Step two: make a candidate, either from a copy of the champion, batch by batch, or anew on a window of batches."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from retrain_trainer.contract import Mode, Task, Trained, TrainOutcome
from retrain_trainer.contract.wording import count
from retrain_trainer.data.profile import Profile
from retrain_trainer.data.reading import read_rows
from retrain_trainer.data.rows import Layout, Rows, Span, features_of
from retrain_trainer.files.batches import digest_of
from retrain_trainer.files.workspace import Plan, Portion, Training, Update, Workspace, parse, write
from retrain_trainer.learn import guard, incremental, objections, pipeline
from retrain_trainer.learn.incremental import Progress
from retrain_trainer.learn.replay import Replay
from retrain_trainer.store.manifest import HOLDOUT, REPLAY, inputs_of
from retrain_trainer.store.versions import Store
from retrain_trainer.telling.answers import answer
from retrain_trainer.telling.faults import StepError


def train(task: Task, workspace: Workspace) -> Trained:
    """Leave a candidate and the report of its making in the workspace, and answer how much it learned from."""
    plan, profile = workspace.read_plan(task.run), parse(Profile, workspace.profile)
    make = _refit if task.model.mode is Mode.REFIT else _update_all
    progress = make(task, plan, profile, workspace)
    training = Training(run=task.run, updates=tuple(progress.updates))
    write(workspace.candidate, pipeline.dump(progress.model))
    write(workspace.training, training)
    return trained(task, training)


def trained(task: Task, training: Training) -> Trained:
    """Answer with what the report of a training says."""
    batches, rows = len(training.updates), sum(update.rows for update in training.updates)
    back = sum(not update.kept for update in training.updates)
    learned = f"{count(rows, 'row')} in {count(batches, 'batch', 'batches')}"
    message = f"{task.model.estimator} learned from {learned}."
    if back:
        message += f" {guard.put_back(training.updates)}"
    told = {"outcome": TrainOutcome.TRAINED, "batches": batches, "put_back": back, "rows": rows}
    return answer(Trained, task, message, **told)


def rows_of(portion: Portion, layout: Layout, *, keyed: bool) -> Iterator[Rows]:
    """Yield the rows of one portion in chunks; StepError when it has another number of them, or its file was changed.

    Unless they are to be `keyed`, their keys are numbers where that saves reading the times, a fifth of the reading.
    """
    batch = portion.batch
    stat = Path(batch.path).stat()
    if (stat.st_size, stat.st_mtime_ns) != (batch.size, batch.modified):
        raise StepError(
            f"Batch {batch.name} was changed while the run was going on. The next attempt takes it as it is."
        )
    span, numbers = Span(portion.start, portion.until), Span(until=portion.end)
    if portion.exact and not keyed:
        layout, span = layout.untimed, numbers
    found = 0
    for rows in read_rows(Path(batch.path), batch.name, layout, span, numbers):
        found += len(rows.labels)
        yield rows
    if found != portion.rows:
        wrong = "do its Parquet statistics tell its times wrong? Write the file anew"
        if not batch.name.endswith(".parquet"):
            wrong = "was it read otherwise by another version of this trainer? Begin a new model.store"
        raise StepError(
            f"Batch {batch.name} has {found:,} rows before the holdout where collect found {portion.rows:,}: {wrong}."
        )


def _refit(task: Task, plan: Plan, profile: Profile, _: Workspace) -> Progress:
    """Train a new estimator on all rows of the window at once."""
    progress = Progress(pipeline.build(task.model), guard.empty(len(profile.features)))
    window: list[Rows] = []
    for portion in plan.portions:
        chunks = list(rows_of(portion, profile.layout, keyed=False))
        window += chunks
        progress.updates.append(Update(batch=portion.batch.name, rows=sum(len(chunk.labels) for chunk in chunks)))
    with objections.told(task.model.estimator):
        progress.model.fit(features_of(window), np.concatenate([chunk.labels for chunk in window]))
    return progress


def _update_all(task: Task, plan: Plan, profile: Profile, workspace: Workspace) -> Progress:
    """Update batch by batch, from the last saved batch on when an earlier attempt was killed."""
    pieces = [(portion.batch.digest, portion.start, portion.until) for portion in plan.portions]
    what = digest_of(f"{inputs_of(task)} {pieces}".encode())
    progress = incremental.resumed(workspace, what) or _begun(task, plan, profile)
    classes = np.array([entry.label for entry in profile.classes]) if profile.classes else None
    manner = incremental.Manner(classes, frozen=not plan.afresh, replay=task.model.replay)
    for portion in plan.portions[len(progress.updates) :]:
        chunks = rows_of(portion, profile.layout, keyed=task.model.replay > 0)
        with objections.told(task.model.estimator):
            incremental.learn_batch(progress, portion.batch.name, chunks, manner)
        incremental.save(progress, workspace, what)
    incremental.require_learned(progress, task.model.estimator)
    if task.model.replay:
        progress.replay.write(workspace.replay, profile.layout)
    return progress


def _begun(task: Task, plan: Plan, profile: Profile) -> Progress:
    """Begin with a new estimator, or with a copy of the champion guarded by the rows it was last judged on."""
    nothing = guard.empty(len(profile.features))
    champion = None if plan.afresh else Store(task.model.store).champion(task)
    if champion is None:
        return Progress(pipeline.build(task.model), nothing)
    trusted = nothing
    for rows in read_rows(champion.path_of(HOLDOUT), HOLDOUT, profile.layout):
        trusted = trusted.followed_by(rows)
    replay = Replay()
    if task.model.replay and REPLAY in champion.manifest.files:
        for rows in read_rows(champion.path_of(REPLAY), REPLAY, profile.layout.plain):
            replay = replay.followed_by(rows)
    return Progress(pipeline.load_model(champion), trusted, replay)
