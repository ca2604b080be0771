"""What the operator tells a trainer, and what a trainer answers: the only words both sides share.

A trainer is one image called three times in one pod, as `collect`, `train` and `evaluate`. Each call finds its task as
JSON in the variable `RETRAIN_TASK`, shares `/workspace` with the others, and leaves its answer as JSON in
`/dev/termination-log`. An answer is a decision and exits 0, "no new data" included; only faults of the infrastructure
exit non-zero, so that Kubernetes never repeats a decision. A step that finds an earlier one of its pod ended the run
answers `Skipped`. The trainer measures; the operator judges, by `retrain_trainer.contract.verdict`.
"""

from retrain_trainer.contract.answer import (
    ANSWER_LIMIT,
    ANSWER_PATH,
    Answer,
    AnyAnswer,
    Collected,
    CollectOutcome,
    Evaluated,
    EvaluateOutcome,
    Fault,
    HoldoutReport,
    ModelRef,
    Reference,
    Score,
    Slice,
    Trained,
    TrainOutcome,
)
from retrain_trainer.contract.data import (
    Category,
    Check,
    ColumnRange,
    Data,
    Holdout,
    OnBadBatch,
    Validation,
)
from retrain_trainer.contract.evaluation import (
    Evaluation,
    Gate,
    OnMissingChampion,
    Slices,
)
from retrain_trainer.contract.model import (
    Mode,
    Model,
)
from retrain_trainer.contract.task import (
    TASK_VARIABLE,
    WORKSPACE,
    Champion,
    Task,
)
from retrain_trainer.contract.words import (
    CONTRACT,
    Column,
    Digest,
    Goal,
    MetricName,
    Sentence,
    StoreUri,
    Uri,
    Word,
)

__all__ = [
    "ANSWER_LIMIT",
    "ANSWER_PATH",
    "CONTRACT",
    "TASK_VARIABLE",
    "WORKSPACE",
    "Answer",
    "AnyAnswer",
    "Category",
    "Champion",
    "Check",
    "CollectOutcome",
    "Collected",
    "Column",
    "ColumnRange",
    "Data",
    "Digest",
    "EvaluateOutcome",
    "Evaluated",
    "Evaluation",
    "Fault",
    "Gate",
    "Goal",
    "Holdout",
    "HoldoutReport",
    "MetricName",
    "Mode",
    "Model",
    "ModelRef",
    "OnBadBatch",
    "OnMissingChampion",
    "Reference",
    "Score",
    "Sentence",
    "Slice",
    "Slices",
    "StoreUri",
    "Task",
    "TrainOutcome",
    "Trained",
    "Uri",
    "Validation",
    "Word",
]
