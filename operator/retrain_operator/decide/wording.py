"""How names and long texts stand in a sentence, so that it stays true, readable and within the API's bound."""

from collections.abc import Sequence

LONGEST = 1024
"""Characters of a message at most, as the schema has it."""
NAMES_AT_MOST = 8


def listed(names: Sequence[str]) -> str:
    """Names in quotes, the first few of many: `"a", "b" and 3 more`."""
    shown = ", ".join(f'"{name}"' for name in names[:NAMES_AT_MOST])
    return f"{shown} and {len(names) - NAMES_AT_MOST} more" if len(names) > NAMES_AT_MOST else shown


def joined(parts: Sequence[str]) -> str:
    """Parts of a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def clipped(text: str, longest: int = LONGEST) -> str:
    """The text, cut to its bound; `…` shows the cut."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
