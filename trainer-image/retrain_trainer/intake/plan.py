"""Turns new batches into a plan: what is trained on, what is held out, and what a new version leaves behind it."""

import importlib
from collections.abc import Iterator
from contextlib import nullcontext

from retrain_trainer.contract import Check, CollectOutcome, Mode, OnBadBatch, Task
from retrain_trainer.contract.wording import count
from retrain_trainer.data import bounds, held, holdout
from retrain_trainer.data.profile import profile_of
from retrain_trainer.data.rows import Layout, Rows
from retrain_trainer.files.batches import Batch, Key, Seen, bring
from retrain_trainer.files.workspace import Plan, Portion, Workspace, write
from retrain_trainer.intake import checks, labels, overlap
from retrain_trainer.intake.ahead import Ahead
from retrain_trainer.intake.past import Past
from retrain_trainer.intake.survey import Survey, survey
from retrain_trainer.store.versions import Version
from retrain_trainer.telling.faults import BadBatchError, Problem

NOTHING_LEFT = (
    "Nothing is left to train a new model on: what the champion was judged on is the reference, the newest rows are "
    "held out, and files that it learned from are gone from data.source. More new rows, or older files, end that."
)


def make_plan(task: Task, workspace: Workspace, listed: list[Batch], champion: Version | None) -> Plan:
    """Read what is new among the listed batches, and say what becomes of it; leave the profile and the holdout."""
    past = Past.of(champion)
    ahead = Ahead.of(task, listed, past, workspace.holdout)
    with nullcontext() if ahead is None else ahead.file:
        found = survey(task, listed, past, ahead)
    if found.problems and task.data.validation.on_bad_batch is OnBadBatch.REJECT:
        return _ended(task, CollectOutcome.DATA_INVALID, _told(found.problems))
    rows = sum(entry.findings.rows for entry in found.judged if entry.batch.digest not in past.seen)
    if rows < task.data.validation.min_rows:
        return _ended(task, CollectOutcome.NO_NEW_DATA, _too_little(task, rows, found.problems))
    assert found.layout is not None  # where a batch has passed, there is a layout
    profile = profile_of(found.layout, [entry.findings for entry in found.judged], past.profile)
    problems = checks.together(profile, found.distances, past.profile)
    problem = next(checks.asked(problems, task.data.validation.skip_checks), None)
    if problem is not None:
        return _ended(task, CollectOutcome.DATA_INVALID, problem.sentence())
    write(workspace.profile, profile)
    bad = {problem.batch for problem in found.problems}
    good = [batch for batch in listed if batch.name not in bad]
    try:
        return _parted(task, workspace, found, past, good, ahead)
    except BadBatchError as error:
        return _ended(task, CollectOutcome.DATA_INVALID, str(error))


def _parted(
    task: Task, workspace: Workspace, found: Survey, past: Past, good: list[Batch], ahead: Ahead | None
) -> Plan:
    """Part the new rows in training and holdout, write the holdout, and check the labels in it."""
    assert found.layout is not None
    keys = [entry.keys for entry in found.judged]
    watermark = None if past.champion is None else past.champion.manifest.watermark
    part = holdout.cut(keys, found.layout, task.data.holdout, watermark)
    plan = Plan(
        run=task.run,
        outcome=CollectOutcome.COLLECTED,
        message=_message(found, part),
        batches=len(found.judged),
        rows=part.trained + part.held,
        inconclusive=part.shortage,
        psi=found.distances,
    )
    if part.shortage is not None:
        return plan
    afresh = _afresh(task, found, past)
    portions = _portions(task, found, part, past, good) if afresh else _new_portions(found, part)
    if not portions:
        return plan.model_copy(update={"inconclusive": NOTHING_LEFT})
    some = _hold_out(workspace, found, past, part, ahead)
    problem = next(_problems(task, some, found.layout, past, portions), None)
    if problem is not None:
        raise BadBatchError(problem)
    decided = {
        "message": plan.message + (_reference(past, good) if task.model.mode is Mode.REFIT else ""),
        "portions": tuple(portions),
        "afresh": afresh,
        "seen": _behind(found, part, past),
        "watermark": _newest_trained(part, watermark) if found.layout.time else None,
        "holdout": held.report(workspace.holdout, found.layout),
        "spans": _spans(found) if found.layout.time else {},
        "left_out": {str(problem.batch): problem.sentence() for problem in found.problems},
    }
    return plan.model_copy(update=decided)


def _hold_out(workspace: Workspace, found: Survey, past: Past, part: holdout.Cut, ahead: Ahead | None) -> Rows:
    """Write the holdout, and return the rows of it to be checked; BadBatchError when it is too large to be written."""
    assert found.layout is not None
    classes = {entry.label for entry in past.profile.classes} if past.profile else set()
    classes |= {label for entry in found.judged for label in entry.findings.classes}
    problem = bounds.held_out(part.held // part.every, len(classes))
    if problem is not None:
        raise BadBatchError(problem)
    pieces = [
        held.Piece(entry.batch, start, split.after)
        for entry, start, split in zip(found.judged, part.starts, part.splits, strict=True)
        if start is not None
    ]
    thinned = held.Thinned(part.every, labels.step(part.held, found.layout))
    if ahead is not None and ahead.holds(pieces, thinned):
        return ahead.file.checked()
    return held.write(workspace.holdout, pieces, found.layout, thinned)


def _problems(task: Task, some: Rows, layout: Layout, past: Past, portions: list[Portion]) -> Iterator[Problem]:
    """Check the labels of held-out rows, and whether rows that are trained on are among them."""
    rules = task.data.validation
    yield from labels.problems(some, layout, past.champion, rules)
    if layout.time is None and Check.LEAKAGE not in rules.skip_checks:
        bring(portion.batch for portion in portions)
        yield from overlap.problems(some, portions, layout)


def _spans(found: Survey) -> dict[str, tuple[Key, Key]]:
    """Return from when to when the new rows of each judged batch are."""
    edges = {entry.batch.name: (entry.keys.first, entry.keys.last) for entry in found.judged}
    return {name: (first, last) for name, (first, last) in edges.items() if first is not None and last is not None}


def _new_portions(found: Survey, part: holdout.Cut) -> list[Portion]:
    """Of each judged batch the new rows before the holdout."""
    portions = []
    for entry, until, split in zip(found.judged, part.starts, part.splits, strict=True):
        if split.before:
            end, below = entry.keys.end(until)
            exact = below and entry.start is None
            known = {"rows": split.before, "start": entry.start, "until": until}
            portions.append(Portion(batch=entry.batch, **known, end=end, exact=exact))
    return portions


def _portions(task: Task, found: Survey, part: holdout.Cut, past: Past, good: list[Batch]) -> list[Portion]:
    """Of each batch, old ones included, the rows before the holdout that a new estimator learns.

    Refit leaves out those the champion was judged on: they are the reference that no new data can have spoiled, and a
    strong learner would know them by heart. The next refit learns them; of updates none would, so Incremental does now.
    """
    new = {portion.batch.digest: portion for portion in _new_portions(found, part)}
    refit, portions = task.model.mode is Mode.REFIT, []
    for batch in good:
        seen, fresh = past.seen.get(batch.digest), new.get(batch.digest)
        if fresh is not None and (seen is None or not refit):
            rows = fresh.rows + (0 if seen is None else seen.behind)
            portions.append(fresh if seen is None else Portion(batch=batch, rows=rows, until=fresh.until))
        elif seen is not None and seen.behind:
            portions.append(Portion(batch=batch, rows=seen.behind, until=seen.until))
    return portions[-(task.model.window or 0) :] if refit else portions


def _behind(found: Survey, part: holdout.Cut, past: Past) -> tuple[Seen, ...]:
    """Return the batches behind a version of this run: the champion's, and the judged ones up to their holdout."""
    seen = dict(past.seen)
    for entry, until, split in zip(found.judged, part.starts, part.splits, strict=True):
        known = seen.get(entry.batch.digest)
        before = 0 if known is None else known.behind
        rows, behind = before + entry.keys.rows, before + split.before
        seen[entry.batch.digest] = Seen(
            **entry.batch.model_dump(exclude={"path"}), rows=rows, behind=behind, until=until
        )
    return tuple(sorted(seen.values(), key=lambda batch: batch.name))


def _newest_trained(part: holdout.Cut, watermark: Key | None) -> Key | None:
    ends = [split.newest for split in part.splits] + [watermark]
    return max((end for end in ends if end is not None), default=None)


def _afresh(task: Task, found: Survey, past: Past) -> bool:
    """Whether a new estimator is needed: no update makes another model of the champion, or teaches it another class."""
    if past.champion is None or past.profile is None or task.model.mode is Mode.REFIT:
        return True
    known = {entry.label for entry in past.profile.classes}
    new = any(known and not entry.findings.classes.keys() <= known for entry in found.judged)
    return new or not _same_model(task, past.champion) or _lacks_class(past.champion, known)


def _same_model(task: Task, champion: Version) -> bool:
    """Whether the champion is of the estimator and the parameters that the task asks for."""
    wanted = task.model.model_dump(mode="json", include={"estimator", "parameters"})
    model = champion.manifest.task["model"]
    return isinstance(model, dict) and all(model.get(name) == value for name, value in wanted.items())


def _lacks_class(champion: Version, known: set[str | int | bool]) -> bool:
    """Whether rows of a class were there that the champion did not learn from: held out, or older than its window."""
    model = champion.manifest.task["model"]
    if not known or (isinstance(model, dict) and model.get("mode") != Mode.REFIT):
        return False  # an update is told all classes there are
    pipeline = importlib.import_module("retrain_trainer.learn.pipeline")
    return set(pipeline.classes_of(pipeline.load_model(champion)).tolist()) != known


def _ended(task: Task, outcome: CollectOutcome, message: str) -> Plan:
    return Plan(run=task.run, outcome=outcome, message=message)


def _message(found: Survey, part: holdout.Cut) -> str:
    rows = part.trained + part.held
    held = f"; the newest {part.held:,} are held out"
    if found.layout is None or found.layout.time is None:
        held = f"; the last {part.held:,} by file name and row (no data.timeColumn) are held out"
    there = f"{count(len(found.judged), 'batch', 'batches')} with {count(rows, 'new row')}"
    words = [f"{there}{'' if part.shortage else held}."]
    if part.every > 1:
        words.append(f"Of these one in {part.every} is scored (data.holdout.maxRows).")
    if found.distances:
        feature, distance = max(found.distances.items(), key=lambda entry: entry[1])
        words.append(f"Farthest from the champion's data is {feature}, PSI {distance:.2f}.")
    if found.problems:
        words.append(f"Left out: {_told(found.problems)}")
    if found.unused:
        unused = f"Columns that the champion does not know are not used: {', '.join(sorted(found.unused))}"
        words.append(f"{unused} (a model of them needs a model.store of its own).")
    return " ".join(words)


def _reference(past: Past, good: list[Batch]) -> str:
    """Tell of rows that a new estimator does not learn, though they are no longer new."""
    seen = [past.seen[batch.digest] for batch in good if batch.digest in past.seen]
    rows = sum(batch.rows - batch.behind for batch in seen)
    return f" {count(rows, 'row')} that the champion was judged on are kept as reference." if rows else ""


def _told(problems: list[Problem]) -> str:
    more = count(len(problems) - 1, "more batch", "more batches")
    return problems[0].sentence() + (f" {more} failed a check." if len(problems) > 1 else "")


def _too_little(task: Task, rows: int, problems: list[Problem]) -> str:
    fewest = task.data.validation.min_rows
    words = f"Only {count(rows, 'new row')}; data.validation.minRows asks for {fewest:,}."
    return f"{words} Left out: {_told(problems)}" if problems else words
