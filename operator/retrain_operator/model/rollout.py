"""Where a promoted model goes: the workload that serves it, the one field that is changed, and with what caution."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from retrain_operator.model.scalars import DottedName, Duration, Name
from retrain_operator.model.schema import ApiWord, at_least, rules

_GROUP_VERSION = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9]+((alpha|beta)[0-9]+)?$"
_ONE_FIELD = "name either container (with env), or path"


class RolloutMode(StrEnum):
    """Who changes the target."""

    DIRECT = "Direct"
    RECOMMEND_ONLY = "RecommendOnly"


class PreflightMode(StrEnum):
    """What a missing right to deploy means before anything is trained."""

    REQUIRE = "Require"
    WARN = "Warn"


class ApprovalMode(StrEnum):
    """Who lets a candidate that passed into service."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class TargetRef(ApiWord):
    """The workload that serves the model, in this namespace."""

    api_version: str = Field("apps/v1", pattern=_GROUP_VERSION, max_length=253, description="API of the workload.")
    kind: str = Field(
        "Deployment",
        pattern="^[A-Z][A-Za-z0-9]*$",
        max_length=63,
        description="Kind of the workload, such as Deployment, Rollout or InferenceService.",
    )
    name: DottedName = Field(description="Its name.")

    def __str__(self) -> str:
        """How messages name it: Deployment "churn-serving"."""
        return f'{self.kind} "{self.name}"'


class Bake(ApiWord):
    """A time in which a model in service must prove itself."""

    duration: Duration = Field(
        ge=timedelta(seconds=1),
        json_schema_extra=at_least("duration", "1s"),
        description="How long after the rollout the policy's own metric triggers must stay healthy, such as 10m. When "
        "one starts to fire, the model before is put back and the candidate quarantined.",
    )


class Rollout(ApiWord):
    """Where a promoted model goes."""

    model_config = ConfigDict(json_schema_extra=rules(("has(self.container) != has(self.path)", _ONE_FIELD)))
    target_ref: TargetRef = Field(description="The workload that serves the model.")
    container: Name | None = Field(None, description="Container of its pod template that reads the variable.")
    env: str = Field(
        "MODEL_URI",
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=128,
        description="Environment variable of the container that names the model in service.",
    )
    path: str | None = Field(
        None,
        pattern=r"^spec(\.[A-Za-z][A-Za-z0-9_-]*)+$",
        max_length=256,
        description="In place of container and env: the field that names the model in service, such as "
        "spec.predictor.model.storageUri.",
    )
    mode: RolloutMode = Field(
        RolloutMode.DIRECT,
        description="Direct: the operator changes the field. RecommendOnly: the change is left as a patch in the run's "
        "status, to commit.",
    )
    preflight: PreflightMode = Field(
        PreflightMode.REQUIRE,
        description="Require: nothing is trained while the right to deploy is missing. Warn: it is told, and trained.",
    )
    approval: ApprovalMode = Field(
        ApprovalMode.AUTOMATIC,
        description="Manual: a candidate that passed waits for the annotation retrain.dev/approve or "
        "retrain.dev/reject with the run's name.",
    )
    approval_timeout: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(seconds=10),
        json_schema_extra=at_least("approvalTimeout", "10s"),
        description="A candidate that nobody approved by then is not rolled out, such as 24h.",
    )
    progress_deadline: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=10),
        json_schema_extra=at_least("progressDeadline", "10s"),
        description="The model before is restored when the rollout takes longer, such as 5m.",
    )
    bake: Bake | None = Field(None, description="Whether and how the model is watched once it is in service.")

    @property
    def field(self) -> str:
        """How messages name what is changed."""
        return self.path or self.env

    @model_validator(mode="after")
    def _names_one_field(self) -> Self:
        if (self.container is None) == (self.path is None):
            raise ValueError(_ONE_FIELD)
        return self
