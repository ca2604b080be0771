"""What the target of a rollout was like: the Deployment as the policy's account sees it, or why it does not."""

from dataclasses import dataclass

from retrain_operator.model.access import Refusal


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
        """Whether there are replicas, all of them run the newest pod template and answer, and no older one is left."""
        return self.settled and self.replicas > 0 and self.updated == self.replicas == self.available == self.total


Target = NotLooked | TargetAbsent | ContainerAbsent | VariableAbsent | Refusal | Serving
