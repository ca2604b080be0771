"""Whether 80 % means 80 %: how often what was said with some probability came true."""

from xml.etree.ElementTree import Element

from markupsafe import Markup

from retrain_trainer.report import axes, svg
from retrain_trainer.report.svg import LEFT, RIGHT, Scale
from retrain_trainer.report.view import Calibration, Reliability
from retrain_trainer.report.wording import percent

TOP, BOTTOM, FLOOR = 12.0, 196.0, 250.0


def chart(seen: Calibration, told: str) -> Markup:
    """Draw both models beside the diagonal of an honest one, and below on how many rows each point stands."""
    up, across = Scale(0, 1, BOTTOM, TOP), Scale(0, 1, LEFT, RIGHT)
    marks = axes.rulings(up, 5, lambda value: f"{value:.0%}")
    marks.append(svg.line((across.at(0), up.at(0)), (across.at(1), up.at(1)), "ideal"))
    if seen.champion is not None:
        marks += _points(seen.champion, up, across, "champ")
    marks += _points(seen.candidate, up, across, "cand")
    marks += _counts(seen.candidate)
    marks += axes.below(Scale(0, 1, LEFT, RIGHT), FLOOR + 16, 5, lambda value: f"{value:.0%}")
    return svg.drawing("calibration", FLOOR + 22, "How often a probability came true", told, marks, scaled=True)


def _points(model: Reliability, up: Scale, across: Scale, kind: str) -> list[Element]:
    known = [entry for entry in model.bins if entry.rows]
    total = sum(entry.rows for entry in known) or 1
    marks = svg.path([(across.at(entry.said), up.at(entry.true)) for entry in known], f"line {kind}")
    for entry in known:
        hint = f"said {percent(entry.said)}, came true {percent(entry.true)} of {entry.rows:,} rows"
        size = 2.5 + 5 * (entry.rows / total) ** 0.5
        place = (across.at(entry.said), up.at(entry.true))
        mark = svg.dot(place, "point cand", hint, size) if kind == "cand" else svg.square(place, "point champ", hint, 7)
        marks.append(mark)
    return marks


def _counts(model: Reliability) -> list[Element]:
    most = max(entry.rows for entry in model.bins) or 1
    width = (RIGHT - LEFT) / len(model.bins)
    marks = [svg.aside(FLOOR - 4, "rows")]
    for n, entry in enumerate(model.bins):
        left = LEFT + n * width
        top = FLOOR - entry.rows / most * (FLOOR - BOTTOM - 18)
        marks.append(
            svg.box((left + width * 0.08, left + width * 0.92), (top, FLOOR), "bar faint", f"{entry.rows:,} rows")
        )
    return [*marks, svg.line((LEFT, FLOOR), (RIGHT, FLOOR), "zero")]
