"""What is seen in the terminal: a story that reads from top to bottom, with a progress bar under it while weeks go by.

Where nobody is watching live, as in a log, the same lines come without the bar and without colours.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import floor
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.rule import Rule
from rich.text import Text

from tests.demo.story import Beat, WeekTold
from tests.demo.stream import Week

ROW = 8
"""Weeks in one line of the story."""
MARKS = {"Succeeded": ("✓", "green"), "Failed": ("✗", "red"), "Skipped": ("-", "dim"), "Blocked": ("!", "magenta")}


class Screen:
    """The terminal. `healthy` is the accuracy below which a week is shown as unwell."""

    def __init__(self, healthy: float) -> None:
        self._console = Console(file=sys.stdout, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:.0f}/{task.total:.0f} weeks"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._healthy = healthy
        self._row: list[WeekTold] = []
        self._task = self._bar.add_task("", total=1, visible=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def title(self) -> None:
        """What this is."""
        self._console.print(Rule(Text("retrain-operator: drift, healed on real Kubernetes", "bold")))

    def chapter(self, words: str) -> None:
        """The heading of what comes next."""
        self.flush()
        self._console.print()
        self._console.print(Rule(Text(words, "bold"), align="left", characters="─"))

    def path(self, path: Path) -> None:
        """A file to open; never broken, so that it can be copied."""
        self._console.print(f"  {path}", soft_wrap=True)

    def line(self, words: str, style: str = "") -> None:
        """One sentence of the story."""
        self.flush()
        self._say(words, style)

    def command(self, words: str) -> None:
        """A command that a user would type, as it is run; never broken, so that it can be copied."""
        self.flush()
        self._console.print(Text(f"$ {words}", "bold cyan"), soft_wrap=True)

    @contextmanager
    def doing(self, words: str) -> Iterator[None]:
        """Something that takes a while, shown with how long it took once it is done."""
        self.flush()
        start = time.monotonic()
        self._bar.update(self._task, description=words, total=None, visible=True)
        try:
            yield
        finally:
            self._bar.update(self._task, visible=False)
        self._say(f"✓ {words} ({time.monotonic() - start:.0f} s)")

    def week(self, week: Week, told: WeekTold, total: int) -> None:
        """One more week has been played."""
        words = f"{week.start:%-d %b %Y}, accuracy {told.served:.2f}"
        self._bar.update(self._task, description=words, completed=week.number + 1, total=total, visible=True)
        self._row.append(told)
        if len(self._row) == ROW:
            self.flush()

    def flush(self) -> None:
        """Write the started line of weeks, so that what follows stands after it."""
        if not self._row:
            return
        first, last = self._row[0].number, self._row[-1].number
        text = Text(f"weeks {first:>3}-{last:<3} " if last > first else f"week  {first:>3}     ")
        for week in self._row:
            style = "yellow" if week.served < self._healthy else "green"
            # Rounded down, so that what is marked as below the healthy value also reads so.
            text.append(f" {floor(week.served * 100) / 100:.2f}", style).append(
                "<" if week.served < self._healthy else " ", style
            )
        text.rstrip()
        self._row.clear()
        self._say(text)

    def step(self, name: str, state: str, message: str) -> None:
        """A step of a run has ended, or is held back."""
        mark, style = MARKS[state]
        self._say(Text.assemble((f"  {mark} {name:<9}", style), message or state.lower()), hang=13)

    def beats(self, beats: tuple[Beat, ...]) -> None:
        """What was promised, and the proof of each, or that it did not come."""
        self.chapter("What was promised")
        for beat in beats:
            mark, style = ("✓", "green") if beat.proof else ("✗", "bold red")
            self._say(Text.assemble((f"{mark} ", style), beat.promise), hang=2)
            self._say(f"  {beat.proof or 'It did not come.'}", "dim" if beat.proof else "red", hang=2)

    def _say(self, words: str | Text, style: str = "", hang: int = 0) -> None:
        """Print a paragraph whose lines after the first begin `hang` characters further right."""
        text = Text(words, style) if isinstance(words, str) else words
        first, *more = text.wrap(self._console, self._console.width - hang)
        for number, line in enumerate((first, *more)):
            line.rstrip()
            self._console.print(Text(" " * (hang if number else 0)).append_text(line), soft_wrap=True)
