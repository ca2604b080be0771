"""What is trained, how, and where its versions are kept."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from retrain_trainer.contract.words import StoreUri, Word


class Mode(StrEnum):
    """How a candidate comes from the champion."""

    INCREMENTAL = "Incremental"
    REFIT = "Refit"


class Model(Word):
    """What is trained, how, and where its versions are kept."""

    store: StoreUri = Field(description="Folder of this model's versions, such as file:///models/churn.")
    estimator: str = Field(
        pattern="^[A-Z][A-Za-z0-9]{1,63}$",
        max_length=64,
        description="Name of a scikit-learn classifier or regressor, such as SGDClassifier.",
    )
    parameters: dict[Annotated[str, Field(max_length=64)], JsonValue] = Field(
        default_factory=dict, max_length=32, description="Parameters of the estimator, by their scikit-learn names."
    )
    mode: Mode = Field(
        Mode.INCREMENTAL,
        description="Incremental updates a copy of the champion batch by batch (partial_fit). Refit trains anew on a "
        "window of batches.",
    )
    window: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Refit only: how many of the newest batches to train on, not counting what the champion was judged "
        "on, which stays the reference. All when absent.",
    )
    replay: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Incremental only: how many rows of earlier batches each update is mixed with, as a share of the "
        "new ones. Against forgetting what comes back only now and then.",
    )
    keep: int = Field(
        10,
        ge=2,
        le=1000,
        description="How many of the newest versions the store keeps. The champion and the versions it came from are "
        "kept besides, as many again.",
    )
    joblib: bool = Field(
        False,
        description="Whether a version also holds model.joblib and model-settings.json, for MLServer and KServe. That "
        "file is a pickle: whoever loads it must trust everyone who can write to the store.",
    )
