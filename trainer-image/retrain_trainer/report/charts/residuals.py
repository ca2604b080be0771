"""Where a regressor is wrong: the residuals of both models, and predicted values beside true ones."""

import math
from xml.etree.ElementTree import Element

from markupsafe import Markup

from retrain_trainer.report import axes, svg
from retrain_trainer.report.svg import LEFT, RIGHT, Scale
from retrain_trainer.report.view import Residuals
from retrain_trainer.report.wording import number

TOP, BOTTOM, SQUARE = 12.0, 180.0, 260.0
SHADES = 9


def histogram(seen: Residuals, told: str) -> Markup:
    """Draw how often the candidate is wrong by how much as bars, and the champion as an outline."""
    bins = len(seen.candidate)
    across, most = Scale(seen.low, seen.high, LEFT, RIGHT), max(*seen.candidate, *(seen.champion or (1,)))
    up = Scale(0, most * 1.05, BOTTOM, TOP)
    width = (RIGHT - LEFT) / bins
    edges = [seen.low + (seen.high - seen.low) * n / bins for n in range(bins + 1)]
    marks = axes.rulings(up, 4)
    for n, rows in enumerate(seen.candidate):
        hint = f"{number(edges[n])} to {number(edges[n + 1])}: {rows:,} rows"
        left = LEFT + n * width
        marks.append(svg.box((left + width * 0.06, left + width * 0.94), (up.at(rows), BOTTOM), "bar cand", hint))
    if seen.champion is not None:
        corners = [(LEFT + (n + side) * width, up.at(rows)) for n, rows in enumerate(seen.champion) for side in (0, 1)]
        marks += svg.path(corners, "line champ")
    marks.append(svg.line((across.at(0), TOP), (across.at(0), BOTTOM), "zero"))
    marks += axes.below(across, BOTTOM + 18, 4)
    return svg.drawing("residuals", BOTTOM + 24, "Residuals: predicted minus true", told, marks, scaled=True)


def grid(seen: Residuals, told: str) -> Markup:
    """Draw how many rows have which true and which predicted value, darker for more, and the line where both agree."""
    across, up = Scale(seen.grid_low, seen.grid_high, LEFT, RIGHT), Scale(seen.grid_low, seen.grid_high, SQUARE, TOP)
    cells, most = len(seen.grid), max(max(row) for row in seen.grid) or 1
    width, height = (RIGHT - LEFT) / cells, (SQUARE - TOP) / cells
    marks: list[Element] = axes.rulings(up, 4)
    for n, row in enumerate(seen.grid):
        for m, rows in enumerate(row):
            if rows:
                shade = max(math.ceil(math.log1p(rows) / math.log1p(most) * SHADES), 1)
                left, top = LEFT + m * width, SQUARE - (n + 1) * height
                marks.append(svg.box((left, left + width), (top, top + height), f"s{shade}"))
    marks.append(svg.line((LEFT, SQUARE), (RIGHT, TOP), "ideal"))
    marks += axes.below(across, SQUARE + 18, 4)
    return svg.drawing("grid", SQUARE + 24, "Predicted (up) beside true values (across)", told, marks, scaled=True)
