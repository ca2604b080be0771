"""How slices are named: each otherwise, the same for all models of a run, and short enough for an answer."""

import json
import zlib
from collections.abc import Sequence
from itertools import pairwise

DIGITS, ALL_DIGITS = 4, 17
"""Told of a border, where that tells it from the others and from its whole part, and needed at most."""
HUGE = 1e15
WORD_BYTES = 64
"""Of a word in an answer; one that takes more is cut, and told from others that begin alike by its checksum."""
MARK = "…{:08x}"
LONGEST_NUMBER = "-1.2345678901234567e-300"


def without(column: str) -> str:
    """Name the rows without a value."""
    return f"no {column}"


def at(column: str, value: float) -> str:
    """Name the rows with one value."""
    short = f"{value + 0.0:.15g}"  # which makes 0 of -0
    return f"{column}={short if float(short) == value else f'{value:.17g}'}"


def between(column: str, borders: Sequence[float]) -> list[str]:
    """Name the parts that ascending borders make of a column: one more than there are borders."""
    told = _told(borders)
    middle = [f"{low} < {column} <= {high}" for low, high in pairwise(told)]
    return [f"{column} <= {told[0]}", *middle, f"{column} > {told[-1]}"]


def of_word(column: str, word: str) -> str:
    """Name the rows with one word."""
    return f"{column}={word if _size(word) <= WORD_BYTES else _cut(word)}"


def longest(column: str, *, words: bool) -> str:
    """Return a name as long as one of a slice of this column gets."""
    if words:
        return f"{column}={'m' * WORD_BYTES}"
    return f"{LONGEST_NUMBER} < {column} <= {LONGEST_NUMBER}"


def _told(borders: Sequence[float]) -> list[str]:
    for digits in range(DIGITS, ALL_DIGITS + 1):
        told = [f"{border:.{max(digits, _whole(border))}g}" for border in borders]
        if len(set(told)) == len(told):
            break
    return told


def _whole(border: float) -> int:
    """Return the digits before the point that are told of all but huge numbers."""
    return len(f"{abs(border):.0f}") if abs(border) < HUGE else 0


def _cut(word: str) -> str:
    mark = MARK.format(zlib.crc32(word.encode()))
    kept = word[:WORD_BYTES]
    while _size(kept) + _size(mark) > WORD_BYTES:
        kept = kept[:-1]
    return f"{kept}{mark}"


def _size(text: str) -> int:
    """Return the bytes of a text in JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - len('""')
