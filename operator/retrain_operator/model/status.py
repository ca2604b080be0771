"""What the operator writes on a RetrainPolicy: where it stands, in one word, one sentence and the facts behind them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from retrain_operator.model.scalars import CamelWord, Duration, Name, Sentence, Time
from retrain_operator.model.schema import ApiWord
from retrain_trainer.contract import Digest, ModelRef, Uri


class Condition(ApiWord):
    """One observation, as Kubernetes tools expect it."""

    type: CamelWord = Field(description="What is observed.")
    status: str = Field(pattern="^(True|False|Unknown)$", max_length=7, description="Whether it holds.")
    reason: CamelWord = Field(description="Why, in one word.")
    message: Sentence = Field(description="Why, in a sentence.")
    last_transition_time: Time = Field(description="When status last changed.")
    observed_generation: int = Field(0, ge=0, description="Generation of the spec this was observed for.")


class PolicyState(StrEnum):
    """Where a policy stands, for people."""

    IDLE = "Idle"
    COOLING_DOWN = "CoolingDown"
    TRAINING = "Training"
    AWAITING_APPROVAL = "AwaitingApproval"
    DEPLOYING = "Deploying"
    BAKING = "Baking"
    BLOCKED = "Blocked"
    STALLED = "Stalled"
    SUSPENDED = "Suspended"
    INVALID = "Invalid"


class Missing(ApiWord):
    """One right that is missing, as a Role would grant it."""

    layer: CamelWord = Field(description="Who refused: ServiceAccountNotFound, Impersonation or RBAC.")
    account: str = Field(max_length=160, description="Whose right it is.")
    verb: str = Field(max_length=32, description="Verb of the Role's rule.")
    api_group: str = Field("", max_length=253, description="apiGroup of the Role's rule; empty is the core group.")
    resource: str = Field(max_length=63, description="Resource of the Role's rule.")
    name: str = Field("", max_length=253, description="resourceName of the Role's rule; empty for all.")


MissingRights = Annotated[tuple[Missing, ...], Field(max_length=16)]
Grant = Annotated[str, Field(max_length=16384)]
"""Objects to apply, as YAML."""


class TriggerState(StrEnum):
    """Where a trigger stands. Pending: breached, but not yet for long enough."""

    HEALTHY = "Healthy"
    PENDING = "Pending"
    FIRING = "Firing"
    NO_DATA = "NoData"
    ERROR = "Error"


class TriggerStatus(ApiWord):
    """The last transition of one trigger, and what is remembered of it from check to check."""

    name: Name = Field(description="Name of the trigger.")
    state: TriggerState = Field(description="Where it stands.")
    reason: CamelWord = Field(description="Why, in one word.")
    message: Sentence = Field(description="Why, in a sentence.")
    since: Time = Field(description="When it came to stand there.")
    definition: str = Field("", max_length=16, description="Hash of what it asks; all that follows is about that.")
    defined_at: Time | None = Field(
        None, description="When that was first seen; no slot of a schedule before it is made up for."
    )
    breached_since: Time | None = Field(None, description="When the value left its healthy range; kept over gaps.")
    counted_since: Time | None = Field(
        None, description="From when `for` counts: the start of the breach, later by every gap and after every run."
    )
    counted: Duration | None = Field(None, description="How much of `for` had passed when the data stopped.")
    ineffective_runs: int = Field(0, ge=0, description="Runs that succeeded while this breach lasted, and lasts.")
    baseline: float | None = Field(
        None, description="The volume that growth is measured from: what the champion was trained on, or first seen."
    )
    slot: Time | None = Field(None, description="The slot of the schedule that has come and that no run served yet.")
    next_slot: Time | None = Field(None, description="The next slot of the schedule.")
    skipped_slots: int = Field(0, ge=0, description="Slots that no run served in time; at most 1000 at once.")
    skipped_until: Time | None = Field(None, description="The newest of them.")


class Cause(ApiWord):
    """Why a run started."""

    trigger: str = Field(max_length=63, description="Name of the trigger, `all` of them, `manual` or `undo`.")
    message: Sentence = Field(description="What was seen, in a sentence.")
    at: Time = Field(description="When it was seen: the check, the slot of the schedule, or the request.")
    breached_since: Time | None = Field(None, description="Start of the breach that the run is to heal.")
    request: str | None = Field(None, max_length=256, description="Value of the annotation that asked for it.")
    requested_by: str | None = Field(
        None, max_length=128, description="Field manager that wrote the annotation, such as kubectl-annotate."
    )


class SeenVolume(ApiWord):
    """What a dataVolume trigger saw when a run started."""

    trigger: Name = Field(description="Name of the trigger.")
    value: float = Field(description="The volume.")


class Undo(ApiWord):
    """A version to go back to. Without `uri` nothing of that name is known."""

    to: str = Field(max_length=256, description="The run or version that was named.")
    uri: Uri | None = Field(None, description="Its folder in the store.")
    digest: Digest | None = Field(None, description="SHA-256 of its manifest, where it is known.")


class ActiveRun(ApiWord):
    """The claim that makes a run the policy's only one. It is written before the run exists."""

    name: Name = Field(description="Name of the RetrainRun.")
    cause: Cause = Field(description="Why it starts.")
    made: bool = Field(False, description="Whether the run was seen; one that is gone after that is not made again.")
    undo: Undo | None = Field(None, description="The version to put back, when that is what was asked for.")
    data_volumes: tuple[SeenVolume, ...] = Field(
        (), max_length=16, description="Volumes when it started: what growth is measured from once it has succeeded."
    )


class RunSummary(ApiWord):
    """One ended run."""

    name: Name = Field(description="Name of the RetrainRun.")
    trigger: str = Field(max_length=63, description="What started it.")
    cause: Sentence = Field(description="Why, in a sentence.")
    outcome: CamelWord = Field(description="How it ended.")
    reason: CamelWord = Field(description="Why, in one word.")
    message: Sentence = Field(description="Why, in a sentence.")
    start_time: Time = Field(description="When it started.")
    completion_time: Time = Field(description="When it ended.")
    data_digest: Digest | None = Field(None, description="SHA-256 over the new data that it found.")
    recipe: str = Field("", max_length=16, description="Hash of how it trained: data, model, trainer, gates, champion.")
    candidate: ModelRef | None = Field(None, description="The version that it made or put back.")


class ServedModel(ApiWord):
    """The model that the last successful run put in service."""

    uri: Uri = Field(description="Its folder in the store.")
    digest: Digest | None = Field(None, description="SHA-256 of its manifest, where it is known.")
    version: str = Field(max_length=128, description="Name of its folder.")
    run: Name = Field(description="The run that put it there.")
    promoted_at: Time = Field(description="When its rollout was complete.")
    before: str = Field("", max_length=2048, description="The model that it replaced.")


class Quarantined(ApiWord):
    """A version that was in service and taken back: it is not rolled out again, nor is its like trained."""

    uri: Uri = Field(description="Its folder in the store.")
    digest: Digest = Field(description="SHA-256 of its manifest.")
    run: Name = Field(description="The run that took it back.")
    reason: CamelWord = Field(description="Why, in one word.")
    at: Time = Field(description="When.")


class PolicyStatus(ApiWord):
    """Where a policy stands. Written on transitions only; values that move all the time are in /metrics."""

    observed_generation: int = Field(0, ge=0, description="Generation of the spec that this status is about.")
    state: PolicyState = Field(PolicyState.IDLE, description="Where the policy stands, in one word.")
    reason: CamelWord = Field("", description="Why it stands there, in one word.")
    message: Sentence = Field("", description="Where the policy stands, in a sentence.")
    conditions: tuple[Condition, ...] = Field((), max_length=8, description="Ready, Triggered, and Stalled when stuck.")
    triggers: tuple[TriggerStatus, ...] = Field((), max_length=16, description="Where each trigger stands.")
    champion: ServedModel | None = Field(None, description="The model that the last successful run put in service.")
    active_run: ActiveRun | None = Field(None, description="The run under way.")
    last_run: RunSummary | None = Field(None, description="The run that ended last.")
    history: tuple[RunSummary, ...] = Field((), max_length=10, description="Ended runs, newest first.")
    last_successful_time: Time | None = Field(None, description="When the last run that succeeded ended.")
    failures_in_a_row: int = Field(0, ge=0, description="Failed runs since the last that did not fail.")
    recent_runs: tuple[Time, ...] = Field(
        (), max_length=100, description="When the runs of the last limits.period started; kept where maxRuns is set."
    )
    runs_remaining: int | None = Field(None, ge=0, description="Runs that limits.maxRuns still allows now.")
    last_schedule_time: Time | None = Field(None, description="Newest slot of a schedule that a run served.")
    next_schedule_time: Time | None = Field(None, description="Next slot of a schedule.")
    cooldown_until: Time | None = Field(None, description="No run starts before.")
    last_handled_request: str | None = Field(
        None, max_length=256, description="Last value of retrain.dev/requestedAt that a run answered."
    )
    last_handled_undo: str | None = Field(
        None, max_length=256, description="Last value of retrain.dev/undo-to that a run answered."
    )
    quarantine: tuple[Quarantined, ...] = Field((), max_length=20, description="Versions taken back, newest first.")
    missing: MissingRights = Field((), description="Rights that are missing.")
    grant: Grant = Field("", description="Objects that grant what is missing, to look at and apply.")
