"""Reads every new batch once, judges it, and learns what the data looks like.

With a champion, its profile says what is normal and its layout which columns are read; without one the first batch
that passes sets the layout for the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrain_trainer.contract import Category, Task
from retrain_trainer.data.categories import Words, declared
from retrain_trainer.data.held import Writer
from retrain_trainer.data.profile import Findings, findings_of, merged
from retrain_trainer.data.reading import header, read, read_keys, without_rows
from retrain_trainer.data.rows import Keys, Layout, Span, Type, rows_of
from retrain_trainer.data.timeline import Stretch, Timeline
from retrain_trainer.data.vocabulary import worded
from retrain_trainer.files.batches import Batch, Key
from retrain_trainer.intake import checks, hints
from retrain_trainer.intake.ahead import Ahead
from retrain_trainer.intake.past import Past
from retrain_trainer.learn.estimators import Kind, place_of
from retrain_trainer.telling.faults import BadBatchError, Problem, StepError


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch that passed, what its new rows hold, and the key from which they are new."""

    batch: Batch
    findings: Findings
    start: Key | None
    keys: Timeline


@dataclass(slots=True)
class Survey:
    """What reading the new batches brought: those that passed, and what is wrong with the others.

    `columns` are those of any file, `unused` those that the champion does not know, `distances` is how far each feature
    of the new data is from its.
    """

    layout: Layout | None
    judged: list[Judged] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    unused: set[str] = field(default_factory=set)
    distances: dict[str, float] = field(default_factory=dict)


def survey(task: Task, listed: list[Batch], past: Past, ahead: Ahead | None) -> Survey:
    """Read and judge the new batches, and write the holdout as it is foretold, where it is.

    StepError when the champion was trained on columns the task no longer has.
    """
    if past.profile is not None:
        _same_columns(task, past.profile.layout)
    found, rules = Survey(None if past.profile is None else past.profile.layout), task.data.validation
    for batch in listed:
        if past.done(batch):
            continue
        start = past.start(batch)
        try:
            _raise_first(checks.size(batch))
            columns = header(Path(batch.path), batch.name)
            found.columns |= set(columns)
            if without_rows(Path(batch.path)):
                continue  # its columns may be of any type, and nothing is lost
            layout = found.layout or _first_layout(task, batch, columns)
            checks.require_features(layout, task)
            _raise_first(checks.columns(batch.name, columns, layout))
            findings, keys = _read(batch, layout, start, None if ahead is None else ahead.begin(batch))
            _raise_first(checks.contents(batch.name, findings, layout))
            _raise_first(checks.declared_ranges(batch.name, findings, layout, rules.ranges))
            if past.profile is not None:
                _raise_first(checks.asked(checks.against(batch.name, findings, past.profile), rules.skip_checks))
        except BadBatchError as error:
            found.problems.append(hints.exemplified(error.problem, Path(batch.path)))
            continue
        found.layout = layout
        found.judged.append(Judged(batch, findings, start, keys))
        found.unused |= set(columns) - set(layout.columns) - set(task.data.exclude)
    if past.profile is not None:
        # Rows the champion was judged on are left out: they would hide how far away the others are.
        whole = merged(past.profile.layout, [entry.findings for entry in found.judged if entry.start is None])
        found.distances = checks.psi_by_feature(whole, past.profile)
    _require_excluded(task, found, past)
    return found


def _require_excluded(task: Task, found: Survey, past: Past) -> None:
    """Raise StepError when an excluded column never was one: what was meant would be learned from.

    One that the champion's task left out too may be gone from the files. Of files without the label, that they were not
    read as they were meant is told instead.
    """
    known = found.columns.union(() if found.layout is None else found.layout.columns)
    if task.data.label not in known:
        return
    before = None if past.champion is None else past.champion.manifest.task["data"]
    left_out = before.get("exclude") if isinstance(before, dict) else None
    known |= set(map(str, left_out)) if isinstance(left_out, list) else set()
    for name in task.data.exclude if found.columns else ():
        if name not in known:
            there = ", ".join(map(hints.quoted, sorted(known)))[:400]
            raise StepError(f"data.exclude names {hints.quoted(name)}, which is no column; there are {there}.")


def _first_layout(task: Task, batch: Batch, columns: dict[str, Type]) -> Layout:
    """Return what to read, known from a first batch. Its words are read only where its columns are in order."""
    layout = layout_of(task, batch.name, columns)
    _raise_first(checks.columns(batch.name, columns, layout))
    return worded(layout, batch)


def layout_of(task: Task, batch: str, columns: dict[str, Type]) -> Layout:
    """Derive from a first batch what to read: every column is a feature but label, time and what is excluded.

    Of words there are no features yet, but for those in buckets.
    """
    data, known = task.data, declared(task.data.categories)
    for name in (data.label, *([data.time_column] if data.time_column else []), *known):
        if name not in columns:
            fields = {data.label: "data.label", data.time_column: "data.timeColumn"}
            raise BadBatchError(hints.absent(batch, name, columns, fields))
    features = tuple(name for name in columns if name not in {data.label, data.time_column, *data.exclude, *known})
    if not features and not known:
        raise BadBatchError(Problem(batch, "columns", "at least one column to predict from", "none"))
    _, kind = place_of(task.model.estimator)
    label_type = Type.NUMBER if kind is Kind.REGRESSOR else _class_type(columns[data.label])
    time_type = None if data.time_column is None else columns[data.time_column]
    categories = tuple(Words(column=column, buckets=buckets) for column, buckets in known.items())
    return Layout(
        features=(*features, *(name for words in categories for name in words.features)),
        categories=categories,
        label=data.label,
        label_type=label_type,
        time=data.time_column,
        time_type=time_type,
    )


def _class_type(seen: Type) -> Type:
    """Classes are words, integers or booleans; numbers such as 1.0 are read as integers."""
    return Type.INTEGER if seen is Type.NUMBER else seen


def _same_columns(task: Task, layout: Layout) -> None:
    """Raise StepError when the task says other columns than those the champion was trained on."""
    data = task.data
    gone = sorted(set(layout.inputs) & {data.label, data.time_column, *data.exclude})
    advice = "A model of other columns needs a store of its own (model.store)."
    if gone:
        raise StepError(f"The champion predicts from column {gone[0]}, which the policy no longer leaves it. {advice}")
    if (data.label, data.time_column) != (layout.label, layout.time):
        raise StepError(
            f"The champion was trained with label {layout.label} and {_timed(layout.time)}, the policy says "
            f"{data.label} and {_timed(data.time_column)}. {advice}"
        )
    if declared(data.categories) != declared(layout.categories):
        raise StepError(
            f"The champion was trained with categories {_listed(layout.categories)}, the policy says "
            f"{_listed(data.categories)}. {advice}"
        )
    _, kind = place_of(task.model.estimator)
    if (kind is Kind.REGRESSOR) != (layout.label_type is Type.NUMBER):
        raise StepError(f"The champion is no {kind}, so {task.model.estimator} cannot follow it. {advice}")


def _listed(categories: Iterable[Category | Words]) -> str:
    words = (f"{name}{f' in {buckets} buckets' if buckets else ''}" for name, buckets in declared(categories).items())
    return ", ".join(words) or "none"


def _timed(column: str | None) -> str:
    return "no time column" if column is None else f"time column {column}"


def _read(batch: Batch, layout: Layout, start: Key | None, held: Writer | None) -> tuple[Findings, Timeline]:
    findings, path, new = findings_of(layout), Path(batch.path), Span(start)

    def again(stretches: Sequence[Stretch]) -> Keys:
        keys = read_keys(path, batch.name, layout, stretches)
        return keys[new.holds(keys)]

    keys = Timeline(layout, again)
    for first, chunk in read(path, batch.name, layout, new):
        rows = rows_of(chunk, layout, first)
        rows = rows.where(new.holds(rows.keys))
        keys.add(first, first + chunk.num_rows, rows.keys)
        findings.add(rows, count_classes=layout.label_type is not Type.NUMBER)
        _raise_first(checks.classes(batch.name, findings, layout))
        if held is not None:
            held.add(first, chunk)
    return findings, keys


def _raise_first(problems: Iterator[Problem]) -> None:
    """Stop at the first thing that is wrong with a batch: what follows from it would only confuse."""
    problem = next(problems, None)
    if problem is not None:
        raise BadBatchError(problem)
