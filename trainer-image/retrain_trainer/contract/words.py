"""The scalars of the contract, and what all of its blocks share."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

CONTRACT: Literal["retrain.dev/v1"] = "retrain.dev/v1"

Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$", max_length=71)]
Uri = Annotated[str, Field(pattern=r"^(file|s3)://[^\s?#%\\]+$", max_length=512)]
StoreUri = Annotated[str, Field(pattern=r"^(file|s3)://[^\s?#%$\\]+$", max_length=512)]
"""A place in a store. It becomes a variable of the server, in which Kubernetes would put what $(NAME) stands for."""
Column = Annotated[str, Field(min_length=1, max_length=128)]
MetricName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$", max_length=63)]
Sentence = Annotated[str, Field(max_length=512)]


class Word(BaseModel):
    """A frozen value, camelCase on the wire; fields that a newer side adds are ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False)


class Goal(StrEnum):
    """Which direction of a metric is better."""

    MAXIMIZE = "Maximize"
    MINIMIZE = "Minimize"
