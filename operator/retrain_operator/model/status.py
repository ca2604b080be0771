"""What the operator writes on a RetrainPolicy: where it stands, in one word, one sentence and the facts behind them."""

from enum import StrEnum

from pydantic import Field

from retrain_operator.model.scalars import CamelWord, Name, Sentence, Time
from retrain_operator.model.schema import ApiWord
from retrain_trainer.contract import Digest, Uri


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
    DEPLOYING = "Deploying"
    BLOCKED = "Blocked"
    SUSPENDED = "Suspended"
    INVALID = "Invalid"


class TriggerState(StrEnum):
    """Where a trigger stands. Pending: breached, but not yet for long enough."""

    HEALTHY = "Healthy"
    PENDING = "Pending"
    FIRING = "Firing"
    NO_DATA = "NoData"
    ERROR = "Error"


class TriggerStatus(ApiWord):
    """The last transition of one trigger."""

    name: Name = Field(description="Name of the trigger.")
    state: TriggerState = Field(description="Where it stands.")
    reason: CamelWord = Field(description="Why, in one word.")
    message: Sentence = Field(description="Why, in a sentence.")
    since: Time = Field(description="When it came to stand there.")
    breached_since: Time | None = Field(None, description="When the value left its healthy range; kept over gaps.")


class Cause(ApiWord):
    """Why a run started."""

    trigger: str = Field(max_length=63, description="Name of the trigger, or `manual`.")
    message: Sentence = Field(description="What was seen, in a sentence.")
    at: Time = Field(description="When it was seen: the check, the slot of the schedule, or the request.")
    request: str | None = Field(None, max_length=256, description="Value of the annotation that asked for it.")


class ActiveRun(ApiWord):
    """The claim that makes a run the policy's only one. It is written before the run exists."""

    name: Name = Field(description="Name of the RetrainRun.")
    cause: Cause = Field(description="Why it starts.")
    made: bool = Field(False, description="Whether the run was seen; one that is gone after that is not made again.")


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


class ServedModel(ApiWord):
    """The model that the last successful run put in service."""

    uri: Uri = Field(description="Its folder in the store.")
    digest: Digest = Field(description="SHA-256 of its manifest.")
    version: str = Field(max_length=128, description="Name of its folder.")
    run: Name = Field(description="The run that made it.")
    promoted_at: Time = Field(description="When its rollout was complete.")


class PolicyStatus(ApiWord):
    """Where a policy stands. Written on transitions only; values that move all the time are in /metrics."""

    observed_generation: int = Field(0, ge=0, description="Generation of the spec that this status is about.")
    state: PolicyState = Field(PolicyState.IDLE, description="Where the policy stands, in one word.")
    message: Sentence = Field("", description="Where the policy stands, in a sentence.")
    observed_since: Time | None = Field(
        None, description="When that generation was first seen; no slot of a schedule before it is made up for."
    )
    conditions: tuple[Condition, ...] = Field((), max_length=8, description="Ready, Triggered, and Stalled when stuck.")
    triggers: tuple[TriggerStatus, ...] = Field((), max_length=16, description="Where each trigger stands.")
    champion: ServedModel | None = Field(None, description="The model that the last successful run put in service.")
    active_run: ActiveRun | None = Field(None, description="The run under way.")
    last_run: RunSummary | None = Field(None, description="The run that ended last.")
    history: tuple[RunSummary, ...] = Field((), max_length=10, description="Ended runs, newest first.")
    last_schedule_time: Time | None = Field(None, description="Newest slot of a schedule that a run served.")
    next_schedule_time: Time | None = Field(None, description="Next slot of a schedule.")
    cooldown_until: Time | None = Field(None, description="No run starts before.")
    last_handled_request: str | None = Field(
        None, max_length=256, description="Last value of retrain.dev/requestedAt that a run answered."
    )
