"""A backtest as a picture, or as a page of HTML that needs nothing else: the runs, and each metric with its range.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind people tell apart too. Only
who asks for a picture needs matplotlib, so only then is this module imported.
"""

# matplotlib's functions for dates have no types.
# mypy: allow-untyped-calls

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from math import nan
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from retrain_operator.cli.backtest.chart import Panel
from retrain_operator.cli.backtest.outline import Scale, outline
from retrain_operator.cli.backtest.story import HELD_COLUMNS, RUN_COLUMNS, Story, held_cells, run_cells

LINE, HEALTHY, RUN, OTHER = "#0072B2", "#009E73", "#D55E00", "#8a8a8a"
COLUMNS = 1500
"""About as many as the picture has pixels; each shows its lowest and its highest value."""
FEW = 60
"""Values that are told apart, so that each gets a dot."""
LEGEND = "Solid lines: a run started for it. Dotted: one for another trigger. Green: the healthy range. Times are UTC."
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }
body { max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
svg { width: 100%; height: auto } h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd }
"""


def save(path: Path, title: str, summary: str, panels: Sequence[Panel], story: Story) -> None:
    """Write the picture, or the page when the file's name ends in .html. Raises OSError."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "svg.fonttype": "path", "text.parse_math": False}):
        figure = _figure(title, summary, panels, story)
        if path.suffix == ".html":
            path.write_text(_page(title, summary, story, _svg(figure)), encoding="utf-8")
        else:
            figure.savefig(path, format="png", dpi=150)


def _figure(title: str, summary: str, panels: Sequence[Panel], story: Story) -> Figure:
    figure = Figure(figsize=(11, 1.6 + 2.1 * len(panels)), layout="constrained")
    heights = (1, *[4] * len(panels))
    strip, *others = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    _runs(strip, [run[0].at for run in story.runs])
    for axes, panel in zip(others, panels, strict=True):
        _metric(axes, panel)
    lowest: Axes = (strip, *others)[-1]
    if story.end > story.start:
        lowest.set_xlim(*_days([story.start, story.end]))
    locator = AutoDateLocator(tz=UTC)
    lowest.xaxis.set_major_locator(locator)
    lowest.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    lowest.tick_params(bottom=True)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    figure.supxlabel(LEGEND, fontsize=9, color="#555555")
    strip.set_title(summary, fontsize=10)
    return figure


def _days(times: Iterable[datetime]) -> list[float]:
    """Times as matplotlib counts them."""
    return [float(date2num(at)) for at in times]


def _runs(axes: Axes, runs: Sequence[datetime]) -> None:
    axes.scatter(_days(runs), [0] * len(runs), marker="^", s=60, color=RUN, zorder=3, clip_on=False)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.set_ylabel("runs", rotation=0, ha="right", va="center")
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False)


def _metric(axes: Axes, panel: Panel) -> None:
    dot = "o" if len(panel.times) < FEW else ""
    axes.plot(*_line(panel), color=LINE, linewidth=1.1, marker=dot, markersize=4, clip_on=False)
    lowest, highest = min(*axes.get_ylim(), *panel.bounds), max(*axes.get_ylim(), *panel.bounds)
    room = (highest - lowest) * 0.06
    axes.set_ylim(lowest - room, highest + room)
    if panel.healthy:
        bottom = lowest - room if panel.healthy.min is None else panel.healthy.min
        top = highest + room if panel.healthy.max is None else panel.healthy.max
        axes.axhspan(bottom, top, color=HEALTHY, alpha=0.1, linewidth=0)
    for bound in panel.bounds:
        axes.axhline(bound, color=HEALTHY, linewidth=1.2, linestyle=(0, (4, 3)))
    for times, colour, style in ((panel.others, OTHER, ":"), (panel.own, RUN, "-")):
        for at in _days(times):
            axes.axvline(at, color=colour, linewidth=1, alpha=0.7, linestyle=style, zorder=0)
    axes.set_title(panel.title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def _line(panel: Panel) -> tuple[list[float], list[float]]:
    """Times and values; NaN tears the line where there was no data."""
    times: list[datetime] = []
    values: list[float] = []
    for stroke in outline(panel.times, panel.values, Scale(panel.times[0], panel.times[-1], COLUMNS)):
        shown = [stroke.first, stroke.low, stroke.high, stroke.last]
        if not stroke.joined:
            shown.insert(0, nan)
        times += [stroke.at] * len(shown)
        values += shown
    return _days(times), values


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg")
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def _page(title: str, summary: str, story: Story, figure: str) -> str:
    runs = _table(RUN_COLUMNS, run_cells(story.runs))
    held = _table(HELD_COLUMNS, held_cells(story.held))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{escape(summary)} Times are UTC.</p>
{figure}
<h2>Runs</h2>{runs}
<h2>Held back</h2>{held}
</body></html>
"""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
