"""From what was asked on the command line to what is printed: find the trainer, put it through all checks, tell."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from retrain_operator.cli.call import INTERRUPTED, interruptible
from retrain_operator.cli.contract.breach import Breach, Check
from retrain_operator.cli.contract.runs import NotPossibleError, Runs
from retrain_operator.cli.contract.sample import Format
from retrain_operator.cli.contract.site import CannotCheckError, Site, Trainer, found
from retrain_operator.cli.contract.tell import breaches, tell, tell_json
from retrain_operator.cli.contract.trial import Trial
from retrain_operator.cli.watching import Watching

__all__ = ["Format", "Request", "check"]

KEPT, BREACHED, NOT_DONE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line."""

    words: tuple[str, ...]
    is_image: bool
    format: Format
    seconds: float
    as_json: bool


def check(request: Request, out: TextIO, err: TextIO) -> int:
    """Print what each check has found, and return the exit code. What stands on `err` is for people alone."""
    try:
        with interruptible():
            trainer = _trainer(request)
            checks = _checks(request, trainer, err)
    except CannotCheckError as error:
        err.write(f"Error: {error}\n")
        return NOT_DONE
    except KeyboardInterrupt:
        err.write("Interrupted: the step under way was ended.\n")
        return INTERRUPTED
    (tell_json if request.as_json else tell)(trainer.title, checks, out)
    return BREACHED if breaches(checks) else KEPT


def _trainer(request: Request) -> Trainer:
    """One word may be a whole command in quotes."""
    words = request.words
    try:
        words = tuple(shlex.split(words[0])) if len(words) == 1 else words
    except ValueError as error:
        raise CannotCheckError(f"{words[0]} is no command: {str(error).lower()}.") from None
    if not words:
        raise CannotCheckError("Name a command or an image.")
    return found(words, image=request.is_image)


def _checks(request: Request, trainer: Trainer, err: TextIO) -> tuple[Check, ...]:
    """What each check has found. A terminal behind `err` is shown which one is under way."""
    if missing := request.format.missing:
        raise CannotCheckError(f"Batches of Parquet take {missing}: pip install '.[cli,trainer]' in a checkout.")
    with TemporaryDirectory(prefix="retrain-check-") as root:
        site = Site(Path(root))
        site.prepare()
        checks = Runs(Trial(trainer, site, request.format, request.seconds)).all()
        with Watching(err, len(checks)) as watching:
            return tuple(_done(title, run, watching) for title, run in checks.items())


def _done(title: str, run: Callable[[], Iterator[Breach]], watching: Watching) -> Check:
    with watching.doing(title):
        try:
            return Check(title, tuple(run()))
        except NotPossibleError as error:
            return Check(title, skipped=str(error))
