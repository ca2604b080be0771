"""How pages are printed: as wide as the terminal is, or in a width of their own where there is none."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console


@contextmanager
def printing(out: TextIO, width: int) -> Iterator[Console]:
    """Print on `out` what the console is given, without the spaces that fill lines up. `width` is for a pipe."""
    console = Console(file=out, highlight=False, width=None if out.isatty() else width)
    with console.capture() as printed:
        yield console
    out.write(re.sub(" +$", "", printed.get(), flags=re.MULTILINE))
