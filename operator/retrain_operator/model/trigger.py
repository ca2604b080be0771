"""When to retrain: a metric leaves its healthy range, the clock says so, or there is much more data than before."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from retrain_operator.model.scalars import DottedName, Duration, Name
from retrain_operator.model.schema import ApiWord, at_least, rules


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


class SecretRef(ApiWord):
    """A Secret of this namespace."""

    name: DottedName = Field(description="Name of the Secret.")


_QUERY_RULES = (
    (
        "!has(self.address) || !has(self.source)",
        "name a source of the operator's configuration, or an address, not both",
    ),
    ("!has(self.secretRef) || has(self.address)", "secretRef needs an address: a credential is sent nowhere else"),
)


class Query(ApiWord):
    """A question to a Prometheus, and which one is asked."""

    model_config = ConfigDict(json_schema_extra=rules(*_QUERY_RULES))
    query: str = Field(
        min_length=1, max_length=4096, description="PromQL that yields one number: max(retrain_feature_psi), say."
    )
    source: Name | None = Field(
        None, description="Name of a source in the operator's configuration. Without it and an address: default."
    )
    address: str | None = Field(
        None,
        pattern=r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$",
        max_length=300,
        description="Address of a Prometheus, such as https://prometheus.shop:9090. The operator's administrator must "
        "have allowed its host and port.",
    )
    secret_ref: SecretRef | None = Field(
        None,
        description="Secret with the credential for that address: username and password, or token; ca.crt; tls.crt and "
        "tls.key. It is read as the policy's ServiceAccount.",
    )

    @model_validator(mode="after")
    def _asks_one_source(self) -> Self:
        if self.address and self.source:
            raise ValueError("name a source of the operator's configuration, or an address, not both")
        if self.secret_ref and not self.address:
            raise ValueError("secretRef needs an address: a credential is sent nowhere else")
        return self


class PrometheusTrigger(Query):
    """Fires when a query's value leaves its healthy range for long enough."""

    healthy_range: HealthyRange = Field(description="Where the model is well; outside it the trigger fires.")
    for_: Duration = Field(
        timedelta(0),
        alias="for",
        description="How long the value must stay outside before the trigger fires, such as 5m. No data holds it where "
        "it is.",
    )


class DataVolumeTrigger(Query):
    """Fires when there is much more data than the champion was trained on."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            *_QUERY_RULES,
            (
                "has(self.growthPercent) != has(self.growth)",
                "dataVolume needs exactly one of growthPercent, growth",
            ),
        )
    )
    growth_percent: float | None = Field(
        None, gt=0, le=1_000_000, description="Fires when the volume has grown by more than this many percent."
    )
    growth: float | None = Field(
        None, gt=0, description="Fires when the volume has grown by more than this, in the unit of the query."
    )

    @model_validator(mode="after")
    def _has_one_limit(self) -> Self:
        if (self.growth_percent is None) == (self.growth is None):
            raise ValueError("dataVolume needs exactly one of growthPercent, growth")
        return self


CRON_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("minute", "[0-5]?[0-9]", "0-59"),
    ("hour", "([01]?[0-9]|2[0-3])", "0-23"),
    ("day of month", "(0?[1-9]|[12][0-9]|3[01])", "1-31"),
    ("month", "(0?[1-9]|1[0-2]|[A-Z]{3})", "1-12 or JAN-DEC"),
    ("day of week", "([0-7]|[A-Z]{3})", "0-7 or SUN-SAT"),
)


def cron_field(value: str) -> str:
    """A pattern of what may stand in a field of cron whose single values have the given pattern, in upper case."""
    item = rf"(\*|{value}(-{value})?|H(\({value}-{value}\))?)(/[1-9][0-9]?)?"
    return f"^{item}(,{item})*$"


def _cron_rules() -> dict[str, Any]:
    five = "size(self.split(' ')) == 5"
    checks = [(five, "cron needs five fields, separated by one space: minute hour day-of-month month day-of-week")]
    for index, (name, value, span) in enumerate(CRON_FIELDS):
        pattern = cron_field(value).replace("\\", "\\\\")
        checks.append(
            (
                f"!({five}) || self.split(' ')[{index}].upperAscii().matches('{pattern}')",
                f"cron: {name} (field {index + 1}) must be {span}, *, H, a range, a list or a step",
            )
        )
    return rules(*checks)


class ScheduleTrigger(ApiWord):
    """Fires by the clock, whatever the metrics say."""

    cron: Annotated[str, Field(max_length=128, json_schema_extra=_cron_rules())] = Field(
        description="Five cron fields: minute hour day-of-month month day-of-week, such as 0 0 * * *. H stands for a "
        "value that is this policy's own, hashed from its namespace and name, so that policies spread: H 0-6/2 * * *."
    )
    time_zone: str = Field(
        "UTC",
        pattern=r"^[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*$",
        max_length=64,
        description="IANA name of the time zone the fields are read in, such as Europe/Berlin.",
    )
    starting_deadline: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=10),
        json_schema_extra=at_least("startingDeadline", "10s"),
        description="How late a run may start, such as 30m; at least 10s. A slot missed for longer is skipped.",
    )


class TriggerMode(StrEnum):
    """How many triggers it takes."""

    ANY = "Any"
    ALL = "All"


_RESERVED = (
    "a trigger may not be called all, manual or undo: runs that took all triggers, or a person, are told by these"
)


class Trigger(ApiWord):
    """One reason to retrain; it has exactly one source."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "[has(self.prometheus), has(self.schedule), has(self.dataVolume)].filter(x, x).size() == 1",
                "a trigger needs exactly one of prometheus, schedule, dataVolume",
            ),
            ("!(self.name in ['all', 'manual', 'undo'])", _RESERVED),
        )
    )
    name: Name = Field(description="What the trigger is called in status, events and messages.")
    prometheus: PrometheusTrigger | None = Field(None, description="Fires when a metric leaves its healthy range.")
    schedule: ScheduleTrigger | None = Field(None, description="Fires by the clock.")
    data_volume: DataVolumeTrigger | None = Field(None, description="Fires when there is much more data than before.")

    @property
    def query(self) -> Query | None:
        """What it asks a Prometheus; None for a schedule."""
        return self.prometheus or self.data_volume

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if [self.prometheus, self.schedule, self.data_volume].count(None) != 2:
            raise ValueError(f"trigger {self.name} needs exactly one of prometheus, schedule, dataVolume")
        if self.name in ("all", "manual", "undo"):
            raise ValueError(_RESERVED)
        return self
