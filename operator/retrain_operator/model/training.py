"""What a run's Job was like, and the three containers of its pod."""

from dataclasses import dataclass
from datetime import datetime

from retrain_operator.model.reason import Reason


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
    refusal: str = ""
    """The API server's own sentence on why no pod of it can be made, bounded; empty when none is known."""


TrainingJob = NoJob | ForeignJob | Job
