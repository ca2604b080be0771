"""All that a trainer is told."""

from typing import Literal

from pydantic import Field

from retrain_trainer.contract.data import Data
from retrain_trainer.contract.evaluation import Evaluation
from retrain_trainer.contract.model import Model
from retrain_trainer.contract.words import CONTRACT, Digest, Uri, Word

TASK_VARIABLE = "RETRAIN_TASK"
WORKSPACE = "/workspace"


class Champion(Word):
    """The model in service."""

    uri: Uri = Field(description="Its folder in the store.")
    digest: Digest | None = Field(None, description="SHA-256 of its manifest.json; absent when not put there by a run.")


class Task(Word):
    """All a trainer is told. The same for the three steps of a run."""

    contract: Literal["retrain.dev/v1"] = CONTRACT
    run: str = Field(max_length=63)
    nonce: str = Field(min_length=16, max_length=64)
    data: Data
    model: Model
    evaluation: Evaluation
    champion: Champion | None = None
    known_data: Digest | None = None  # trained on in the same way before, to no avail: NoNewData
