"""Shows which step of how many is running, how long it has taken and how long it should take.

On a terminal it is one live line with a bar; elsewhere plain lines, one every half minute, so that a log stays short.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PLAIN_INTERVAL = 30.0


@dataclass
class Step:
    """One step of a long work; whoever does it may say how far it is."""

    title: str
    expected: float
    share: float | None = None
    detail: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    @property
    def done(self) -> float:
        """The share that is done, 0 to 1: as reported, else guessed from the time it should take."""
        return self.share if self.share is not None else min(self.elapsed / self.expected, 0.99)

    def __str__(self) -> str:
        detail = f", {self.detail}" if self.detail else ""
        return f"{self.title}: {clock(self.elapsed)} of about {clock(self.expected)}{detail}"


class Steps:
    """The steps of one work: `with steps.step("Compile", expected=420) as step: ...`.

    They are numbered where it is known beforehand how many there are.
    """

    def __init__(self, total: int = 0) -> None:
        self._total = total
        self._number = 0

    @contextmanager
    def step(self, title: str, *, expected: float) -> Iterator[Step]:
        """Show a step while it runs and how long it took once it is over; `expected` in seconds."""
        self._number += 1
        step = Step(f"[{self._number}/{self._total}] {title}" if self._total else title, expected)
        with _live(step) if sys.stdout.isatty() else _plain(step):
            yield step
        say(f"{step.title}: {clock(step.elapsed)}")


def say(line: str) -> None:
    """Print a line at once, also where the output is a pipe."""
    print(line, flush=True)


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, such as 6:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextmanager
def _live(step: Step) -> Iterator[None]:
    from rich.live import Live  # noqa: PLC0415  (only here: an `up` that has nothing to do must not wait for it)
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    def picture() -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_row(ProgressBar(total=1, completed=step.done, width=24), Text(str(step)))
        return table

    with Live(get_renderable=picture, refresh_per_second=4, transient=True):
        yield


@contextmanager
def _plain(step: Step) -> Iterator[None]:
    over = threading.Event()

    def tell() -> None:
        while not over.wait(PLAIN_INTERVAL):
            say(str(step))

    say(f"{step.title} (about {clock(step.expected)})")
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
