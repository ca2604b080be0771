"""Text of others on one line of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.model.plain import plain


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("as it is", "as it is"),
        ("two\nlines\r\n\tand a tab", "two lines and a tab"),
        ("line\u2028separator", "line separator"),
        ("\x1b[31mred\x00\x07", "[31mred"),
        ("turned \u202eround\u202c, 0\u200bwidth", "turned round, 0width"),
        ("grüße, 漢字", "grüße, 漢字"),
        ("  ", ""),
        ("exactly twenty chars", "exactly twenty chars"),
        ("exactly twenty chars!", "exactly twenty char…"),
    ],
)
def test_a_line(text: str, line: str) -> None:
    assert plain(text, 20) == line


@given(st.text(), st.integers(1, 50))
def test_a_line_is_one_line_of_at_most_its_limit(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
