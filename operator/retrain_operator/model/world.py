"""What was seen of the world, as frozen facts. What is absent has a type of its own: nobody can mistake it for zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunSpec, RunStatus
from retrain_operator.model.status import PolicyStatus


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount that the operator acts as."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """The name the API server knows it by."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def __str__(self) -> str:
        """How messages name it."""
        return f"ServiceAccount {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Right:
    """One thing an account may or may not do, in the words of a Role's rule."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        """How messages name it: patch deployments.apps "churn-serving"."""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f'{self.verb} {resource} "{self.name}"' if self.name else f"{self.verb} {resource}"


# What a trigger's check saw


@dataclass(frozen=True, slots=True)
class Sample:
    """The query gave one number."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class NoData:
    """The query gave no number, or several: `reason` tells which. Nothing is decided from it."""

    at: datetime
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class SourceError:
    """The source did not answer, or with an error. Nothing is decided from it."""

    at: datetime
    reason: Reason
    message: str


Observation = Sample | NoData | SourceError


# What the target was like


@dataclass(frozen=True, slots=True)
class NotLooked:
    """The target was not looked at in this pass: nothing depends on it now."""


@dataclass(frozen=True, slots=True)
class TargetAbsent:
    """There is no Deployment of that name."""


@dataclass(frozen=True, slots=True)
class ContainerAbsent:
    """The Deployment has no container of that name, but these."""

    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableAbsent:
    """The container has no plain variable of that name, but these."""

    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server refused something to an account: what was asked, and what is known of why."""

    account: Account
    asked: Right
    account_exists: bool = True
    impersonated: bool = True
    """Whether the operator may act as the account at all."""
    lacking: tuple[Right, ...] = ()
    """Rights that an access review says the account lacks."""
    detail: str = ""
    """The API server's own sentence, bounded."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The Deployment that serves the model, as the policy's account sees it. `value` is the variable's value."""

    name: str
    uid: str
    resource_version: str
    value: str
    replicas: int
    updated: int
    available: int
    total: int
    settled: bool
    """Whether the Deployment's controller has seen its newest spec."""

    @property
    def complete(self) -> bool:
        """Whether every replica runs the newest pod template and answers, and none of an older one is left."""
        return self.settled and self.updated == self.replicas == self.available == self.total


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The API server does not accept an object, and its own sentence on why, bounded."""

    detail: str


Target = NotLooked | TargetAbsent | ContainerAbsent | VariableAbsent | Refusal | Serving


# What a policy's run was like


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
    run: PolicyRun = NoRun()
    observations: Mapping[str, Observation] = field(default_factory=dict)
    """Newest observation of each prometheus trigger, by its name."""


# What a run's Job was like


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The step's container has not started; `problem` and `detail` tell what keeps it, when something does."""

    problem: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The step's container is running."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Exited:
    """The step's container has ended. `answer` is its termination message, unread."""

    code: int
    reason: str
    answer: str
    started: datetime
    at: datetime


Container = NotStarted | Started | Exited


@dataclass(frozen=True, slots=True)
class NoJob:
    """There is no Job of this run."""


@dataclass(frozen=True, slots=True)
class ForeignJob:
    """Somebody else's Job holds the name."""


@dataclass(frozen=True, slots=True)
class Job:
    """The run's Job, and the containers of its newest pod, in the order collect, train, evaluate."""

    uid: str
    created: datetime
    complete: bool = False
    failed: str = ""
    """Kubernetes' reason why the Job failed, such as DeadlineExceeded; empty while it has not."""
    containers: tuple[Container, ...] = ()
    """Empty when the Job has no pod."""


TrainingJob = NoJob | ForeignJob | Job


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
    job: TrainingJob = NoJob()
    target: Target = NotLooked()
