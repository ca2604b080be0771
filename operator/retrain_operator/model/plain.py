"""What may be quoted of text that others wrote: one line without tricks, whatever a server or webhook put into it."""

import unicodedata


def plain(text: str, limit: int) -> str:
    """`text` on one line of at most `limit` characters, the last of them `…` if it was cut.

    Control, formatting (such as those that turn the direction of writing), private and unassigned characters are left
    out; every run of white space becomes one space.
    """
    # Ten times the limit is enough to fill the line, and keeps a megabyte from being walked through.
    kept = (" " if c.isspace() else c for c in text[: 10 * limit] if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
