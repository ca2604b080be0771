"""By how much the candidate is ahead on one slice, as a bar in its row of a table, to the left where it is behind."""

from markupsafe import Markup

from retrain_trainer.report import svg
from retrain_trainer.report.view import SliceView
from retrain_trainer.report.wording import change


def bar(place: int, seen: SliceView, slices: tuple[SliceView, ...], tolerance: float) -> Markup:
    """Draw the slice at a place of the table; a dotted line marks how far behind it may be."""
    most = max([tolerance, *(abs(each.gain or 0.0) for each in slices)]) * 1.05 or 1.0
    scale, gain = svg.Scale(-most, most, 0, 100), seen.gain or 0.0
    marks = [
        svg.box((scale.at(0), scale.at(gain)), (3, 15), "bar cand" if gain > 0 else "bar champ"),
        svg.line((scale.at(0), 0), (scale.at(0), 18), "zero"),
        svg.line((scale.at(-tolerance), 0), (scale.at(-tolerance), 18), "hint"),
    ]
    return svg.drawing(f"slice{place}", 18, f"Better by {change(seen.gain)}", seen.name, marks)
