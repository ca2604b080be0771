"""Whether the answer of `evaluate` will have room in 2 KiB: known from the task, so told before anything is trained."""

from datetime import UTC, datetime

from retrain_trainer.contract import (
    ANSWER_LIMIT,
    Evaluated,
    EvaluateOutcome,
    HoldoutReport,
    ModelRef,
    Reference,
    Score,
    Slice,
    Task,
)
from retrain_trainer.telling import naming
from retrain_trainer.telling.answers import SHORTER, answer, encode
from retrain_trainer.telling.faults import StepError

NUMBER, MANY, DIGEST, LATE = -0.123456, 10**8, "sha256:" + "0" * 64, datetime(2000, 1, 1, tzinfo=UTC)
VERSION = "v000000-0123456789"
"""As long as such a thing gets."""


def require_room(task: Task) -> None:
    """Raise StepError when the answer of `evaluate` to this task could be too long."""
    if b'"step":"evaluate"' not in encode(_longest(task)):
        raise StepError(f"The answer to this task could be longer than {ANSWER_LIMIT} bytes: {SHORTER}.")


def _longest(task: Task) -> Evaluated:
    both = {"candidate": NUMBER, "champion": NUMBER}
    metric = max((gate.metric for gate in task.evaluation.gates), key=len)
    columns = () if task.evaluation.slices is None else task.evaluation.slices.columns
    worded = {category.column for category in task.data.categories}
    names = [naming.longest(column, words=column in worded) for column in columns]
    slices = [Slice(name=name, rows=MANY, metric=metric, **both) for name in names]
    return answer(
        Evaluated,
        task,
        "",
        outcome=EvaluateOutcome.EVALUATED,
        candidate=ModelRef(uri=f"{task.model.store.rstrip('/')}/{VERSION}"[:512], digest=DIGEST),
        champion=None if task.champion is None else ModelRef(uri=task.champion.uri, digest=DIGEST),
        scores=tuple(Score(metric=gate.metric, **both, lower_bound=NUMBER) for gate in task.evaluation.gates),
        holdout=HoldoutReport(rows=MANY, blocks=MANY, digest=DIGEST, start=LATE, end=LATE),
        reference=Reference(metric=metric, **both, scale=-NUMBER, holdout=DIGEST),
        worst_slice=max(slices, key=lambda each: len(each.name.encode()), default=None),
    )
