"""The marks that charts are made of: SVG whose width is that of the page, while letters and lines keep their size.

Across, places are percents; down, they are pixels. Colours come from the classes of page.css. Text is escaped here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

LEFT, RIGHT = 0.0, 100.0
"""Where a plot begins and ends, in percent. The numbers of a scale stand outside, in the margin of class `scaled`."""
Marks = Iterable[Element]


@dataclass(frozen=True, slots=True)
class Scale:
    """Lays values from `low` to `high` on places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a value; one beyond the scale stands at its end."""
        width = self.high - self.low
        share = (min(max(value, self.low), self.high) - self.low) / width if width else 0.5
        return self.start + share * (self.end - self.start)


def around(values: Iterable[float], start: float, end: float, *, least: float = 0.0) -> Scale:
    """Return a scale that has room for all finite values, and is at least so wide."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    room = max((high - low) * 0.08, (least - (high - low)) / 2, abs(high) * 1e-4, 1e-9)
    return Scale(low - room, high + room, start, end)


def ticks(scale: Scale, most: int = 5) -> list[float]:
    """Return round values on a scale, at most so many."""
    rough = (scale.high - scale.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * (1 - 1e-9))
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def drawing(name: str, height: float, title: str, told: str, marks: Marks, *, scaled: bool = False) -> Markup:
    """Put marks together to a picture with a title and a description for those who do not see it.

    `scaled` leaves room at its left for the numbers of a scale.
    """
    svg = Element(
        "svg",
        {
            "class": "chart scaled" if scaled else "chart",
            "role": "img",
            "width": "100%",
            "height": _short(height),
            "aria-labelledby": f"{name}-title {name}-told",
        },
    )
    for tag, text in (("title", title), ("desc", told)):
        element = Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'told'}"})
        element.text = text
        svg.append(element)
    svg.extend(marks)
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


def line(start: tuple[float, float], end: tuple[float, float], kind: str) -> Element:
    """Draw a line between two places."""
    (x1, y1), (x2, y2) = start, end
    return Element("line", {"x1": _pc(x1), "y1": _short(y1), "x2": _pc(x2), "y2": _short(y2), "class": kind})


def path(places: Sequence[tuple[float, float] | None], kind: str) -> list[Element]:
    """Join neighbouring places by lines, with a gap where there is none."""
    return [line(one, two, kind) for one, two in pairwise(places) if one is not None and two is not None]


def box(x: tuple[float, float], y: tuple[float, float], kind: str, hint: str = "") -> Element:
    """Fill a box between two places across and two down, whichever comes first."""
    (left, right), (top, bottom) = sorted(x), sorted(y)
    place = {"x": _pc(left), "y": _short(top), "width": _pc(right - left), "height": _short(bottom - top)}
    return _hinted(Element("rect", {**place, "class": kind}), hint)


def dot(place: tuple[float, float], kind: str, hint: str = "", radius: float = 4) -> Element:
    """Draw a circle."""
    circle = {"cx": _pc(place[0]), "cy": _short(place[1]), "r": _short(radius), "class": kind}
    return _hinted(Element("circle", circle), hint)


def square(place: tuple[float, float], kind: str, hint: str = "", side: float = 7) -> Element:
    """Draw a small square: a mark that differs from a dot for those who tell no colours apart."""
    corner = {"x": _pc(place[0]), "y": _short(place[1]), "width": _short(side), "height": _short(side)}
    shift = f"translate({_short(-side / 2)} {_short(-side / 2)})"
    return _hinted(Element("rect", {**corner, "transform": shift, "class": kind}), hint)


def text(place: tuple[float, float], words: str, kind: str = "", anchor: str = "start") -> Element:
    """Write words that begin, end or have their middle at a place."""
    element = Element("text", {"x": _pc(place[0]), "y": _short(place[1]), "text-anchor": anchor})
    if kind:
        element.set("class", kind)
    element.text = words
    return element


def aside(y: float, words: str) -> Element:
    """Write words into the margin at the left of the plot."""
    element = Element("text", {"x": "-8", "y": _short(y), "text-anchor": "end"})
    element.text = words
    return element


def group(marks: Marks, hint: str) -> Element:
    """Put marks together under one hint."""
    element = _hinted(Element("g"), hint)
    element.extend(marks)
    return element


def _hinted(element: Element, hint: str) -> Element:
    if hint:
        title = Element("title")
        title.text = hint
        element.append(title)
    return element


def _pc(value: float) -> str:
    return f"{_short(value)}%"


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
