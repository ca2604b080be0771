"""How numbers, times and foreign words stand on the page: short enough for their place, and harmless."""

import json
import math
from collections.abc import Sequence

from pydantic import JsonValue

from retrain_trainer.contract import wording
from retrain_trainer.data.holdout import moment
from retrain_trainer.data.rows import Layout, Type
from retrain_trainer.files.batches import Key

NONE = "\N{EN DASH}"
"""Stands where there is no number."""
WORD = 48
"""Characters of a name at most. Data may have names of any length."""
count = wording.count


def word(value: object, longest: int = WORD) -> str:
    """Return a name from data in one line, without what cannot be seen, cut in its middle where it is too long."""
    text = str(value)
    if len(text) > 2 * longest:
        text = text[:longest] + text[-longest:]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    if len(text) <= longest:
        return text
    kept = longest - 1
    return f"{text[: kept - kept // 3]}…{text[-(kept // 3) :]}"


def number(value: float | None) -> str:
    """Return a number with about four digits that count, and a dash for none."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size and (size < 0.00095 or size >= 1e7):
        return _minus(f"{value:.3g}")
    decimals = 4 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return _minus(f"{value:,.{decimals}f}")


def change(value: float | None) -> str:
    """Return a difference with its sign."""
    text = number(value)
    return f"+{text}" if value is not None and value > 0 and text != NONE else text


def short(value: float) -> str:
    """Return a number for an axis, in as few digits as it takes."""
    text = f"{value:,.6g}" if abs(value) < 1e6 else f"{value:.3g}"
    return _minus("0" if text in {"-0", "0"} else text)


def percent(part: float, whole: float = 1.0) -> str:
    """Return a share in percent, never 0 % or 100 % for what is not exactly that."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "<0.1 %"
    digits = 0 if share in {0.0, 100.0} or 10 <= share < 99.5 else 1
    return f"{share:.{digits}f} %" if not 99.95 <= share < 100 else ">99.9 %"


def share(value: float | None) -> str:
    """Return a share in percent, and a dash for none."""
    return NONE if value is None else percent(value)


def listed(words: Sequence[str], most: int = 3) -> str:
    """Return some words as a sentence has them, and how many more there are."""
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def when(key: Key, layout: Layout) -> str:
    """Return the day that a key stands for, or the number itself where times are numbers."""
    if layout.time_type is Type.TIME:
        try:
            return moment(int(key)).strftime("%Y-%m-%d")
        except OverflowError:
            return f"{key:,}"
    return short(float(key))


def span(first: str, last: str) -> str:
    """Return from when to when, once where it is the same."""
    return first if first == last else f"{first} to {last}"


def value(parameter: JsonValue) -> str:
    """Return a parameter as JSON, cut where it is long."""
    return word(json.dumps(parameter, ensure_ascii=False), 160)


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
