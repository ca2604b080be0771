"""What the three steps hand to one another: files in /workspace, the only place where they meet.

`collect` leaves plan.json, profile.json and holdout.parquet; `train` leaves candidate/model.skops and
candidate/training.json; `evaluate` reads them all. An image that replaces a step reads and writes the same files.
"""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from retrain_trainer.contract import WORKSPACE, CollectOutcome, Digest, HoldoutReport, Word
from retrain_trainer.files.batches import Batch, Key, Seen
from retrain_trainer.files.places import content
from retrain_trainer.telling.faults import StepError

FOLDER_VARIABLE = "RETRAIN_WORKSPACE"
"""Overrides the folder, for tests and for work outside of a cluster."""

LARGEST = 64 << 20
"""Bytes of what one step tells the next, and of what a version tells a run."""

M = TypeVar("M", bound=BaseModel)


class Portion(Word):
    """The rows of one batch to train on: those with a key from `start` on (all, when absent) and below `until`.

    They are `rows` in number.

    `end`, where it is known, is the number of a row in the file from which on there are none of them; `exact` where all
    rows before it are, so that no key has to be read.
    """

    batch: Batch
    rows: int
    start: Key | None = None
    until: Key | None = None
    end: int | None = None
    exact: bool = False


class Plan(Word):
    """What `collect` decided. The rest is absent when the run ended there.

    `afresh` asks for a new estimator instead of an update of the champion. `inconclusive` says why the held-out rows
    cannot tell two models apart; then nothing is trained. `seen` is what a version from this run leaves behind it,
    `spans` the first and the last key of the new rows of each batch where rows have a time, and `left_out` says what is
    wrong with each batch that failed a check.
    """

    run: str
    outcome: CollectOutcome
    message: str
    batches: int = 0
    rows: int = 0
    portions: tuple[Portion, ...] = ()
    afresh: bool = True
    seen: tuple[Seen, ...] = ()
    watermark: Key | None = None
    holdout: HoldoutReport | None = None
    inconclusive: str | None = None
    psi: dict[str, float] = Field(default_factory=dict)
    spans: dict[str, tuple[Key, Key]] = Field(default_factory=dict)
    left_out: dict[str, str] = Field(default_factory=dict)
    data_digest: Digest | None = None


class Update(Word):
    """What training on one batch did to the error on the guard rows, and whether it was kept."""

    batch: str
    rows: int
    error_before: float | None = None
    error_after: float | None = None
    kept: bool = True


class Training(Word):
    """What `train` did, in the order of the batches."""

    run: str
    updates: tuple[Update, ...]


class Workspace:
    """The folder shared by the steps of one pod."""

    def __init__(self, folder: Path) -> None:
        self.plan = folder / "plan.json"
        self.profile = folder / "profile.json"
        self.holdout = folder / "holdout.parquet"
        self.candidate = folder / "candidate" / "model.skops"
        self.training = folder / "candidate" / "training.json"
        self.replay = folder / "candidate" / "replay.parquet"
        self.checkpoint = folder / "checkpoint.skops"
        self.batches = folder / "batches"
        self.fetched = folder / "fetched"

    @classmethod
    def here(cls) -> "Workspace":
        """Return the folder that the environment names, /workspace when it names none."""
        return cls(Path(os.environ.get(FOLDER_VARIABLE, WORKSPACE)))

    def read_plan(self, run: str) -> Plan:
        """Return the plan of this run; StepError when there is none."""
        plan = parse(Plan, self.plan)
        if plan.run != run:
            raise StepError(
                f"{self.plan} belongs to run {plan.run}, not to {run}: use an empty workspace for each run."
            )
        return plan


def parse(model: type[M], path: Path) -> M:
    """Read a JSON file into a model; StepError when the step before left none, or another thing."""
    try:
        return model.model_validate_json(content(path, LARGEST))
    except FileNotFoundError:
        raise StepError(f"{path} is missing: the step that writes it has not run in this workspace.") from None
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise StepError(f"{path} is not what it should be: {where}: {error.errors()[0]['msg']}.") from None


def write(path: Path, content: BaseModel | bytes) -> None:
    """Write a file whole or not at all, also when the process is killed meanwhile."""
    data = content if isinstance(content, bytes) else content.model_dump_json(by_alias=True, indent=1).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(data)
    draft.replace(path)
