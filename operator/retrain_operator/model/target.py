"""What the target of a rollout was like: the workload as the policy's account sees it, or why it does not."""

from dataclasses import dataclass, field

from retrain_operator.model.access import Refusal, Right
from retrain_operator.model.reason import Reason


@dataclass(frozen=True, slots=True)
class NotLooked:
    """The target was not looked at in this pass: nothing depends on it now."""


@dataclass(frozen=True, slots=True)
class KindUnknown:
    """The API server serves no such kind."""


@dataclass(frozen=True, slots=True)
class TargetAbsent:
    """There is no workload of that name."""


@dataclass(frozen=True, slots=True)
class ContainerAbsent:
    """Its pod template has no container of that name, but these."""

    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableAbsent:
    """The container has no plain variable of that name, but these."""

    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableFromSource:
    """The container takes the variable from elsewhere (valueFrom), so it has no value to change."""


@dataclass(frozen=True, slots=True)
class FieldAbsent:
    """The object has no text at that path, and nothing that could hold one."""


# How far a rollout is, as the workload itself tells.


@dataclass(frozen=True, slots=True)
class InService:
    """All of it runs the newest spec and answers, and nothing older is left."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """It is on its way, and how far; `trouble` is what its pods suffer from, where that was seen."""

    message: str
    trouble: "Trouble | None" = None
    refusal: str = ""
    """The API server's own sentence on why no new pod can be made, bounded; empty when none is known."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps it from getting there."""

    reason: Reason
    message: str
    restarts: int = 0
    """How often the container that serves the model was started again; 0 where it is not that one's trouble."""


@dataclass(frozen=True, slots=True)
class OnHold:
    """Its owner holds it: neither a success nor a failure, however long it lasts."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Its controller has given up."""

    reason: Reason
    message: str


Progress = InService | Unsettled | OnHold | Broken


@dataclass(frozen=True, slots=True)
class Marks:
    """The annotations that say which model it is and which run put it there, each empty when absent."""

    at: str
    """JSON pointer to the annotations that they are part of."""
    there: bool = True
    """Whether there are annotations at all."""
    bare: bool = False
    """Whether not even the metadata is there that they are part of, as in templates of some custom resources."""
    digest: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """The workload that serves the model, as the policy's account sees it. `value` is what its field says."""

    uid: str
    resource_version: str
    value: str
    at: str
    """JSON pointer to the field."""
    there: bool = True
    """Whether the field is there; one that is not can be added."""
    marks: Marks = field(default_factory=lambda: Marks("/metadata/annotations"))
    progress: Progress = field(default_factory=InService)
    manager: str = ""
    """Field manager that wrote the field last, where the API server knows; empty when it is the operator."""


Target = (
    NotLooked
    | KindUnknown
    | TargetAbsent
    | ContainerAbsent
    | VariableAbsent
    | VariableFromSource
    | FieldAbsent
    | Refusal
    | Serving
)


@dataclass(frozen=True, slots=True)
class Mount:
    """Something of the namespace that a trainer's pod mounts."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found before a run: the target, rights that the account lacks, and mounts that do not exist.

    Nothing is known of the rest where the target is a Refusal.
    """

    target: Target = field(default_factory=NotLooked)
    lacking: tuple[Right, ...] = ()
    absent: tuple[Mount, ...] = ()
