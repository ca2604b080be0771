"""Where batches come from, what their columns mean, and the checks they pass before anything is trained on them."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from retrain_trainer.contract.words import Column, Uri, Word


class OnBadBatch(StrEnum):
    """What one batch that fails validation does to the whole collection."""

    REJECT = "Reject"
    SKIP = "Skip"


class Check(StrEnum):
    """The checks on new data that a policy may do without, each by what it finds."""

    NULLS = "Nulls"
    UNSEEN_WORDS = "UnseenWords"
    CONSTANT = "Constant"
    MOST_COMMON_VALUE = "MostCommonValue"
    DUPLICATES = "Duplicates"
    NEW_CLASS = "NewClass"
    MISSING_CLASS = "MissingClass"
    RANGE = "Range"
    DISTANCE = "Distance"
    INVERTED_LABELS = "InvertedLabels"
    LEAKAGE = "Leakage"


class Category(Word):
    """A column of words (or codes) that is a feature."""

    column: Column = Field(description="Name of the column.")
    buckets: int | None = Field(
        None, ge=2, le=4096, description="How many features the words share by their hash; a feature each when absent."
    )


class ColumnRange(Word):
    """What is known of a feature beforehand, such as that an age lies between 0 and 120."""

    column: Column = Field(description="Name of the feature.")
    min: float | None = Field(None, description="Least value that can be true.")
    max: float | None = Field(None, description="Greatest value that can be true.")

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min must not be above max")
        return self


class Validation(Word):
    """Checks that new data passes before anything is trained on it."""

    min_rows: int = Field(100, ge=1, le=1_000_000_000, description="Fewest new rows worth a training.")
    on_bad_batch: OnBadBatch = Field(
        OnBadBatch.REJECT,
        description="Reject ends the run as DataInvalid when one batch fails a check; Skip leaves that batch out.",
    )
    ranges: tuple[ColumnRange, ...] = Field(
        (),
        max_length=256,
        description="Bounds that a feature keeps: a batch with more than 1 % of rows outside of them fails.",
    )
    skip_checks: tuple[Check, ...] = Field(
        (), max_length=16, description="Checks against the champion's data that are left out for all columns."
    )


class Holdout(Word):
    """The newest rows, kept from training, on which candidate and champion are compared."""

    fraction: float = Field(0.2, ge=0.01, le=0.9, description="Share of the new rows held out, newest first.")
    min_rows: int = Field(1000, ge=1, le=100_000_000, description="Fewest rows held out; fewer is Inconclusive.")
    min_blocks: int = Field(
        14, ge=2, le=10_000, description="Fewest time blocks (days) in the holdout; fewer is Inconclusive."
    )
    max_rows: int = Field(
        200_000,
        ge=1000,
        le=100_000_000,
        description="Most rows that models are scored on: of more held-out rows one in so many is drawn. All of them "
        "are new again to the next run.",
    )

    @model_validator(mode="after")
    def _has_room_for_the_fewest(self) -> Self:
        if self.min_rows > self.max_rows:
            raise ValueError("minRows must not be above maxRows")
        return self


class Data(Word):
    """Where batches come from and what their columns mean."""

    source: Uri = Field(
        description="Batches as one URI with wildcards, such as file:///data/batches/*.parquet. Parquet or CSV; read "
        "in the order of their names."
    )
    label: Column = Field(description="Column to predict.")
    time_column: Column | None = Field(
        None, description="Column that orders rows in time. Without it, the order of batches and rows is taken."
    )
    exclude: tuple[Column, ...] = Field((), max_length=256, description="Columns that are no features.")
    categories: tuple[Category, ...] = Field(
        (),
        max_length=64,
        description="Columns of words (or codes) that are features: one 0/1 feature for each word that the first "
        "version knew, or, with buckets, for each remainder of the word's hash.",
    )
    validation: Validation = Field(Validation(), description="Checks before training.")
    holdout: Holdout = Field(Holdout(), description="Rows kept from training for the evaluation.")

    @model_validator(mode="after")
    def _has_no_other_use_for_categories(self) -> Self:
        names = [category.column for category in self.categories]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise ValueError(f"categories names {name} twice")
            if name in {self.label, self.time_column, *self.exclude}:
                raise ValueError(f"categories names {name}, which is label, timeColumn or in exclude")
        return self
