"""The acts a run may ask for, and the move that joins one with the status to write before it."""

from dataclasses import dataclass
from datetime import timedelta

from retrain_operator.model.run import RunStatus


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing until something happens, or for so long."""

    recheck: timedelta | None = None


@dataclass(frozen=True, slots=True)
class GoOn:
    """Look again at once: the status just written opens the next move."""


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Make the run's Job as the policy's account."""


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Remove the run's Job as the policy's account."""

    uid: str


@dataclass(frozen=True, slots=True)
class SetModel:
    """Name this model in the target as the policy's account."""

    value: str


Act = Wait | GoOn | CreateJob | DeleteJob | SetModel


@dataclass(frozen=True, slots=True)
class Move:
    """A status to write, and then an act."""

    status: RunStatus
    act: Act
