"""By how much the candidate is better in each metric, and how sure that is: one line for each, around zero."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from markupsafe import Markup

from retrain_trainer.report import svg
from retrain_trainer.report.axes import below
from retrain_trainer.report.svg import Scale
from retrain_trainer.report.view import Measured
from retrain_trainer.report.wording import change, short

ROW = 44.0
SIGNS = {"better": "✓", "unsure": "?", "even": "=", "worse": "✕"}
UNITS = {"log_loss": "nats", "rmse": "units of the label", "mae": "units of the label"}


def sureness(measured: Measured) -> str:
    """Return in one word what improvement and bound say."""
    score = measured.score
    if score.improvement is None:
        return ""
    if score.lower_bound is not None and score.lower_bound > 0:
        return "better"
    return "unsure" if score.improvement > 0 else "worse" if score.improvement < 0 else "even"


def charts(scores: Sequence[Measured], confidence: float) -> list[Markup]:
    """Draw all metrics that were compared with the champion's, those of one unit on one scale."""
    compared = [each for each in scores if each.score.improvement is not None]
    units: dict[str, list[Measured]] = {}
    for each in compared:
        units.setdefault(UNITS.get(each.score.metric, "points"), []).append(each)
    return [_chart(f"scores{n}", unit, rows, confidence) for n, (unit, rows) in enumerate(units.items())]


def _chart(name: str, unit: str, rows: list[Measured], confidence: float) -> Markup:
    values = [value for row in rows for value in (row.score.improvement, row.score.lower_bound) if value is not None]
    scale = svg.around([*values, 0.0], 2, 98)
    height = ROW * len(rows) + 24
    marks: list[Element] = []
    for n, row in enumerate(rows):
        marks += _row(row, scale, n * ROW)
    marks += below(
        scale, height - 4, 4, lambda value: "0" if value == 0 else f"{'+' if value > 0 else ''}{short(value)}"
    )
    told = " ".join(f"{row.score.metric}: {_told(row)}." for row in rows)
    title = f"Improvement over the champion in {unit}, with its lower bound at {confidence:.4g} confidence"
    return svg.drawing(name, height, title, told, marks)


def _row(row: Measured, scale: Scale, top: float) -> list[Element]:
    """A dot at the improvement, and a whisker down to the bound: what is left of it is ruled out."""
    score, kind, y = row.score, sureness(row), top + 30
    assert score.improvement is not None
    marks = [
        svg.text((2, top + 15), score.metric, "name strong" if row.gated else "name"),
        svg.text((98, top + 15), _told(row), f"{kind} strong", "end"),
        svg.line((2, y), (98, y), "grid"),
        svg.line((scale.at(0), y - 9), (scale.at(0), y + 9), "zero"),
    ]
    if score.lower_bound is not None:
        low = scale.at(score.lower_bound)
        marks += [
            svg.line((low, y), (scale.at(score.improvement), y), f"whisker {kind}"),
            svg.line((low, y - 6), (low, y + 6), f"whisker {kind}"),
        ]
    return [*marks, svg.dot((scale.at(score.improvement), y), f"point {kind}", radius=5)]


def _told(row: Measured) -> str:
    bound = row.score.lower_bound
    least = "" if bound is None else f" (≥ {change(bound)})"
    return f"{SIGNS[sureness(row)]} {change(row.score.improvement)}{least}"
