"""Shows on a terminal what is under way and for how long. Whoever reads from a pipe hears nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Watching:
    """A line for each thing that was begun, with a bar that is full once it is done; all gone when the work is over."""

    def __init__(self, err: TextIO, count: int) -> None:
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(20))
        console = Console(file=err, highlight=False)
        disable = not err.isatty()
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=disable)
        self._count = count

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._progress.stop()

    @contextmanager
    def doing(self, thing: str) -> Iterator[None]:
        """Within it that thing is under way: how much of it is done cannot be known, only that it goes on."""
        number = len(self._progress.tasks) + 1
        task = self._progress.add_task(f"{number}/{self._count} {thing}", total=None)
        yield
        self._progress.update(task, total=1, completed=1)
