"""What the operator tells a trainer, and what a trainer answers: the only words both sides share.

A trainer is one image called three times in one pod, as `collect`, `train` and `evaluate`. Each call finds its task as
JSON in the variable `RETRAIN_TASK`, shares `/workspace` with the others, and leaves its answer as JSON in
`/dev/termination-log`. An answer is a decision and exits 0, "no new data" included; only faults of the infrastructure
exit non-zero, so that Kubernetes never repeats a decision. A step that finds an earlier one of its pod ended the run
answers `Skipped`. The trainer measures; the operator judges.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

CONTRACT: Literal["retrain.dev/v1"] = "retrain.dev/v1"
TASK_VARIABLE = "RETRAIN_TASK"
WORKSPACE = "/workspace"
ANSWER_PATH = "/dev/termination-log"
ANSWER_LIMIT = 2048
"""Bytes of an answer at most: Kubernetes cuts a termination message at 4096, and 12 KiB are shared by a pod."""

Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$", max_length=71)]
Uri = Annotated[str, Field(pattern=r"^(file|s3)://[^\s?#%\\]+$", max_length=512)]
Column = Annotated[str, Field(min_length=1, max_length=128)]
MetricName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$", max_length=63)]
Sentence = Annotated[str, Field(max_length=512)]


class Word(BaseModel):
    """A frozen value, camelCase on the wire; fields that a newer side adds are ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False)


class Goal(StrEnum):
    """Which direction of a metric is better."""

    MAXIMIZE = "Maximize"
    MINIMIZE = "Minimize"


class Mode(StrEnum):
    """How a candidate comes from the champion."""

    INCREMENTAL = "Incremental"
    REFIT = "Refit"


class OnBadBatch(StrEnum):
    """What one batch that fails validation does to the whole collection."""

    REJECT = "Reject"
    SKIP = "Skip"


class Validation(Word):
    """Checks that new data passes before anything is trained on it."""

    min_rows: int = Field(100, ge=1, le=1_000_000_000, description="Fewest new rows worth a training.")
    on_bad_batch: OnBadBatch = Field(
        OnBadBatch.REJECT,
        description="Reject ends the run as DataInvalid when one batch fails a check; Skip leaves that batch out.",
    )


class Holdout(Word):
    """The newest rows, kept from training, on which candidate and champion are compared."""

    fraction: float = Field(0.2, ge=0.01, le=0.9, description="Share of the new rows held out, newest first.")
    min_rows: int = Field(1000, ge=1, le=100_000_000, description="Fewest rows held out; fewer is Inconclusive.")
    min_blocks: int = Field(
        14, ge=2, le=10_000, description="Fewest time blocks (days) in the holdout; fewer is Inconclusive."
    )


class Data(Word):
    """Where batches come from and what their columns mean."""

    source: Uri = Field(
        description="Batches as one URI with wildcards, such as file:///data/batches/*.parquet. Parquet or CSV; read "
        "in the order of their names."
    )
    label: Column = Field(description="Column to predict.")
    time_column: Column | None = Field(
        None, description="Column that orders rows in time. Without it, the order of batches and rows is taken."
    )
    exclude: tuple[Column, ...] = Field((), max_length=256, description="Columns that are no features.")
    validation: Validation = Field(Validation(), description="Checks before training.")
    holdout: Holdout = Field(Holdout(), description="Rows kept from training for the evaluation.")


class Model(Word):
    """What is trained, how, and where its versions are kept."""

    store: Uri = Field(description="Folder of this model's versions, such as file:///models/churn.")
    estimator: str = Field(
        pattern="^[A-Z][A-Za-z0-9]{1,63}$",
        max_length=64,
        description="Name of a scikit-learn classifier or regressor, such as SGDClassifier.",
    )
    parameters: dict[Annotated[str, Field(max_length=64)], JsonValue] = Field(
        default_factory=dict, max_length=32, description="Parameters of the estimator, by their scikit-learn names."
    )
    mode: Mode = Field(
        Mode.INCREMENTAL,
        description="Incremental updates a copy of the champion batch by batch (partial_fit). Refit trains anew on a "
        "window of batches.",
    )
    window: int | None = Field(
        None, ge=1, le=100_000, description="Refit only: how many of the newest batches to train on. All when absent."
    )


class Metric(Word):
    """A number that evaluate is asked for."""

    name: MetricName
    goal: Goal = Goal.MAXIMIZE


class ModelRef(Word):
    """One immutable version in the store."""

    uri: Uri = Field(description="Its folder.")
    digest: Digest = Field(description="SHA-256 of its manifest.json.")


class Champion(Word):
    """The model in service."""

    uri: Uri = Field(description="Its folder in the store.")
    digest: Digest | None = Field(None, description="SHA-256 of its manifest.json; absent when not put there by a run.")


class Task(Word):
    """All a trainer is told. The same for the three steps of a run."""

    contract: Literal["retrain.dev/v1"] = CONTRACT
    run: str = Field(max_length=63)
    nonce: str = Field(min_length=16, max_length=64)
    data: Data
    model: Model
    metrics: tuple[Metric, ...] = Field(min_length=1, max_length=8)
    confidence: float = Field(0.95, ge=0.5, le=0.999)
    champion: Champion | None = None
    known_data: Digest | None = None  # trained on in the same way before, to no avail: NoNewData


class CollectOutcome(StrEnum):
    """How `collect` ended. Only Collected lets the run go on."""

    COLLECTED = "Collected"
    NO_NEW_DATA = "NoNewData"
    DATA_INVALID = "DataInvalid"
    DATA_SOURCE_NOT_FOUND = "DataSourceNotFound"


class TrainOutcome(StrEnum):
    """How `train` ended."""

    TRAINED = "Trained"
    SKIPPED = "Skipped"


class EvaluateOutcome(StrEnum):
    """How `evaluate` ended. Inconclusive: the holdout is too small to tell the models apart."""

    EVALUATED = "Evaluated"
    INCONCLUSIVE = "Inconclusive"
    SKIPPED = "Skipped"


class Answer(Word):
    """What every step says: whose answer it is, and one sentence for people."""

    contract: Literal["retrain.dev/v1"] = CONTRACT
    run: str = Field(max_length=63)
    nonce: str = Field(max_length=64)
    message: Sentence


class Collected(Answer):
    """The answer of `collect`: what is new, and whether it is fit for training."""

    step: Literal["collect"] = "collect"
    outcome: CollectOutcome
    batches: int = Field(0, ge=0)
    rows: int = Field(0, ge=0)
    data_digest: Digest | None = None


class Trained(Answer):
    """The answer of `train`: how much the candidate learned from. put_back counts batches that made it worse."""

    step: Literal["train"] = "train"
    outcome: TrainOutcome
    batches: int = Field(0, ge=0)
    put_back: int = Field(0, ge=0)
    rows: int = Field(0, ge=0)


class Score(Word):
    """One metric on the shared holdout. What compares with the champion is absent when there is none."""

    metric: MetricName = Field(description="Name of the metric.")
    candidate: float = Field(description="Its value for the candidate.")
    champion: float | None = Field(None, description="Its value for the champion.")
    improvement: float | None = Field(None, description="How much better the candidate is, whatever the goal.")
    lower_bound: float | None = Field(None, description="One-sided lower confidence bound of the improvement.")


class HoldoutReport(Word):
    """The rows both models were scored on."""

    rows: int = Field(ge=0, description="How many they are.")
    blocks: int = Field(ge=0, description="How many blocks of time they fall into.")
    digest: Digest = Field(description="SHA-256 over them.")
    start: AwareDatetime | None = Field(None, description="Time of the first; absent without a time column.")
    end: AwareDatetime | None = Field(None, description="Time of the last; absent without a time column.")


class Reference(Word):
    """One metric on the holdout of the last promotion, which no new data can have poisoned."""

    metric: MetricName = Field(description="Name of the metric.")
    candidate: float = Field(description="Its value for the candidate.")
    champion: float = Field(description="Its value for the champion.")
    holdout: Digest = Field(description="SHA-256 over that holdout's rows.")


class Evaluated(Answer):
    """The answer of `evaluate`: the committed candidate, and numbers for a verdict. It holds no verdict itself."""

    step: Literal["evaluate"] = "evaluate"
    outcome: EvaluateOutcome
    candidate: ModelRef | None = None
    champion: ModelRef | None = None
    scores: tuple[Score, ...] = Field((), max_length=8)
    holdout: HoldoutReport | None = None
    reference: Reference | None = None


class Fault(Answer):
    """What a step leaves when it exits non-zero: the fault of the infrastructure that stopped it, say a full disk."""

    step: Literal["fault"] = "fault"


AnyAnswer = Annotated[Collected | Trained | Evaluated | Fault, Field(discriminator="step")]
