"""The structural checks on a new batch: each says what is broken, none says what has merely drifted.

The defaults come from measurements on real data: they stopped ten kinds of corruption and no clean batch. Distance
between distributions rejects only when nearly all rows have left for elsewhere, since drift is why a run was started.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from retrain_trainer.contract import Check, ColumnRange, Task, wording
from retrain_trainer.data.profile import JUDGED_ROWS, Findings, Profile, psi, shares_of
from retrain_trainer.data.rows import Layout, Type
from retrain_trainer.files.batches import LARGEST, Batch
from retrain_trainer.intake import hints, shares
from retrain_trainer.telling.faults import Problem, StepError

LABELLED = 0.99
DUPLICATE_JUMP = 0.20
MAX_PSI = 5.0
MAX_CLASSES = 1000
FEW_CLASSES, OFTEN = 50, 0.2
"""More classes than both, the latter for each row, are no classes but numbers or names."""
OUT_OF_DECLARED = 0.01
OUT_OF_RANGE = 0.5
"""Share of rows that may lie farther out than the champion's range is wide, on either side of it."""
UNFIT = {"data.validation.ranges": "holds words and no numbers", "evaluation.slices": "holds words in buckets"}
NO_FEATURE = " (a column that only grows, such as a counter, is no feature: leave it out with data.exclude)"
TIMES = "times such as 2024-01-31 10:00 (ISO 8601), or numbers, to order rows by"
EXPECTED_OF_CLASS = 50
"""A class is missing where at least this many rows of it were to be expected."""

NUMBERS = (Type.NUMBER, Type.INTEGER, Type.BOOLEAN)
CODES = (Type.TEXT, Type.INTEGER, Type.BOOLEAN)
NUMBERS_ASKED = "numbers (name it in data.categories, turn it into numbers, or leave it out with data.exclude)"
NUMBERS_OR_TIME = "numbers (if rows are ordered by it, name it as data.timeColumn; else leave it out with data.exclude)"
WORDS = {
    Type.BOOLEAN: "true and false",
    Type.INTEGER: "integers",
    Type.NUMBER: "numbers",
    Type.TEXT: "text",
    Type.TIME: "times",
    Type.OTHER: "values of another kind (text has to be UTF-8)",
}


def asked(problems: Iterable[Problem], skipped: Iterable[Check]) -> Iterator[Problem]:
    """Drop what a policy does not want to be stopped by."""
    left_out = frozenset(skipped)
    return (problem for problem in problems if problem.named not in left_out)


def size(batch: Batch) -> Iterator[Problem]:
    """Check that a batch is not too large to be read."""
    if batch.size > LARGEST:
        expected = f"a file of at most {LARGEST >> 30} GiB (split it)"
        yield Problem(batch.name, "size", expected, f"{batch.size / (1 << 30):.1f} GiB")


def classes(batch: str, seen: Findings, layout: Layout) -> Iterator[Problem]:
    """Check that what has been read so far holds classes, and not a number or a text for each row."""
    if len(seen.classes) > MAX_CLASSES:
        expected = f"at most {MAX_CLASSES:,} classes (for numbers take a regressor)"
        yield Problem(batch, "classes", expected, f"{len(seen.classes):,}", layout.label)


def columns(batch: str, header: dict[str, Type], layout: Layout) -> Iterator[Problem]:
    """Compare the columns of a file with those the layout asks for."""
    for name in layout.columns:
        if name not in header:
            fields = {layout.label: "data.label", layout.time: "data.timeColumn"}
            yield hints.absent(batch, name, sorted(header), fields)
    for name in layout.numbers:
        if header.get(name, Type.NUMBER) not in NUMBERS:
            timed = header[name] is Type.TIME and layout.time is None
            yield Problem(batch, "type", NUMBERS_OR_TIME if timed else NUMBERS_ASKED, WORDS[header[name]], name)
    for name in layout.inputs[len(layout.numbers) :]:
        if header.get(name, Type.TEXT) not in CODES:
            yield Problem(batch, "type", "words, integers or booleans", WORDS[header[name]], name)
    if layout.label in header and header[layout.label] not in _labels(layout):
        words = "numbers" if layout.label_type is Type.NUMBER else "classes"
        yield Problem(batch, "type", f"{words} to learn", WORDS[header[layout.label]], layout.label)
    if layout.time is not None and layout.time in header and header[layout.time] not in _times(layout):
        yield Problem(batch, "type", TIMES, WORDS[header[layout.time]], layout.time)


def _labels(layout: Layout) -> tuple[Type, ...]:
    return NUMBERS if layout.label_type is Type.NUMBER else (*NUMBERS, Type.TEXT)


def _times(layout: Layout) -> tuple[Type, ...]:
    return (Type.TIME,) if layout.time_type is Type.TIME else (Type.INTEGER, Type.NUMBER)


def contents(batch: str, seen: Findings, layout: Layout) -> Iterator[Problem]:
    """Check what a batch holds by itself."""
    whole = seen.rows + seen.unlabelled
    if seen.rows < LABELLED * whole:
        yield Problem(batch, "label", f"a value in {LABELLED:.0%} of rows", f"{seen.rows / whole:.1%}", layout.label)
    for number in np.flatnonzero(seen.infinite):
        yield Problem(batch, "finite", "no infinite value", f"{seen.infinite[number]}", layout.features[number])


def require_features(layout: Layout, task: Task) -> None:
    """Raise StepError when the task tells of a column that is no feature: nothing would come of what it says."""
    slices = task.evaluation.slices
    one_hot = [words.column for words in layout.categories if words.buckets is None]
    named = {
        "data.validation.ranges": ([known.column for known in task.data.validation.ranges], layout.numbers),
        "evaluation.slices": (() if slices is None else slices.columns, (*layout.numbers, *one_hot)),
    }
    for field, (columns, known) in named.items():
        for column in columns:
            if column in layout.inputs and column not in known:
                raise StepError(f"{field} names {column}, which {UNFIT[field]}; there are {', '.join(known)}.")
            if column not in known:
                raise StepError(f"{field} names {column}, which is no feature; there are {', '.join(known)}.")


def declared_ranges(batch: str, seen: Findings, layout: Layout, ranges: Sequence[ColumnRange]) -> Iterator[Problem]:
    """Check what people know of a feature, by the sample of a batch: at most 10,000 rows, all of a smaller one."""
    for known in ranges:
        column = seen.sample[:, layout.features.index(known.column)]
        low, high = (bound if bound is not None else np.nan for bound in (known.min, known.max))
        outside = float(np.mean((column < low) | (column > high))) if len(column) else 0.0
        if outside > OUT_OF_DECLARED:
            words = f"from {low:g} to {high:g}"
            if known.min is None or known.max is None:
                words = f"of at least {low:g}" if known.max is None else f"of at most {high:g}"
            expected = f"values {words} (data.validation.ranges) in {1 - OUT_OF_DECLARED:.0%} of rows"
            yield Problem(batch, "declared range", expected, f"{outside:.1%} outside", known.column)


def against(batch: str, seen: Findings, profile: Profile) -> Iterator[Problem]:
    """Compare a batch with the data that the champion comes from."""
    yield from _classes(batch, seen, profile)
    if seen.rows < JUDGED_ROWS:
        return
    common, nulls = seen.most_common(), seen.null_ratios()
    for number, feature in enumerate(profile.features[: len(profile.layout.numbers)]):
        if nulls[number] > (most := feature.null_ratio + shares.NULL_JUMP):
            expected, ratio = f"at most {most:.0%} without a value", float(nulls[number])
            yield Problem(batch, "nulls", expected, wording.share(ratio, most), feature.name)
        yield from shares.repetition(batch, seen, feature, number, float(common[number]))
    for now, then, known in zip(seen.words(), profile.words, seen.known_words(), strict=True):
        yield from shares.words(batch, now, then, known)
    if seen.duplicates() > (most := profile.duplicates + DUPLICATE_JUMP):
        yield Problem(batch, "duplicates", f"at most {most:.0%} repeated rows", wording.share(seen.duplicates(), most))
    yield from _out_of_range(batch, seen, profile)


def together(new: Profile, distances: dict[str, float], champion: Profile | None) -> Iterator[Problem]:
    """Check all new rows as one: single batches differ too much for these."""
    if len(new.classes) == 1:
        yield Problem(None, "classes", "at least two classes", f"only class {new.classes[0].label}", new.layout.label)
    if champion is None and len(new.classes) > max(FEW_CLASSES, OFTEN * new.rows):
        seen = f"{len(new.classes):,} of them in {new.rows:,} rows"
        yield Problem(None, "classes", "classes that recur (for numbers take a regressor)", seen, new.layout.label)
    for feature in () if champion is None else champion.features:
        # A column that never varied has no distribution to leave.
        if distances.get(feature.name, 0.0) > MAX_PSI and feature.most_common < 1:
            expected = f"a distance (PSI) of at most {MAX_PSI:g} from the champion's data"
            advice = NO_FEATURE if feature.name in new.layout.numbers else ""
            yield Problem(None, "distance", expected, f"{distances[feature.name]:.1f}{advice}", feature.name)


def psi_by_feature(seen: Findings, profile: Profile) -> dict[str, float]:
    """Return the population stability index against the champion's data of every feature with enough values."""
    drawn = seen.drawn_values()
    return {
        feature.name: psi(feature.bins.shares, shares_of(seen.sample[:, number], feature.bins.edges))
        for number, feature in enumerate(profile.features)
        if drawn[number] >= JUDGED_ROWS
    }


def _classes(batch: str, seen: Findings, profile: Profile) -> Iterator[Problem]:
    known = {entry.label: entry.share for entry in profile.classes}
    if not known:
        return
    new = sorted(set(seen.classes) - set(known), key=str)
    if new:
        expected = f"one of {', '.join(map(str, known))}"[:120]
        yield Problem(batch, "new class", expected, ", ".join(map(str, new))[:120], profile.layout.label)
    for label, share in known.items():
        if label not in seen.classes and share * seen.rows >= EXPECTED_OF_CLASS:
            expected = f"about {share * seen.rows:.0f} rows of {label}"
            yield Problem(batch, "missing class", expected, "none", profile.layout.label)


def _out_of_range(batch: str, seen: Findings, profile: Profile) -> Iterator[Problem]:
    for number, feature in enumerate(profile.features):
        if feature.minimum is None or feature.maximum is None or feature.minimum == feature.maximum:
            continue
        width = feature.maximum - feature.minimum
        low, high = feature.minimum - width, feature.maximum + width
        column = seen.sample[:, number]
        outside = float(np.mean((column < low) | (column > high)))
        if outside > OUT_OF_RANGE:
            yield Problem(
                batch,
                "range",
                f"most values from {low:g} to {high:g}",
                f"{outside:.0%} outside{NO_FEATURE}",
                feature.name,
            )
