"""From what was asked on the command line to what is printed: read the policy, run the steps, tell."""

import shlex
from dataclasses import dataclass
from typing import TextIO

from retrain_operator.cli.attempt.page import show
from retrain_operator.cli.attempt.places import CannotTryError, Places
from retrain_operator.cli.attempt.run import Tried, attempt
from retrain_operator.cli.attempt.tell import tell_json
from retrain_operator.cli.call import INTERRUPTED, interruptible
from retrain_operator.cli.policy_file import PolicyFileError, read
from retrain_operator.cli.watching import Watching
from retrain_operator.model.names import STEPS
from retrain_operator.model.run import Outcome

__all__ = ["Places", "Request", "try_out"]

PROMOTED, NOT_PROMOTED, NOT_DONE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line."""

    file: str
    policy: str | None
    places: Places
    trainer: str
    as_json: bool


def try_out(request: Request, out: TextIO, err: TextIO) -> int:
    """Print how the run went, and return the exit code. What stands on `err` is for people alone."""
    try:
        with interruptible():
            tried = _tried(request, err)
    except (PolicyFileError, CannotTryError) as error:
        err.write(f"Error: {error}\n")
        return NOT_DONE
    except KeyboardInterrupt:
        err.write("Interrupted: the step under way was ended.\n")
        return INTERRUPTED
    (tell_json if request.as_json else show)(tried, request.places, out)
    if tried.log:
        err.write(f"\nThe end of the log:\n{tried.log.rstrip()}\n")
    match tried.outcome:
        case Outcome.SUCCEEDED:
            return PROMOTED
        case Outcome.FAILED:
            return NOT_DONE
        case _:
            return NOT_PROMOTED


def _tried(request: Request, err: TextIO) -> Tried:
    try:
        command = tuple(shlex.split(request.trainer))
    except ValueError as error:
        raise CannotTryError(f"--trainer is no command: {str(error).lower()}.") from None
    watching = Watching(err, len(STEPS))
    return attempt(read(request.file, request.policy), request.places, command, watching)
