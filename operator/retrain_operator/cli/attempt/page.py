"""A run that was tried, on one page for people: its steps, its gates, its verdict, and what was kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich.table import Table
from rich.text import Text

from retrain_operator.cli.attempt.gates import GateRow, gate_rows
from retrain_operator.cli.attempt.places import SCHEME, Places
from retrain_operator.cli.attempt.run import Tried
from retrain_operator.cli.page import STYLES
from retrain_operator.cli.printing import printing
from retrain_operator.model.names import STEPS
from retrain_operator.model.run import Outcome, Result

WIDTH = 80
"""Of the page where it is no terminal's that decides."""
REPORT = "report.html"
COLUMNS = ("Metric", "Candidate", "Champion", "Gain at least", "Asked", "Met")


def show(tried: Tried, places: Places, out: TextIO) -> None:
    """Print the page: as wide as the terminal is, 80 columns where there is none."""
    with printing(out, WIDTH) as console:
        for part in page(tried, places):
            console.print(part, soft_wrap=isinstance(part, Text) and part.no_wrap is True)


def page(tried: Tried, places: Places) -> Iterator[Text | Table]:
    """The parts of the page, in their order."""
    policy = tried.run.spec.policy
    yield Text(f"Policy {policy.name} in namespace {tried.run.namespace}, tried on this machine")
    yield Text(f"Data: {places.data or policy.spec.data.source}")
    yield Text(f"Champion: {places.champion or 'none'}\n")
    yield _steps(tried)
    if rows := gate_rows(tried):
        yield Text()
        yield _gates(rows)
        yield from map(Text, _besides(tried.status.result))
    yield Text("\n").append(_ended(tried), STYLES.get(tried.outcome, "")).append(f": {tried.message}")
    # What people copy is never broken, however long it is.
    yield from (Text(line, no_wrap=True) for line in _kept(tried, places))


def _ended(tried: Tried) -> str:
    if tried.outcome is Outcome.SUCCEEDED:
        return "It would be promoted"
    return tried.outcome if tried.outcome == tried.reason else f"{tried.outcome} ({tried.reason})"


def _steps(tried: Tried) -> Table:
    table = Table.grid(padding=(0, 2))
    for index, step in enumerate(tried.status.steps[: len(STEPS)]):
        took = f"{tried.seconds[index]:.1f} s" if index < len(tried.seconds) else "-"
        table.add_row(step.name, Text(step.state, STYLES.get(step.state, "")), took, Text(step.message))
    return table


def _gates(rows: list[GateRow]) -> Table:
    table = Table(*COLUMNS, box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for row in rows:
        score = row.score
        values = (score.candidate, score.champion) if score else (None, None)
        gain = "-" if score is None or score.lower_bound is None else f"{score.lower_bound:+.4g}"
        met = Text("yes", "green") if row.met else Text("no", "red")
        numbers = ("-" if value is None else f"{value:.4g}" for value in values)
        table.add_row(row.gate.metric, *numbers, gain, row.asked, met)
    return table


def _besides(result: Result | None) -> Iterator[str]:
    """What the verdict looks at besides the gates."""
    if result and (reference := result.reference):
        both = f"{reference.candidate:.4g}, the champion's {reference.champion:.4g}"
        yield f"On the holdout of the last promotion, {reference.metric} is {both}."
    if result and (worst := result.worst_slice):
        champion = "" if worst.champion is None else f", the champion's {worst.champion:.4g}"
        yield f"Worst slice, {worst.rows:,} rows with {worst.name}: {worst.metric} is {worst.candidate:.4g}{champion}."


def _kept(tried: Tried, places: Places) -> Iterator[str]:
    """What became of the candidate, and where its page is."""
    result = tried.status.result
    if result is None or result.candidate is None:
        return
    if places.store is None:
        yield "Nothing was kept; with --store the candidate stays there, and its page with it."
        return
    yield f"The candidate is kept: {result.candidate.uri}"
    report = Path(result.candidate.uri.removeprefix(SCHEME)) / REPORT
    if report.is_file():
        yield f"Its page: {report}"
