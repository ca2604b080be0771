"""What a trigger's check saw: a number, none, or an error. Only a number ever decides anything."""

from dataclasses import dataclass, field
from datetime import datetime

from retrain_operator.model.reason import Reason


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
    down: bool = field(default=False, compare=False)
    """Whether the source itself is in trouble, whatever it is asked."""


Observation = Sample | NoData | SourceError
