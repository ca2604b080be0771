"""The batches behind a version in their order: learned before, learned now, put back, held out, left out."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from markupsafe import Markup

from retrain_trainer.report import axes, svg
from retrain_trainer.report.svg import LEFT, RIGHT
from retrain_trainer.report.view import BatchView
from retrain_trainer.report.wording import count, span

MOST = 100
TOP, BOTTOM = 12.0, 130.0


def grouped(batches: Sequence[BatchView]) -> list[BatchView]:
    """Put neighbouring batches together where there are more than can be told apart."""
    size = max(-(-len(batches) // MOST), 1)
    return [_together(batches[first : first + size]) for first in range(0, len(batches), size)]


def chart(batches: Sequence[BatchView], told: str) -> Markup | None:
    """Draw a bar for each batch or group, as high as it has rows; a cross below for those left out."""
    if not batches:
        return None
    shown = grouped(batches)
    scale = svg.around([0.0, *(each.before + each.learned + each.put_back + each.held for each in shown)], BOTTOM, TOP)
    width = (RIGHT - LEFT) / len(shown)
    marks = axes.rulings(svg.Scale(0, scale.high, BOTTOM, TOP), 4)
    for n, each in enumerate(shown):
        marks += _bar(each, LEFT + n * width, width, svg.Scale(0, scale.high, BOTTOM, TOP))
    marks.append(svg.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "zero"))
    names = [each.first or each.name for each in (shown[0], shown[-1])]
    marks += axes.ends(names[: len(shown)], BOTTOM + 36)
    return svg.drawing("batches", BOTTOM + 42, "Rows of each batch, and what became of them", told, marks, scaled=True)


def _bar(each: BatchView, left: float, width: float, scale: svg.Scale) -> list[Element]:
    x, total, marks = (left + width * 0.1, left + width * 0.9), 0, []
    hint = ", ".join(filter(None, (each.name, span(each.first, each.last), *_parts(each), each.trouble)))
    for kind, rows in _rows(each):
        if rows:
            marks.append(svg.box(x, (scale.at(total), scale.at(total + rows)), f"bar {kind}"))
            total += rows
    if each.trouble:
        marks.append(svg.text((left + width / 2, BOTTOM + 16), "✕", "bad strong", "middle"))
    return [svg.group(marks, hint)]


def _rows(each: BatchView) -> list[tuple[str, int]]:
    return [("past", each.before), ("cand", each.learned), ("back", each.put_back), ("held", each.held)]


def _parts(each: BatchView) -> list[str]:
    words = {"past": "before", "cand": "learned", "back": "put back", "held": "held out"}
    return [f"{count(rows, 'row')} {words[kind]}" for kind, rows in _rows(each) if rows]


def _together(group: Sequence[BatchView]) -> BatchView:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return first
    troubles = [each.trouble for each in group if each.trouble]
    timed = [each for each in group if each.first]
    return BatchView(
        name=f"{first.name} to {last.name}",
        first=timed[0].first if timed else "",
        last=timed[-1].last if timed else "",
        before=sum(each.before for each in group),
        learned=sum(each.learned for each in group),
        put_back=sum(each.put_back for each in group),
        held=sum(each.held for each in group),
        trouble=f"{count(len(troubles), 'batch', 'batches')} left out" if troubles else "",
    )
