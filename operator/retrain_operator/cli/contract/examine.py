"""Puts a trainer through all checks, one after the other."""

from collections.abc import Callable, Iterator
from typing import TextIO

from retrain_operator.cli.contract.breach import Breach, Check
from retrain_operator.cli.contract.runs import NotPossibleError, Runs
from retrain_operator.cli.contract.site import CannotCheckError
from retrain_operator.cli.contract.trial import Trial
from retrain_operator.cli.watching import Watching


def examine(trial: Trial, err: TextIO) -> tuple[Check, ...]:
    """What each check has found. A terminal behind `err` is shown which one is under way.

    CannotCheckError when the sample cannot be made, or the trainer cannot even be started.
    """
    if missing := trial.format.missing:
        raise CannotCheckError(f"Batches of Parquet take {missing}: pip install 'retrain-operator[cli,trainer]'")
    trial.site.prepare()
    checks = Runs(trial).all()
    with Watching(err, tuple(checks)) as watching:
        try:
            return tuple(_done(title, check, watching) for title, check in checks.items())
        except OSError as error:
            raise CannotCheckError(f"The trainer cannot be started: {error.strerror or error}.") from None


def _done(title: str, check: Callable[[], Iterator[Breach]], watching: Watching) -> Check:
    with watching.doing(title):
        try:
            return Check(title, tuple(check()))
        except NotPossibleError as error:
            return Check(title, skipped=str(error))
