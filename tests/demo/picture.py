"""The demo as one picture: weekly accuracy with retraining and without, and every run where it happened.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind people tell apart too.
"""

import io
from datetime import timedelta
from pathlib import Path
from textwrap import wrap

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.demo.story import Diary, RunTold
from tests.demo.stream import START, Stream

SERVED, FROZEN, INK, FAINT = "#0072B2", "#D55E00", "#222222", "#8a8a8a"
MARKS = {
    "promoted": ("#009E73", "^", "promoted"),
    "blocked": ("#CC79A7", "D", "blocked (shaded), then promoted without training again"),
    "rejected": ("#E69F00", "X", "rejected: not better, nothing changed"),
    "other": (FAINT, "s", "ended otherwise"),
}
SMOOTH = 4
"""Weeks over which the lines are averaged; the dots are single weeks."""


def kind(run: RunTold) -> str:
    """Which mark a run gets."""
    if run.promoted:
        return "blocked" if run.block else "promoted"
    return "rejected" if run.outcome == "Rejected" else "other"


def draw(diary: Diary, stream: Stream) -> Figure:
    """The picture as a figure, 11 by 6 inches."""
    mpl.rcParams.update({"font.size": 10, "font.family": "DejaVu Sans", "svg.fonttype": "path", "text.color": INK})
    figure = Figure(figsize=(11, 6), layout="constrained")
    marks, axes = figure.subplots(2, 1, sharex=True, height_ratios=(1, 11))
    _runs(marks, axes, diary)
    _lines(axes, diary)
    _words(figure, axes, diary, stream)
    return figure


def _lines(axes: Axes, diary: Diary) -> None:
    numbers = np.array([week.number for week in diary.weeks])
    for values, colour, name in (
        (np.array([week.frozen for week in diary.weeks]), FROZEN, "without retraining"),
        (np.array([week.served for week in diary.weeks]), SERVED, "with retraining"),
    ):
        axes.scatter(numbers, values, s=10, color=colour, alpha=0.45, linewidths=0)
        axes.plot(numbers, smooth(values), color=colour, linewidth=2.2, label=f"{name}: {values.mean():.3f} on average")
    axes.axhline(diary.healthy, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"healthy:\n{diary.healthy:g} or more",
        (1, diary.healthy),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
    )
    for week in diary.weeks:
        if week.blocked:
            axes.axvspan(week.number - 0.5, week.number + 0.5, color=MARKS["blocked"][0], alpha=0.22, linewidth=0)


def _runs(marks: Axes, axes: Axes, diary: Diary) -> None:
    told = [run for run in diary.runs if run.trigger != "manual"]
    for name, (colour, shape, words) in MARKS.items():
        at = [run.week + 0.5 for run in told if kind(run) == name]
        if at:
            marks.scatter(at, [0] * len(at), marker=shape, s=75, color=colour, label=words, zorder=3)
        for week in at:
            axes.axvline(week, color=colour, linewidth=1, alpha=0.6, zorder=0)
    marks.set_yticks([])
    marks.set_ylim(-1, 1)
    marks.spines[:].set_visible(False)
    marks.tick_params(bottom=False)
    marks.set_ylabel("runs", rotation=0, ha="right", va="center")
    marks.legend(loc="lower center", bbox_to_anchor=(0.5, 0.7), ncols=4, frameon=False, fontsize=9)


def _words(figure: Figure, axes: Axes, diary: Diary, stream: Stream) -> None:
    axes.set_ylabel("accuracy in the week")
    axes.set_xlabel("week of the stream")
    first, last = diary.weeks[0].number, diary.weeks[-1].number
    axes.set_xlim(first - 1, last + 1)
    ticks = [number for number in range(first, last + 1) if number % 13 == 0]
    axes.set_xticks(ticks, [f"{number}\n{START + timedelta(weeks=number):%b %Y}" for number in ticks])
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    axes.legend(loc="lower left", frameon=True, framealpha=0.9, edgecolor="none", fontsize=9.5)
    figure.suptitle(f"{stream.name}: a model kept fresh by a RetrainPolicy", fontsize=14, fontweight="bold")
    figure.supxlabel(
        f"Dots are single weeks, lines are means of {SMOOTH} weeks.\n" + "\n".join(wrap(stream.caveat, 130)),
        fontsize=8.5,
        color="#555555",
    )


def smooth(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of each value and the three before it; of fewer at the start."""
    sums = np.cumsum(np.insert(values, 0, 0.0))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - SMOOTH, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def png(figure: Figure, path: Path) -> None:
    """Write the figure as PNG."""
    figure.savefig(path, dpi=150)


def svg(figure: Figure) -> str:
    """The figure as an SVG element to stand in a page."""
    text = io.StringIO()
    figure.savefig(text, format="svg")
    whole = text.getvalue()
    return whole[whole.index("<svg") :]
