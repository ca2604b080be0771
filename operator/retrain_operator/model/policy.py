"""The RetrainPolicy that users write: what keeps a model healthy, how to retrain it, and where it may be rolled out.

These models are the one source of `crds/`: every field has a description, a bound and, where it makes sense, a default.
"""

from datetime import timedelta
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from retrain_operator.model.rollout import Rollout
from retrain_operator.model.scalars import Duration, Name
from retrain_operator.model.schema import ApiWord, at_least, rules
from retrain_operator.model.trainer import Trainer
from retrain_operator.model.trigger import Trigger, TriggerMode
from retrain_trainer.contract import Data, Evaluation, Mode, Model


class Cooldown(ApiWord):
    """How long to rest after a run, by how it ended."""

    after_success: Duration = Field(
        timedelta(hours=1),
        description="Rest after a promotion, such as 1h. While a breach lasts that it did not heal: twice, four times, "
        "... as long, at most a day.",
    )
    after_rejection: Duration = Field(
        timedelta(hours=6), description="Rest after a candidate that was not promoted, or when there was no new data."
    )
    after_failure: Duration = Field(timedelta(minutes=10), description="Rest after a run that failed, such as 10m.")


class Limits(ApiWord):
    """How much may be spent before a person is asked."""

    max_runs: int | None = Field(
        None, ge=1, le=100, description="How many runs may start within the period. No limit when absent."
    )
    period: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(minutes=1),
        json_schema_extra=at_least("period", "1m"),
        description="The period that maxRuns is about: always the last 24h, say.",
    )
    failure_limit: int = Field(
        5,
        ge=1,
        le=100,
        description="After so many failed runs in a row no run starts until the spec changes or one is asked for by "
        "hand.",
    )


class History(ApiWord):
    """How many ended runs are kept."""

    successful_runs: int = Field(3, ge=0, le=100, description="Runs that succeeded.")
    failed_runs: int = Field(3, ge=0, le=100, description="Runs that ended in any other way.")


class PolicySpec(ApiWord):
    """What a user wants kept true about a model."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("!has(self.model.window) || self.model.mode == 'Refit'", "model.window needs model.mode Refit"),
            (
                "self.model.replay == 0.0 || self.model.mode == 'Incremental'",
                "model.replay needs model.mode Incremental",
            ),
        )
    )
    suspend: bool = Field(False, description="No run starts while true. A run under way goes on.")
    interval: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=5),
        json_schema_extra=at_least("interval", "5s"),
        description="How often triggers are checked, such as 30s or 5m; at least 5s.",
    )
    triggers: tuple[Trigger, ...] = Field(min_length=1, max_length=16, description="Reasons to retrain.")
    trigger_mode: TriggerMode = Field(
        TriggerMode.ANY,
        description="Any: one trigger is enough. All: a run starts when all fire at once; a schedule whose slot has "
        "come stays open until then.",
    )
    cooldown: Cooldown = Field(Cooldown(), description="Rest between runs, by how the last one ended.")
    limits: Limits = Field(Limits(), description="How much may be spent before a person is asked.")
    service_account_name: Name = Field(
        description="ServiceAccount of this namespace that the operator acts as. It may do no more than this account."
    )
    data: Data = Field(description="Where batches come from and what their columns mean.")
    model: Model = Field(description="What is trained, how, and where its versions are kept.")
    trainer: Trainer = Field(description="The container that collects, trains and evaluates.")
    evaluation: Evaluation = Field(description="When a candidate is good enough.")
    rollout: Rollout = Field(description="Where a promoted model goes.")
    history: History = Field(History(), description="How many ended runs are kept.")

    @model_validator(mode="after")
    def _modes_have_their_own(self) -> Self:
        if self.model.window is not None and self.model.mode is not Mode.REFIT:
            raise ValueError("model.window needs model.mode Refit")
        if self.model.replay and self.model.mode is not Mode.INCREMENTAL:
            raise ValueError("model.replay needs model.mode Incremental")
        return self
