"""When a candidate is good enough: the gates, and what else must hold."""

from enum import StrEnum

from pydantic import Field

from retrain_trainer.contract.words import Column, Goal, MetricName, Word


class Gate(Word):
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


class Slices(Word):
    """Groups of held-out rows on each of which a candidate may be only a little worse than the champion."""

    columns: tuple[Column, ...] = Field(
        min_length=1,
        max_length=8,
        description="Features whose values make the slices. One with more than 10 values is cut at its quartiles.",
    )
    min_rows: int = Field(
        200, ge=10, le=1_000_000, description="Fewest rows of a slice; smaller ones are only reported."
    )
    tolerance: float = Field(
        0.1, ge=0, description="How much worse than the champion a candidate may be on a slice, in the first metric."
    )


class Evaluation(Word):
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
    slices: Slices | None = Field(None, description="Groups of rows that may not be left behind.")
