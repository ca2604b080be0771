"""All that a trainer answers: decisions and numbers. A verdict is not among them."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from retrain_trainer.contract.words import CONTRACT, Digest, MetricName, Sentence, StoreUri, Word

ANSWER_PATH = "/dev/termination-log"
ANSWER_LIMIT = 2048
"""Bytes of an answer at most: Kubernetes cuts a termination message at 4096, and 12 KiB are shared by a pod."""

SCALE = "What a tolerance of 1 means: the standard deviation of the label for metrics in its unit, 1 for others."


class ModelRef(Word):
    """One immutable version in the store."""

    uri: StoreUri = Field(description="Its folder.")
    digest: Digest = Field(description="SHA-256 of its manifest.json.")


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


class Slice(Word):
    """The first metric on some of the held-out rows."""

    name: str = Field(max_length=256, description="Which rows, such as `region=north` or `0.1 < price <= 0.3`.")
    rows: int = Field(ge=1, description="How many they are.")
    metric: MetricName = Field(description="Name of the metric.")
    candidate: float = Field(description="Its value for the candidate.")
    champion: float | None = Field(None, description="Its value for the champion; absent when there is none.")
    scale: float = Field(1.0, gt=0, description=SCALE)


class Reference(Word):
    """One metric on the holdout of the last promotion, which no new data can have poisoned."""

    metric: MetricName = Field(description="Name of the metric.")
    candidate: float = Field(description="Its value for the candidate.")
    champion: float = Field(description="Its value for the champion.")
    scale: float = Field(1.0, gt=0, description=SCALE)
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
    worst_slice: Slice | None = None


class Fault(Answer):
    """What a step leaves when it exits non-zero: the fault of the infrastructure that stopped it, say a full disk."""

    step: Literal["fault"] = "fault"


AnyAnswer = Annotated[Collected | Trained | Evaluated | Fault, Field(discriminator="step")]
