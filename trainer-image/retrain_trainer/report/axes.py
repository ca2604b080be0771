"""What charts share: a scale at the left with its grid, names below, and a legend."""

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

from retrain_trainer.report import svg
from retrain_trainer.report.svg import LEFT, RIGHT, Scale
from retrain_trainer.report.wording import short


def rulings(scale: Scale, most: int = 5, words: Callable[[float], str] = short) -> list[Element]:
    """Draw a grid line and a number for round values of a scale that goes up."""
    marks = []
    for value in svg.ticks(scale, most):
        y = scale.at(value)
        marks += [
            svg.line((LEFT, y), (RIGHT, y), "grid"),
            svg.aside(y + 4, words(value)),
        ]
    return marks


def below(scale: Scale, y: float, most: int = 5, words: Callable[[float], str] = short) -> list[Element]:
    """Write round values of a scale that goes across."""
    return [svg.text((scale.at(value), y), words(value), anchor="middle") for value in svg.ticks(scale, most)]


def ends(names: Sequence[str], y: float) -> list[Element]:
    """Write the first and the last of some names below a chart, and the one in the middle when there is room."""
    marks = [svg.text((LEFT, y), names[0])]
    if len(names) > 1:
        marks.append(svg.text((RIGHT, y), names[-1], anchor="end"))
    if len(names) > 2 and max(map(len, names)) <= 12:
        marks.append(svg.text(((LEFT + RIGHT) / 2, y), names[len(names) // 2], anchor="middle"))
    return marks
