"""Step one: find the batches that the champion has not seen, judge them, and part them into training and holdout.

Nothing is trained on here, and nothing heavy is imported before there is something new to read.
"""

import importlib

from retrain_trainer.contract import Collected, CollectOutcome, Mode, Task
from retrain_trainer.files.batches import Batch, batches_of, bring, new_data
from retrain_trainer.files.workspace import Plan, Workspace, write
from retrain_trainer.learn.estimators import require_known, require_probabilities, require_updatable
from retrain_trainer.store.versions import Store, Version
from retrain_trainer.telling.answers import answer
from retrain_trainer.telling.faults import NoBucketError
from retrain_trainer.telling.room import require_room

KNOWN = (
    "No new data: an earlier run already tried these batches in the same way, to no avail; nothing is trained until "
    "there is more."
)


def collect(task: Task, workspace: Workspace) -> Collected:
    """Answer what is new; leave the plan, and when there is something to train on, the profile and the holdout."""
    require_room(task)
    require_known(task.evaluation.gates, task.model.estimator)
    require_probabilities(task.evaluation.gates, task.model)
    if task.model.mode is Mode.INCREMENTAL:
        require_updatable(task.model.estimator)
    plan = _plan(task, workspace)
    write(workspace.plan, plan)
    return collected(task, plan)


def collected(task: Task, plan: Plan) -> Collected:
    """Answer with what a plan says."""
    told = {"outcome": plan.outcome, "batches": plan.batches, "rows": plan.rows, "data_digest": plan.data_digest}
    return answer(Collected, task, plan.message, **told)


def _plan(task: Task, workspace: Workspace) -> Plan:
    champion = Store(task.model.store).champion(task)
    seen = () if champion is None else champion.manifest.batches
    try:
        found = batches_of(task.data.source, {batch.name: batch for batch in seen}, workspace.batches)
    except NoBucketError as error:
        return _not_found(task, str(error))
    if not found:
        return _not_found(task, f"{task.data.source} matches no file.")
    listed = distinct(found)
    digest = new_data(listed, seen)
    if digest is None:
        return Plan(run=task.run, outcome=CollectOutcome.NO_NEW_DATA, message=_nothing(len(listed), champion))
    if digest == task.known_data:
        return Plan(run=task.run, outcome=CollectOutcome.NO_NEW_DATA, message=KNOWN, data_digest=digest)
    done = {batch.digest for batch in seen if batch.until is None}
    bring(batch for batch in listed if batch.digest not in done)
    plan: Plan = importlib.import_module("retrain_trainer.intake.plan").make_plan(task, workspace, listed, champion)
    bring(portion.batch for portion in plan.portions)
    return plan.model_copy(update={"data_digest": digest})


def _not_found(task: Task, why: str) -> Plan:
    outcome = CollectOutcome.DATA_SOURCE_NOT_FOUND
    return Plan(run=task.run, outcome=outcome, message=f"Data source not found: {why}")


def distinct(batches: list[Batch]) -> list[Batch]:
    """Leave out copies: a batch is what it holds, under whatever name."""
    first: dict[str, Batch] = {}
    for batch in batches:
        first.setdefault(batch.digest, batch)
    return list(first.values())


def _nothing(batches: int, champion: Version | None) -> str:
    version = "" if champion is None else f" {champion.manifest.version}"
    seen = "the one batch there is" if batches == 1 else f"all {batches} batches there are"
    return f"No new data: the champion{version} has seen {seen}."
