"""When to retrain: by a metric that leaves its healthy range, or by the clock."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from retrain_operator.model.scalars import Duration, Name
from retrain_operator.model.schema import ApiWord, rules


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
