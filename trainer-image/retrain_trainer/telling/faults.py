"""What stops a step other than a decision, told in one sentence each.

A fault is for the infrastructure or for a task that cannot be done as written; it ends the step with exit code 1.
Bad data is no fault: `BadBatchError` carries a problem to `collect`, which turns it into an answer.
"""

import errno
import os
from dataclasses import dataclass

from retrain_trainer.contract import Check


class StepError(Exception):
    """The step cannot go on. The message is one full sentence for people and goes into the answer as it is."""


class NoBucketError(StepError):
    """The bucket that a URI names does not exist."""


class InputError(Exception):
    """A request to the server that cannot be answered. The message says what is wrong with it."""


SKIPPABLE = {check.name.lower().replace("_", " "): check for check in Check}
"""The checks that can be left out, as messages name them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One check that a batch failed (all new ones together, when None): what was expected, and what was seen."""

    batch: str | None
    check: str
    expected: str
    seen: str
    column: str | None = None

    @property
    def named(self) -> Check | None:
        """By what name a policy can do without the check, None when it cannot."""
        return SKIPPABLE.get(self.check)

    def sentence(self) -> str:
        """Tell the problem in one sentence that names all of its parts, and how to do without the check."""
        where = "All new batches" if self.batch is None else f"Batch {self.batch}"
        column = "" if self.column is None else f", column {self.column}"
        skip = "" if self.named is None else f" (leave this check out: data.validation.skipChecks: [{self.named}])"
        return f"{where}{column}, check {self.check}: expected {self.expected}, seen {self.seen}{skip}."


class BadBatchError(Exception):
    """A batch that nothing may be trained on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem


def sentence_of(error: BaseException) -> str:
    """Tell a fault in one sentence; of an unknown one only its class, since its text may hold anything."""
    match error:
        case StepError() | BadBatchError():
            return str(error)
        case MemoryError():
            return "Out of memory: raise the memory limit of this step."
        case PermissionError(filename=str() | bytes() as path):
            return f"Permission denied: {os.fsdecode(path)}. This step runs as user {os.getuid()}."
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"No space left on the volume{_of(error)}."
        case OSError(errno=errno.EROFS):
            return f"The volume{_of(error)} is read-only."
        case OSError(strerror=str() as reason, filename=str() | bytes() as path):
            return f"{reason}: {os.fsdecode(path)}."
        case _:
            return f"{type(error).__name__}: see the container's log."


def _of(error: OSError) -> str:
    return f" of {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
