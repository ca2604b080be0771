"""What each batch did to the error on the guard rows: from where to where, and whether it was put back."""

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from markupsafe import Markup

from retrain_trainer.report import axes, svg
from retrain_trainer.report.svg import LEFT, RIGHT, Scale
from retrain_trainer.report.view import UpdateView
from retrain_trainer.report.wording import count, number

MOST = 60
TOP, BOTTOM = 12.0, 150.0


def chart(updates: Sequence[UpdateView], told: str) -> Markup | None:
    """Draw an arrow for each batch whose error is known, of many batches those put back and others evenly chosen."""
    known = [each for each in updates if _known(each.before) or _known(each.after)]
    if not known:
        return None
    shown = chosen(known)
    values = [value for each in shown for value in (each.before, each.after) if value is not None]
    scale = svg.around([*values, 0.0], BOTTOM, TOP)
    width = (RIGHT - LEFT) / len(shown)
    marks = axes.rulings(scale)
    for n, each in enumerate(shown):
        marks += _step(each, LEFT + (n + 0.5) * width, scale)
    marks += axes.ends([each.name for each in shown[:1] + shown[-1:]], BOTTOM + 20)
    return svg.drawing("updates", BOTTOM + 26, "Error on guard rows around each batch", told, marks, scaled=True)


def chosen(updates: Sequence[UpdateView]) -> list[UpdateView]:
    """Choose at most MOST batches in their order: those put back first, then every n-th."""
    if len(updates) <= MOST:
        return list(updates)
    back = [n for n, each in enumerate(updates) if not each.kept][: MOST // 2]
    step = len(updates) / (MOST - len(back))
    places = {int(n * step) for n in range(MOST - len(back))} | set(back)
    return [updates[n] for n in sorted(places)]


def _step(each: UpdateView, x: float, scale: Scale) -> list[Element]:
    kind = "cand" if each.kept else "bad"
    end = "kept" if each.kept else "put back"
    hint = f"{each.name}, {count(each.rows, 'row')}: {number(each.before)} to {number(each.after)}, {end}"
    marks = []
    if each.before is not None and _known(each.before):
        if each.after is not None and _known(each.after):
            marks.append(svg.line((x, scale.at(each.before)), (x, scale.at(each.after)), f"line {kind}"))
        marks.append(svg.dot((x, scale.at(each.before)), f"hollow {kind}", hint, 3.2))
    y = scale.at(each.after) if each.after is not None and _known(each.after) else scale.end
    if each.kept:
        return [*marks, svg.dot((x, y), "point cand", hint, 3.6)]
    return [*marks, svg.text((x, y + 5), "✕", "bad strong", "middle")]


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
