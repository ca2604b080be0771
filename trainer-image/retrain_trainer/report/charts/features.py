"""How far one column has moved, as a bar in its row of a table: the hints stand at the same place in every row."""

from markupsafe import Markup

from retrain_trainer.report import svg

SOME, MUCH = 0.1, 0.25
"""What practice takes for a shift worth a look and for a large one. Nothing is decided by them."""


def size(psi: float) -> str:
    """Return in one word how large a PSI is."""
    return "large" if psi > MUCH else "some" if psi > SOME else "small"


def bar(place: int, psi: float, most: float) -> Markup:
    """Draw the PSI of the feature at a place of the table, on a scale up to `most`."""
    scale = svg.Scale(0, max(most, MUCH * 1.2), 0, 100)
    marks = [
        svg.box((0, scale.at(psi)), (3, 15), f"bar {size(psi)}"),
        *(svg.line((scale.at(hint), 0), (scale.at(hint), 18), "hint") for hint in (SOME, MUCH)),
    ]
    return svg.drawing(f"psi{place}", 18, f"PSI {psi:.2f}", f"{size(psi)} distance", marks)
