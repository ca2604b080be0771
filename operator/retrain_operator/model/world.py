"""What was seen of the world, as frozen facts. What is absent has a type of its own: nobody can mistake it for zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retrain_operator.model.access import OPERATOR, Account
from retrain_operator.model.observation import Observation
from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.run import Outcome, RunSpec, RunStatus
from retrain_operator.model.status import PolicyStatus, Undo
from retrain_operator.model.target import NotLooked, Target
from retrain_operator.model.training import NoJob, TrainingJob
from retrain_trainer.contract import ModelRef


@dataclass(frozen=True, slots=True)
class NoRun:
    """No run is claimed."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run is claimed, but does not exist (yet)."""


@dataclass(frozen=True, slots=True)
class Going:
    """The claimed run is under way, and when it was made."""

    status: RunStatus
    created: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """The claimed run has ended."""

    spec: RunSpec
    status: RunStatus
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another owner's run holds the claimed name."""


PolicyRun = NoRun | Claimed | Going | Ended | Foreign


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asked for by an annotation: its value, and who wrote it, as far as the API server knows."""

    value: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A RetrainPolicy, parsed."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    spec: PolicySpec
    status: PolicyStatus
    created: datetime
    requested: Ask | None = None
    """The annotation retrain.dev/requestedAt."""
    approve: Ask | None = None
    """The annotation retrain.dev/approve."""
    reject: Ask | None = None
    """The annotation retrain.dev/reject."""
    undo_to: Ask | None = None
    """The annotation retrain.dev/undo-to."""

    @property
    def account(self) -> Account:
        """Who the operator acts as for this policy."""
        return Account(self.namespace, self.spec.service_account_name)


@dataclass(frozen=True, slots=True)
class InvalidPolicy:
    """A RetrainPolicy whose spec is not one, and the mistake in it."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    status: PolicyStatus
    mistake: str


@dataclass(frozen=True, slots=True)
class PolicyWorld:
    """All that a decision about a policy may depend on."""

    now: datetime
    policy: Policy
    run: PolicyRun = field(default_factory=NoRun)
    observations: Mapping[str, Observation] = field(default_factory=dict)
    """Newest observation of each trigger that asks a Prometheus, by its name."""
    undo: Undo | None = None
    """What the annotation retrain.dev/undo-to means, where it asks for something new."""
    operator: Account = OPERATOR
    """Who the operator itself is."""


@dataclass(frozen=True, slots=True)
class Run:
    """A RetrainRun, parsed."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    spec: RunSpec
    status: RunStatus
    created: datetime

    @property
    def account(self) -> Account:
        """Who the operator acts as for this run."""
        return Account(self.namespace, self.spec.policy.spec.service_account_name)

    @property
    def candidate(self) -> ModelRef | None:
        """The version that was trained, once it is known."""
        return self.status.result.candidate if self.status.result else None


@dataclass(frozen=True, slots=True)
class RunWorld:
    """All that a decision about a run may depend on."""

    now: datetime
    run: Run
    job: TrainingJob = field(default_factory=NoJob)
    target: Target = field(default_factory=NotLooked)
    policy: Policy | None = None
    """The policy as it is now, where something may depend on it; None when it is gone or cannot be followed."""
    observations: Mapping[str, Observation] = field(default_factory=dict)
    """Newest observation of each of that policy's metric triggers, by its name."""
