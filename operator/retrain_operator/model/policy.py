"""The RetrainPolicy that users write: what keeps a model healthy, how to retrain it, and where it may be rolled out.

These models are the one source of `crds/`: every field has a description, a bound and, where it makes sense, a default.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from retrain_operator.model.scalars import DottedName, Duration, Name
from retrain_trainer.contract import Data, Goal, MetricName, Model, Word


class ApiWord(Word):
    """A block of the API. `rules` are CEL rules for its schema: (rule, message)."""

    model_config = ConfigDict(validate_default=True)


def rules(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Schema extra that makes the API server check CEL rules, each with the sentence shown when it fails."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}


class HealthyRange(ApiWord):
    """Where the model is well. Outside it, the trigger fires; a value on the bound is healthy."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("has(self.min) || has(self.max)", "healthyRange needs min, max or both"),
            (
                "!has(self.min) || !has(self.max) || self.min <= self.max",
                "healthyRange.min must not be above healthyRange.max",
            ),
        )
    )
    min: float | None = Field(None, description="Lowest healthy value.")
    max: float | None = Field(None, description="Highest healthy value.")

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("healthyRange needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("healthyRange.min must not be above healthyRange.max")
        return self


class PrometheusTrigger(ApiWord):
    """Fires when a query's value leaves its healthy range for long enough."""

    query: str = Field(
        min_length=1, max_length=4096, description="PromQL that yields one number: max(retrain_feature_psi), say."
    )
    healthy_range: HealthyRange = Field(description="Where the model is well; outside it the trigger fires.")
    for_: Duration = Field(
        timedelta(0),
        alias="for",
        description="How long the value must stay outside before the trigger fires. No data holds it where it is.",
    )


CRON_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("minute", "[0-5]?[0-9]", "0-59"),
    ("hour", "([01]?[0-9]|2[0-3])", "0-23"),
    ("day of month", "(0?[1-9]|[12][0-9]|3[01])", "1-31"),
    ("month", "(0?[1-9]|1[0-2]|[A-Z]{3})", "1-12 or JAN-DEC"),
    ("day of week", "([0-7]|[A-Z]{3})", "0-7 or SUN-SAT"),
)


def _cron_rules() -> dict[str, Any]:
    five = "size(self.split(' ')) == 5"
    checks = [(five, "cron needs five fields, separated by one space: minute hour day-of-month month day-of-week")]
    for index, (name, value, span) in enumerate(CRON_FIELDS):
        item = rf"(\\*|{value}(-{value})?)(/[1-9][0-9]?)?"
        checks.append(
            (
                f"!({five}) || self.split(' ')[{index}].upperAscii().matches('^{item}(,{item})*$')",
                f"cron: {name} (field {index + 1}) must be {span}, *, a range, a list or a step",
            )
        )
    return rules(*checks)


class ScheduleTrigger(ApiWord):
    """Fires by the clock, whatever the metrics say."""

    cron: Annotated[str, Field(max_length=128, json_schema_extra=_cron_rules())] = Field(
        description="Five cron fields: minute hour day-of-month month day-of-week, such as 0 0 * * *."
    )
    time_zone: str = Field(
        "UTC",
        pattern=r"^[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*$",
        max_length=64,
        description="IANA name of the time zone the fields are read in, such as Europe/Berlin.",
    )
    starting_deadline: Duration = Field(
        timedelta(hours=1), description="How late a run may start. A slot missed for longer is skipped."
    )


class Trigger(ApiWord):
    """One reason to retrain. Any one of a policy's triggers is enough."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("has(self.prometheus) != has(self.schedule)", "a trigger needs exactly one of prometheus, schedule")
        )
    )
    name: Name = Field(description="What the trigger is called in status, events and messages.")
    prometheus: PrometheusTrigger | None = Field(None, description="Fires when a metric leaves its healthy range.")
    schedule: ScheduleTrigger | None = Field(None, description="Fires by the clock.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.prometheus is None) == (self.schedule is None):
            raise ValueError(f"trigger {self.name} needs exactly one of prometheus, schedule")
        return self


class Cooldown(ApiWord):
    """How long to rest after a run, by how it ended."""

    after_success: Duration = Field(timedelta(hours=1), description="Rest after a promotion.")
    after_rejection: Duration = Field(timedelta(hours=6), description="Rest after a candidate that was not promoted.")
    after_failure: Duration = Field(timedelta(minutes=10), description="Rest after a run that failed.")


class Quantities(ApiWord):
    """Amounts of compute."""

    cpu: str | None = Field(
        None, pattern=r"^[0-9]+(\.[0-9]+)?m?$", max_length=16, description="Cores, such as 500m or 2."
    )
    memory: str | None = Field(
        None, pattern=r"^[0-9]+(\.[0-9]+)?([KMGT]i?)?$", max_length=16, description="Bytes, such as 512Mi or 4Gi."
    )


class Resources(ApiWord):
    """Compute for each step."""

    requests: Quantities = Field(Quantities(cpu="100m", memory="256Mi"), description="What the scheduler sets aside.")
    limits: Quantities = Field(Quantities(memory="1Gi"), description="What a step may use at most.")


class Volume(ApiWord):
    """Storage mounted into every step of the trainer."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "[has(self.persistentVolumeClaim), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",
                "a volume needs exactly one of persistentVolumeClaim, configMap, secret",
            ),
            (
                "!(self.mountPath in ['/', '/tmp', '/workspace'])",
                "mountPath / , /tmp and /workspace are the trainer's own",
            ),
        )
    )
    mount_path: str = Field(pattern=r"^/[A-Za-z0-9/_.-]*$", max_length=256, description="Where it is mounted.")
    persistent_volume_claim: DottedName | None = Field(None, description="Name of a claim in this namespace.")
    config_map: DottedName | None = Field(None, description="Name of a ConfigMap in this namespace.")
    secret: DottedName | None = Field(None, description="Name of a Secret in this namespace.")
    read_only: bool = Field(False, description="Mount a claim read-only. ConfigMaps and Secrets always are.")


class Variable(ApiWord):
    """One environment variable of every step."""

    name: str = Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$", max_length=128, description="Name of the variable.")
    value: str = Field(max_length=4096, description="Its value, as it is.")


class Trainer(ApiWord):
    """The container that collects, trains and evaluates. An allow-list of fields, not a pod template."""

    image: str = Field(
        pattern=r"^[^\s]+$", min_length=1, max_length=512, description="Image called as collect, train and evaluate."
    )
    resources: Resources = Field(Resources(), description="Compute for each step.")
    volumes: tuple[Volume, ...] = Field((), max_length=8, description="Storage for data and models.")
    env: tuple[Variable, ...] = Field((), max_length=32, description="Environment variables of every step.")
    timeout: Duration = Field(timedelta(hours=2), description="The run fails when its Job takes longer.")
    start_deadline: Duration = Field(
        timedelta(minutes=10), description="The run fails when no step has started by then, as with an absent image."
    )
    retries: int = Field(2, ge=0, le=10, description="How often a pod that broke is tried again. Decisions never are.")


class Gate(ApiWord):
    """What a candidate must reach in one metric before it may be rolled out."""

    metric: MetricName = Field(description="Name of a metric that the trainer reports, such as accuracy.")
    goal: Goal = Field(Goal.MAXIMIZE, description="Which direction is better.")
    threshold: float | None = Field(None, description="Worst acceptable value, whatever the champion has.")
    min_improvement: float = Field(
        0.0,
        ge=0,
        description="The candidate must be better than the champion by more than this, with the given confidence.",
    )


class OnMissingChampion(StrEnum):
    """What happens to a candidate when no model is in service to compare it with."""

    PROMOTE = "Promote"
    REJECT = "Reject"


class Evaluation(ApiWord):
    """When a candidate is good enough."""

    gates: tuple[Gate, ...] = Field(min_length=1, max_length=8, description="All must pass.")
    on_missing_champion: OnMissingChampion = Field(
        OnMissingChampion.PROMOTE,
        description="What happens to a candidate that passes its thresholds when no model is in service.",
    )
    confidence: float = Field(
        0.95, ge=0.5, le=0.999, description="Confidence with which the candidate must be better than the champion."
    )
    reference_tolerance: float = Field(
        0.15,
        ge=0,
        le=1,
        description="How much worse than the champion a candidate may be on the holdout of the last promotion.",
    )


class TargetRef(ApiWord):
    """The workload that serves the model, in this namespace."""

    api_version: Literal["apps/v1"] = Field("apps/v1", description="API of the workload.")
    kind: Literal["Deployment"] = Field("Deployment", description="Kind of the workload.")
    name: DottedName = Field(description="Name of the Deployment.")


class Rollout(ApiWord):
    """Where a promoted model goes."""

    target_ref: TargetRef = Field(description="The Deployment that serves the model.")
    container: Name = Field(description="Container of the Deployment that reads the variable.")
    env: str = Field(
        "MODEL_URI",
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=128,
        description="Environment variable that names the model in service: the one field that is changed.",
    )
    progress_deadline: Duration = Field(
        timedelta(minutes=5), description="The model before is restored when the rollout is not complete by then."
    )


class History(ApiWord):
    """How many ended runs are kept."""

    successful_runs: int = Field(3, ge=0, le=100, description="Runs that succeeded.")
    failed_runs: int = Field(3, ge=0, le=100, description="Runs that ended in any other way.")


class PolicySpec(ApiWord):
    """What a user wants kept true about a model."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(self.triggers) || self.triggers.all(t, self.triggers.exists_one(o, o.name == t.name))",
                "triggers must have names of their own",
            ),
        )
    )
    suspend: bool = Field(False, description="No run starts while true. A run under way goes on.")
    interval: Annotated[
        Duration,
        Field(json_schema_extra=rules(("duration(self) >= duration('5s')", "interval must be at least 5s"))),
    ] = Field(timedelta(seconds=30), description="How often triggers are checked; at least 5s.")
    triggers: tuple[Trigger, ...] = Field(
        min_length=1, max_length=16, description="Reasons to retrain. Any one is enough."
    )
    cooldown: Cooldown = Field(Cooldown(), description="Rest between runs, by how the last one ended.")
    service_account_name: Name = Field(
        description="ServiceAccount of this namespace that the operator acts as. It may do no more than this account."
    )
    data: Data = Field(description="Where batches come from and what their columns mean.")
    model: Model = Field(description="What is trained, how, and where its versions are kept.")
    trainer: Trainer = Field(description="The container that collects, trains and evaluates.")
    evaluation: Evaluation = Field(description="When a candidate is good enough.")
    rollout: Rollout = Field(description="Where a promoted model goes.")
    history: History = Field(History(), description="How many ended runs are kept.")
