"""The worlds of the trainer's tests, for measurements: in a folder that goes away, and without a line on the screen."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainer.world import World


@contextlib.contextmanager
def quiet_world() -> Iterator[World]:
    """Keep a world; what its steps print goes nowhere."""
    with (
        tempfile.TemporaryDirectory() as name,
        pytest.MonkeyPatch.context() as patch,
        Path(os.devnull).open("w") as log,
        contextlib.redirect_stdout(log),
    ):
        yield World(Path(name), patch)
