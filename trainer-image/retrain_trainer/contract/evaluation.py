"""When a candidate is good enough: the gates, and what else must hold."""

from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from retrain_trainer.contract.words import Column, Goal, MetricName, Word

MORE_IS_BETTER = ("accuracy", "balanced_accuracy", "f1", "precision", "recall", "roc_auc", "r2")
LESS_IS_BETTER = ("log_loss", "brier", "rmse", "mae")
"""The metrics whose direction goes without saying."""
SHARES = tuple(metric for metric in MORE_IS_BETTER if metric != "r2")
"""Those of them that lie between 0 and 1."""
AT_MOST_1 = f"threshold of {', '.join(MORE_IS_BETTER)} may be at most 1: 80 % is 0.8"
AT_LEAST_0 = f"threshold of {', '.join(SHARES)} must be at least 0"


def goal_of(metric: str) -> Goal:
    """Return which direction of a metric is better; more, for one that is not known here."""
    return Goal.MINIMIZE if metric in LESS_IS_BETTER else Goal.MAXIMIZE


def _one_goal(goal: Goal, metrics: tuple[str, ...]) -> JsonValue:
    return {
        "rule": f"!has(self.goal) || self.goal == '{goal}' || !(self.metric in {list(metrics)})",
        "message": f"goal of {', '.join(metrics)} is {goal}; leave it out",
    }


def _bounded(bound: str, metrics: tuple[str, ...], message: str) -> JsonValue:
    return {
        "rule": f"!has(self.threshold) || self.threshold {bound} || !(self.metric in {list(metrics)})",
        "message": message,
    }


class Gate(Word):
    """What a candidate must reach in one metric before it may be rolled out."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                _one_goal(Goal.MAXIMIZE, MORE_IS_BETTER),
                _one_goal(Goal.MINIMIZE, LESS_IS_BETTER),
                _bounded("<= 1.0", MORE_IS_BETTER, AT_MOST_1),
                _bounded(">= 0.0", SHARES, AT_LEAST_0),
            ]
        }
    )
    metric: MetricName = Field(description="Name of a metric that the trainer reports, such as accuracy.")
    goal: Goal = Field(
        default_factory=lambda given: goal_of(given.get("metric", "")),
        description="Which direction is better. Goes without saying for the metrics of the trainer that comes with the "
        "project; for any other it is Maximize when absent.",
    )
    threshold: float | None = Field(None, description="Worst acceptable value, whatever the champion has.")
    min_improvement: float = Field(
        0.0,
        ge=0,
        description="The candidate must be better than the champion by more than this, with the given confidence.",
    )

    @model_validator(mode="after")
    def _goes_the_right_way(self) -> Self:
        if self.metric in (*MORE_IS_BETTER, *LESS_IS_BETTER) and self.goal is not goal_of(self.metric):
            raise ValueError(f"goal of {self.metric} is {goal_of(self.metric)}; leave it out")
        return self

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.threshold is not None and self.threshold > 1 and self.metric in MORE_IS_BETTER:
            raise ValueError(f"{AT_MOST_1}; it is {self.threshold:g}")
        if self.threshold is not None and self.threshold < 0 and self.metric in SHARES:
            raise ValueError(f"{AT_LEAST_0}; it is {self.threshold:g}")
        return self


class OnMissingChampion(StrEnum):
    """What happens to a candidate when no model is in service to compare it with."""

    PROMOTE = "Promote"
    REQUIRE_APPROVAL = "RequireApproval"
    REJECT = "Reject"


class Slices(Word):
    """Groups of held-out rows on each of which a candidate may be only a little worse than the champion."""

    columns: tuple[Column, ...] = Field(
        min_length=1,
        max_length=8,
        description="Features whose values make the slices. One with more than 10 values is cut at its quartiles.",
    )
    min_rows: int = Field(
        200,
        ge=10,
        le=1_000_000,
        description="Fewest rows of a slice; smaller ones are only reported, and when all are smaller the run is "
        "Inconclusive.",
    )
    tolerance: float = Field(
        0.1,
        ge=0,
        description="How much worse than the champion a candidate may be on a slice, in the first metric: a "
        "difference, for rmse and mae in standard deviations of the label.",
    )


class Evaluation(Word):
    """When a candidate is good enough."""

    gates: tuple[Gate, ...] = Field(min_length=1, max_length=8, description="All must pass.")
    on_missing_champion: OnMissingChampion = Field(
        OnMissingChampion.PROMOTE,
        description="What happens to a candidate that passes its thresholds when no model is in service. "
        "RequireApproval: it waits for a person, as with rollout.approval Manual.",
    )
    confidence: float = Field(
        0.95, ge=0.5, le=0.999, description="Confidence with which the candidate must be better than the champion."
    )
    reference_tolerance: float = Field(
        0.15,
        ge=0,
        le=1,
        description="How much worse than the champion a candidate may be on the holdout of the last promotion: a "
        "difference in the first metric, for rmse and mae in standard deviations of the label. Refit does not train on "
        "these rows; Incremental has learned them by then, so it shows what was forgotten. 1 leaves the check out.",
    )
    slices: Slices | None = Field(None, description="Groups of rows that may not be left behind.")
