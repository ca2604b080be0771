"""Which batches a version comes from, and what each did to it: put together from the plan and from the training."""

from retrain_trainer.data.rows import Layout
from retrain_trainer.files.batches import Seen
from retrain_trainer.files.workspace import Plan, Training, Update
from retrain_trainer.report.view import BatchView, UpdateView
from retrain_trainer.report.wording import when, word


def batches(plan: Plan, training: Training, layout: Layout) -> tuple[BatchView, ...]:
    """Return all batches behind a version and those left out, in the order of their names."""
    updates = {update.batch: update for update in training.updates}
    found = {entry.name: _batch(entry, updates.get(entry.name), plan, layout) for entry in plan.seen}
    for name, trouble in plan.left_out.items():
        found[name] = BatchView(word(name), "", "", 0, 0, 0, 0, word(trouble, 300))
    return tuple(found[name] for name in sorted(found))


def updates(training: Training) -> tuple[UpdateView, ...]:
    """Return what each batch did, in the order of the training."""
    return tuple(
        UpdateView(word(each.batch), each.rows, each.error_before, each.error_after, each.kept)
        for each in training.updates
    )


def _batch(entry: Seen, update: Update | None, plan: Plan, layout: Layout) -> BatchView:
    rows = 0 if update is None else update.rows
    first, last = (when(key, layout) for key in plan.spans[entry.name]) if entry.name in plan.spans else ("", "")
    kept = update is not None and update.kept
    # What the champion was judged on is held out no more where it was not found again.
    judged = not plan.spans or entry.name in plan.spans
    return BatchView(
        name=word(entry.name),
        first=first,
        last=last,
        before=max(entry.behind - rows, 0),
        learned=rows if kept else 0,
        put_back=0 if kept else rows,
        held=entry.rows - entry.behind if judged else 0,
        trouble="",
    )
