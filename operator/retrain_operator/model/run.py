"""The RetrainRun that the operator writes: one attempt at a fresher model, from its cause to its outcome."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.scalars import CamelWord, Name, Sentence, Time
from retrain_operator.model.schema import ApiWord, rules
from retrain_operator.model.status import Cause, Condition, MissingRights, Undo
from retrain_trainer.contract import Champion, Digest, HoldoutReport, ModelRef, Reference, Score, Slice


class Outcome(StrEnum):
    """How a run ended. Rejected, DataInvalid, NoNewData and Inconclusive are ordinary ends: the policy did its job."""

    SUCCEEDED = "Succeeded"
    REJECTED = "Rejected"
    DATA_INVALID = "DataInvalid"
    NO_NEW_DATA = "NoNewData"
    INCONCLUSIVE = "Inconclusive"
    FAILED = "Failed"
    ROLLED_BACK = "RolledBack"
    CANCELLED = "Cancelled"


class RunState(StrEnum):
    """Where a run stands. Blocked is no end: it goes on by itself once the missing right is there."""

    PENDING = "Pending"
    TRAINING = "Training"
    AWAITING_APPROVAL = "AwaitingApproval"
    DEPLOYING = "Deploying"
    BAKING = "Baking"
    BLOCKED = "Blocked"
    ENDED = "Ended"


class StepName(StrEnum):
    """The four steps, in their order."""

    COLLECT = "Collect"
    TRAIN = "Train"
    EVALUATE = "Evaluate"
    DEPLOY = "Deploy"


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    BLOCKED = "Blocked"


class StepStatus(ApiWord):
    """One step of a run."""

    name: StepName = Field(description="Collect, Train, Evaluate or Deploy.")
    state: StepState = Field(StepState.PENDING, description="Where it stands.")
    reason: CamelWord = Field("", description="Why, in one word.")
    message: Sentence = Field("", description="Why, in a sentence.")
    start_time: Time | None = Field(None, description="When it started.")
    completion_time: Time | None = Field(None, description="When it ended.")


class PolicySnapshot(ApiWord):
    """The policy as it stood when the run was claimed; a later change of it never alters the run."""

    name: Name = Field(description="Name of the policy.")
    uid: str = Field(max_length=64, description="UID of the policy.")
    generation: int = Field(ge=0, description="Generation of its spec.")
    spec: PolicySpec = Field(description="Its spec.")


class RunSpec(ApiWord):
    """What a run is about. It never changes."""

    model_config = ConfigDict(json_schema_extra=rules(("self == oldSelf", "the spec of a run cannot be changed")))
    policy: PolicySnapshot = Field(description="The policy as it stood when the run was claimed.")
    cause: Cause = Field(description="Why the run started.")
    champion: Champion | None = Field(None, description="The model in service when the run started.")
    nonce: str = Field(min_length=16, max_length=64, description="Binds the trainer's answers to this run.")
    known_data: Digest | None = Field(
        None, description="SHA-256 over new data that was trained on in the same way before, to no avail."
    )
    undo: Undo | None = Field(None, description="The version to put back; nothing is trained then.")


class JobRecord(ApiWord):
    """The Job that trains."""

    name: Name = Field(description="Its name.")
    uid: str = Field(max_length=64, description="Its UID.")
    made: int = Field(1, ge=1, description="How many Jobs were made for this run; more than one when a Job was lost.")


class VerdictRecord(ApiWord):
    """What the numbers mean."""

    promote: bool = Field(description="Whether the candidate may be rolled out.")
    reason: CamelWord = Field(description="Why, in one word.")
    message: Sentence = Field(description="Why, in a sentence, with the numbers.")


class Result(ApiWord):
    """What the trainer measured."""

    data_digest: Digest | None = Field(None, description="SHA-256 over the new data that was found.")
    candidate: ModelRef | None = Field(None, description="The version that was trained.")
    champion: ModelRef | None = Field(None, description="The version it was compared with.")
    scores: tuple[Score, ...] = Field((), max_length=8, description="Both models on the same holdout.")
    holdout: HoldoutReport | None = Field(None, description="The rows both were scored on.")
    reference: Reference | None = Field(None, description="Both models on the holdout of the last promotion.")
    worst_slice: Slice | None = Field(None, description="Both models where the candidate falls back most.")


class ApprovalRecord(ApiWord):
    """Who let the candidate into service, or did not."""

    since: Time = Field(description="From when it waited.")
    digest: Digest = Field(description="SHA-256 of the manifest of the candidate that it is about.")
    standing: str = Field(
        "",
        max_length=256,
        description="What retrain.dev/approve said before there was a candidate; it does not count.",
    )
    decision: CamelWord = Field("", description="Approved, Rejected or Expired; empty while it waits.")
    by: str = Field("", max_length=128, description="Who said so: retrain.dev/approved-by, else the field manager.")
    at: Time | None = Field(None, description="When.")


class TakenBack(ApiWord):
    """Why the value before is being put back."""

    reason: CamelWord = Field(description="Why, in one word.")
    message: Sentence = Field(description="Why, as the beginning of a sentence.")
    landed: bool = Field(False, description="Whether the value before was put back.")
    seen_time: Time | None = Field(None, description="When the value before was first seen in the target again.")


class RolloutRecord(ApiWord):
    """What was changed in the target; written before the change, so that it can always be undone."""

    target: str = Field(max_length=320, description="Kind and name of the workload.")
    uid: str = Field(max_length=64, description="Its UID.")
    from_: str = Field(alias="from", max_length=2048, description="Value of the field before.")
    to: str = Field(max_length=2048, description="Value of the field after.")
    from_there: bool = Field(True, description="Whether the field was there before.")
    from_digest: str = Field("", max_length=128, description="Annotation retrain.dev/model-digest before.")
    from_run: str = Field("", max_length=63, description="Annotation retrain.dev/run before.")
    healthy: tuple[Name, ...] = Field(
        (), max_length=16, description="Metric triggers that were seen healthy since the rollout began."
    )
    start_time: Time = Field(description="When the rollout started, or went on after it had been held.")
    landed: bool = Field(False, description="Whether the change was seen in the target.")
    held: bool = Field(False, description="Whether the target's owner holds the rollout.")
    complete_time: Time | None = Field(None, description="When all of the target ran the new value.")
    taken_back: TakenBack | None = Field(None, description="Why the value before is being put back.")


class RunStatus(ApiWord):
    """Where a run stands."""

    state: RunState = Field(RunState.PENDING, description="Where the run stands, in one word.")
    outcome: Outcome | None = Field(None, description="How it ended; absent while it is under way.")
    reason: CamelWord = Field("", description="Why, in one word.")
    message: Sentence = Field("", description="Where the run stands, in a sentence.")
    steps: tuple[StepStatus, ...] = Field(
        tuple(StepStatus(name=name) for name in StepName), max_length=4, description="The four steps, in their order."
    )
    start_time: Time | None = Field(None, description="When the run started.")
    completion_time: Time | None = Field(None, description="When it ended.")
    job: JobRecord | None = Field(None, description="The Job that trains.")
    result: Result | None = Field(None, description="What the trainer measured.")
    verdict: VerdictRecord | None = Field(None, description="What the numbers mean.")
    approval: ApprovalRecord | None = Field(None, description="Who let the candidate into service.")
    rollout: RolloutRecord | None = Field(None, description="What was changed in the target.")
    recommendation: str = Field(
        "", max_length=8192, description="The patch to commit, with rollout.mode RecommendOnly."
    )
    missing: MissingRights = Field((), description="Rights that hold the run back.")
    conditions: tuple[Condition, ...] = Field((), max_length=8, description="Finished: whether the run has ended.")
