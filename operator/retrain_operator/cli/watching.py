"""Shows on a terminal what is under way and for how long. Whoever reads from a pipe hears nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Watching:
    """A line for each thing that is to be done, with a bar that is full once it is; all gone when the work is over."""

    def __init__(self, err: TextIO, things: tuple[str, ...]) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
        console = Console(file=err, highlight=False)
        self._progress = Progress(*columns, console=console, transient=True, disable=not err.isatty())
        self._things = {thing: self._progress.add_task(thing, start=False, total=1) for thing in things}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._progress.stop()

    @contextmanager
    def doing(self, thing: str) -> Iterator[None]:
        """Within it that thing is under way: how much of it is done cannot be known, only that it goes on."""
        known = self._things[thing]
        self._progress.start_task(known)
        self._progress.update(known, total=None)
        yield
        self._progress.update(known, total=1, completed=1)
