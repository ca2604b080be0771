"""Checks on shares: how many of the values of a column are alike, missing or unknown, of numbers and of words."""

from collections.abc import Iterator

from retrain_trainer.contract import wording
from retrain_trainer.data.categories import WordsSeen
from retrain_trainer.data.profile import JUDGED_ROWS, Feature, Findings
from retrain_trainer.telling.faults import Problem

NULL_JUMP = 0.10
UNSEEN_JUMP = 0.10
COMMON_JUMP = 0.20
JUMPS = {"null_ratio": NULL_JUMP, "unseen": UNSEEN_JUMP, "most_common": COMMON_JUMP}
FEW_VALUES = 0.2
"""Different values for each row, at most, of a column such as the hour of a day."""
CHANCE = 1e-4
"""With which few values may all be alike before that is no chance any more."""


def speaks(values: int, share: float, usual: float) -> bool:
    """Whether so many values tell enough: many do, and few where all are what only a `usual` share of values is."""
    return values >= JUDGED_ROWS or (share == 1 and usual**values < CHANCE)


def repetition(batch: str, seen: Findings, feature: Feature, number: int, common: float) -> Iterator[Problem]:
    """Check whether values repeat as they did: far more often, always, or no longer at all."""
    drawn, nulls = int(seen.drawn_values()[number]), int(seen.nulls[number])
    if not speaks(drawn, common, feature.most_common):
        return
    if common == 1 and feature.most_common < 1:
        value = f"{seen.lowest[number]:g} in all {seen.rows - nulls} rows{' with a value' if nulls else ''}"
        yield Problem(batch, "constant", "values that differ", value, feature.name)
    elif common > (most := feature.most_common + COMMON_JUMP):
        expected = f"at most {most:.0%} with one same value"
        yield Problem(batch, "most common value", expected, wording.share(common, most), feature.name)
    # Of even 2,000 different values, some would occur twice in 200 rows. One that stood still may begin to move.
    elif feature.distinct <= FEW_VALUES and feature.most_common < 1 and drawn >= 200 and common * drawn < 1.5:
        value = f"a different one in each of {seen.rows} rows (is noise added, or is it another column?)"
        yield Problem(batch, "most common value", "values that repeat, as in every batch before", value, feature.name)


def words(batch: str, now: WordsSeen, then: WordsSeen, known: int) -> Iterator[Problem]:
    """Check a column of words as a whole: of its features, one that is always 0 is a rare word that did not occur."""
    most = {name: getattr(then, name) + jump for name, jump in JUMPS.items()}
    if now.null_ratio > most["null_ratio"]:
        expected = f"at most {most['null_ratio']:.0%} without a value"
        yield Problem(batch, "nulls", expected, wording.share(now.null_ratio, most["null_ratio"]), now.column)
    if now.unseen > most["unseen"] and speaks(known, now.unseen, most["unseen"]):
        expected = f"at most {most['unseen']:.0%} with a word that the champion does not know"
        yield Problem(batch, "unseen words", expected, wording.share(now.unseen, most["unseen"]), now.column)
    if not speaks(known, now.most_common, then.most_common):
        return
    if now.most_common == 1 and then.most_common < 1:
        value = f"one same word in all rows{' with a word' if now.null_ratio else ''}"
        yield Problem(batch, "constant", "words that differ", value, now.column)
    elif now.most_common > most["most_common"]:
        expected = f"at most {most['most_common']:.0%} with one same word"
        yield Problem(
            batch, "most common value", expected, wording.share(now.most_common, most["most_common"]), now.column
        )
