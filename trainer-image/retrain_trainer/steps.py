"""Runs one step of a task from its environment, and answers whatever happens.

Loads only what the step needs: a step with nothing to do ends before scikit-learn or Arrow are even imported.
"""

import importlib
import json
import os
import sys
import traceback

from pydantic import ValidationError

from retrain_trainer.contract import (
    TASK_VARIABLE,
    Answer,
    CollectOutcome,
    Evaluated,
    EvaluateOutcome,
    Fault,
    Task,
    Trained,
    TrainOutcome,
)
from retrain_trainer.files.workspace import Workspace
from retrain_trainer.store.versions import Store
from retrain_trainer.telling.answers import answer, tell
from retrain_trainer.telling.faults import StepError, sentence_of

KEPT = 16 << 20
"""Bytes of the largest block that is kept for the next one when it is freed: more than a chunk of most tables has."""


def run(step: str) -> int:
    """Do `collect`, `train` or `evaluate`, leave the answer, and return the exit code: 1 for faults alone."""
    _keep_memory()
    text = os.environ.get(TASK_VARIABLE, "")
    try:
        task = read_task(text)
    except StepError as error:
        return tell(step, Fault(**_whose(text), message=str(error)[:512]))
    try:
        return tell(step, _answered(step, task))
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is, the operator is told
        if not isinstance(error, StepError):
            traceback.print_exc(file=sys.stderr)
        return tell(step, answer(Fault, task, sentence_of(error)))


def read_task(text: str) -> Task:
    """Parse the task; StepError names the field that is wrong."""
    if not text:
        raise StepError(f"{TASK_VARIABLE} is not set: a step gets its task as JSON in this variable.")
    try:
        return Task.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise StepError(f"{TASK_VARIABLE} is not a task: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


def _keep_memory() -> None:
    """Keep freed memory: to get that of each chunk of rows anew from the system takes as long as to scale it.

    glibc learns from the largest block that was freed how much to keep (mallopt(3), M_MMAP_THRESHOLD). This one is
    never written to, so it takes no memory itself.
    """
    bytes(KEPT)


def _answered(step: str, task: Task) -> Answer:
    """Answer from what an earlier attempt committed, or from a plan that ended the run, or by doing the step."""
    done = Store(task.model.store).answer_of(task, step)
    if done is not None:
        return done
    workspace = Workspace.here()
    if step != "collect":
        plan = workspace.read_plan(task.run)
        if plan.outcome is not CollectOutcome.COLLECTED:
            return _skipped(step, task, f"Collect ended the run as {plan.outcome}.")
        if plan.inconclusive is not None:
            return _undecided(step, task, plan.inconclusive)
    module = importlib.import_module(f"retrain_trainer.{step}")
    said: Answer = getattr(module, step)(task, workspace)
    return said


def _skipped(step: str, task: Task, why: str) -> Answer:
    if step == "train":
        return answer(Trained, task, f"Nothing to train. {why}", outcome=TrainOutcome.SKIPPED)
    return answer(Evaluated, task, f"Nothing to evaluate. {why}", outcome=EvaluateOutcome.SKIPPED)


def _undecided(step: str, task: Task, why: str) -> Answer:
    if step == "train":
        return answer(Trained, task, f"Nothing was trained. {why}", outcome=TrainOutcome.SKIPPED)
    return answer(Evaluated, task, why, outcome=EvaluateOutcome.INCONCLUSIVE)


def _whose(text: str) -> dict[str, str]:
    """Find run and nonce in a task that is otherwise wrong, so that the operator knows whose fault it hears of."""
    try:
        task = json.loads(text)
    except ValueError:
        task = None
    found = task if isinstance(task, dict) else {}
    return {name: str(found.get(name, ""))[:63] for name in ("run", "nonce")}
