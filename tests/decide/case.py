"""One row of a table: what it says, what is given, what follows."""

from typing import Any

import pytest


def case(sentence: str, *, given: Any, then: Any) -> Any:
    """A row for `pytest.mark.parametrize(("given", "then"), ...)`, shown by its sentence when it fails."""
    return pytest.param(given, then, id=sentence)
