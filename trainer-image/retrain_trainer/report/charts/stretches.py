"""Both models from block to block of the holdout, and below who was ahead in which."""

import math
from xml.etree.ElementTree import Element

from markupsafe import Markup

from retrain_trainer.contract import Goal
from retrain_trainer.report import axes, svg
from retrain_trainer.report.svg import LEFT, RIGHT, Scale
from retrain_trainer.report.view import Stretch, Stretches
from retrain_trainer.report.wording import number

TOP, BOTTOM, MIDDLE, REACH = 12.0, 168.0, 208.0, 24.0


def chart(seen: Stretches, told: str) -> Markup:
    """Draw the metric of each stretch as two lines, and the difference as bars: up where the candidate is ahead."""
    entries = seen.entries
    width = (RIGHT - LEFT) / len(entries)
    centres = [LEFT + (n + 0.5) * width for n in range(len(entries))]
    values = [entry.candidate for entry in entries]
    values += [entry.champion for entry in entries if entry.champion is not None]
    scale = svg.around(values, BOTTOM, TOP)
    marks = axes.rulings(scale)
    compared = entries[0].champion is not None
    if compared:
        marks += _line(centres, [entry.champion for entry in entries], scale, "champ")
    marks += _line(centres, [entry.candidate for entry in entries], scale, "cand")
    marks += _dots(centres, seen, scale)
    if compared:
        marks += _ahead(centres, seen, width)
    foot = MIDDLE + REACH + 20 if compared else BOTTOM + 20
    marks += axes.ends([entry.begins for entry in entries], foot)
    title = f"{seen.metric} of candidate{' and champion' if compared else ''} over the holdout"
    return svg.drawing("stretches", foot + 6, title, told, marks, scaled=True)


def gain(entry: Stretch, goal: Goal) -> float:
    """Return by how much the candidate is ahead; 0 where that cannot be said."""
    if entry.champion is None or not math.isfinite(entry.candidate - entry.champion):
        return 0.0
    return (entry.candidate - entry.champion) * (1 if goal is Goal.MAXIMIZE else -1)


def _line(centres: list[float], values: list[float | None], scale: Scale, kind: str) -> list[Element]:
    places = [
        (x, scale.at(value)) if value is not None and math.isfinite(value) else None
        for x, value in zip(centres, values, strict=True)
    ]
    return svg.path(places, f"line {kind}")


def _dots(centres: list[float], seen: Stretches, scale: Scale) -> list[Element]:
    marks, size = [], 3.2 if len(centres) <= 30 else 2.4
    for x, entry in zip(centres, seen.entries, strict=True):
        hint = f"{entry.begins}, {entry.rows:,} rows: candidate {number(entry.candidate)}"
        if entry.champion is not None:
            hint += f", champion {number(entry.champion)}"
            if math.isfinite(entry.champion):
                marks.append(svg.square((x, scale.at(entry.champion)), "point champ", hint, 1.6 * size))
        if math.isfinite(entry.candidate):
            marks.append(svg.dot((x, scale.at(entry.candidate)), "point cand", hint, size))
    return marks


def _ahead(centres: list[float], seen: Stretches, width: float) -> list[Element]:
    gains = [gain(entry, seen.goal) for entry in seen.entries]
    most = max(map(abs, gains)) or 1.0
    marks = [
        svg.aside(MIDDLE - 6, "ahead"),
        svg.aside(MIDDLE + 14, "behind"),
    ]
    for x, value in zip(centres, gains, strict=True):
        end = MIDDLE - value / most * REACH
        marks.append(
            svg.box((x - width * 0.36, x + width * 0.36), (MIDDLE, end), "bar cand" if value > 0 else "bar champ")
        )
    return [*marks, svg.line((LEFT, MIDDLE), (RIGHT, MIDDLE), "zero")]
