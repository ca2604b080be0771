"""What was seen of the world, as frozen facts. What is absent has a type of its own: nobody can mistake it for zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retrain_operator.model.access import Account
from retrain_operator.model.observation import Observation
from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.run import Outcome, RunSpec, RunStatus
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.target import NotLooked, Target
from retrain_operator.model.training import NoJob, TrainingJob


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
    requested: str | None = None
    """Value of the annotation retrain.dev/requestedAt."""
    requested_by: str | None = None
    """Field manager that wrote it, where the API server knows."""

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


@dataclass(frozen=True, slots=True)
class RunWorld:
    """All that a decision about a run may depend on."""

    now: datetime
    run: Run
    job: TrainingJob = field(default_factory=NoJob)
    target: Target = field(default_factory=NotLooked)
