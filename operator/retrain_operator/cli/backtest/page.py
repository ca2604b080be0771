"""What a backtest tells a person, on one page: the runs, what was held back, and a chart of each metric."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TextIO

from rich.table import Table
from rich.text import Text

from retrain_operator.cli.backtest.chart import OTHER, OWN, Panel, chart
from retrain_operator.cli.backtest.series import Series
from retrain_operator.cli.backtest.story import (
    HELD_COLUMNS,
    RUN_COLUMNS,
    HeldBack,
    Story,
    held_cells,
    minute,
    run_cells,
)
from retrain_operator.cli.policy_file import Draft
from retrain_operator.cli.printing import printing
from retrain_operator.decide.replay import Assumption, Told
from retrain_operator.model.reason import Reason
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.status import TriggerState
from retrain_operator.model.trigger import HealthyRange, Trigger

WIDTH = 80
"""Of the page where it is no terminal's that decides."""
NARROWEST = 40
RUNS_AT_MOST = 40
"""Runs that the table names."""
WORDS: Mapping[str, str] = {
    TriggerState.PENDING: "not outside its range for long enough",
    Reason.SUSPENDED: "the policy is suspended",
    Reason.RUN_ACTIVE: "a run was under way, or started for another trigger",
    Reason.COOLING_DOWN: "the rest after the run before was not over",
    Reason.INEFFECTIVE_RETRAIN: "runs before did not end the breach, so it rests for longer",
    Reason.BUDGET_EXHAUSTED: "as many runs had started as limits.maxRuns allows",
    Reason.CIRCUIT_OPEN: "too many runs in a row had failed; a person would be needed",
    Reason.WATCHING: "with triggerMode All, not all triggers fired",
    Reason.NO_DATA: "another trigger had no data",
}


def show(draft: Draft, series: Series, story: Story, assumed: Assumption, out: TextIO) -> None:
    """Print the page: as wide as the terminal is, 80 columns where there is none."""
    with printing(out, WIDTH) as console:
        for part in page(draft, series, story, assumed, max(console.width, NARROWEST)):
            console.print(part)


def page(draft: Draft, series: Series, story: Story, assumed: Assumption, width: int) -> Iterator[Text | Table]:
    """The parts of the page, in their order."""
    yield from _head(draft, series, story, assumed)
    yield Text(f"\n{summary(story)}", "bold")
    yield from _runs(story.runs)
    yield from _held(story.held)
    yield from _gaps(series)
    for panel in panels(draft.spec.triggers, series, story):
        yield Text()
        yield from chart(panel, width)
    if series.values and story.runs:
        others = f", {OTHER} one for another trigger" if len(draft.spec.triggers) > 1 else ""
        yield Text(f"\n{OWN} a run started for it{others}. Times are UTC.", "dim")


def panels(triggers: Iterable[Trigger], series: Series, story: Story) -> Iterator[Panel]:
    """A chart for each trigger that asks a query."""
    for trigger in triggers:
        if trigger.query:
            own = [run[0].at for run in story.runs if any(each.trigger == trigger.name for each in run)]
            others = [run[0].at for run in story.runs if all(each.trigger != trigger.name for each in run)]
            healthy = trigger.prometheus.healthy_range if trigger.prometheus else None
            title = f"{trigger.name}: {_meaning(trigger)}"
            yield Panel(title, series.times, series.values[trigger.name], healthy, own, others)


def _head(draft: Draft, series: Series, story: Story, assumed: Assumption) -> Iterator[Text]:
    count, spacing, interval = len(series.times), series.spacing, draft.spec.interval
    apart = f", {duration_text(spacing)} apart" if spacing else ""
    coarse = f" (the operator checks every {duration_text(interval)})" if spacing and spacing != interval else ""
    yield Text(f"Policy {draft.name} in namespace {draft.namespace}, over recorded values")
    yield Text(f"From {minute(story.start)} to {minute(story.end)} UTC")
    yield Text(f"{_many(count, 'check')}{apart}{coarse}")
    yield Text(f"Assumed of each run: takes {duration_text(assumed.lasting)}, ends as {assumed.outcome}")


def summary(story: Story) -> str:
    """The whole replay in a sentence."""
    span = story.end - story.start
    within = f" in {_long(span)}" if span else ""
    if not story.runs:
        return f"No run would have started{within}."
    rate = f": {story.per_week:.3g} per week" if span else ""
    return f"{_many(len(story.runs), 'run')} would have started{within}{rate}."


def _long(span: timedelta) -> str:
    """About how long that is."""
    for unit, size in (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1))):
        if span >= 2 * size:
            return f"{span / size:.3g} {unit}"
    return f"{span.total_seconds():.3g} seconds"


def _runs(runs: Sequence[Sequence[Told]]) -> Iterator[Text | Table]:
    if runs:
        yield _table(RUN_COLUMNS, run_cells(runs[:RUNS_AT_MOST]))
    if len(runs) > RUNS_AT_MOST:
        yield Text(f"... and {_many(len(runs) - RUNS_AT_MOST, 'run')} more, which -o json tells.")


def _held(held: Sequence[HeldBack]) -> Iterator[Text | Table]:
    if held:
        yield Text("\nHeld back:", "bold")
        yield _table(HELD_COLUMNS, held_cells(held))
    for reason in dict.fromkeys(each.decision for each in held):
        if words := WORDS.get(reason):
            yield Text(f"{reason}: {words}.", "dim")


def _gaps(series: Series) -> Iterator[Text]:
    missing = {name: values.count(None) for name, values in series.values.items() if None in values}
    if missing:
        yield Text("\nNo data, so that nothing was decided:", "bold")
    for name, count in missing.items():
        yield Text(f"{name} at {count:,} of {_many(len(series.times), 'check')}")


def _meaning(trigger: Trigger) -> str:
    if trigger.prometheus:
        return f"healthy {_range(trigger.prometheus.healthy_range)}"
    assert trigger.data_volume, "schedules have no chart"
    volume = trigger.data_volume
    limit = f"{volume.growth_percent:g} %" if volume.growth_percent is not None else f"{volume.growth:.12g}"
    return f"fires when up by more than {limit}"


def _range(healthy: HealthyRange) -> str:
    match healthy:
        case HealthyRange(min=None, max=highest):
            return f"up to {highest:g}"
        case HealthyRange(min=lowest, max=None):
            return f"from {lowest:g}"
        case HealthyRange(min=lowest, max=highest):
            return f"from {lowest:g} to {highest:g}"


def _table(columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*columns, box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
