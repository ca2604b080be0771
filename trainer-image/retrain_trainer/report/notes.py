"""What a person should look at before trusting a version, found by the page itself: the gates know nothing of it."""

from collections.abc import Iterator

from retrain_trainer.report.charts.features import MUCH
from retrain_trainer.report.charts.scores import sureness
from retrain_trainer.report.charts.stretches import gain
from retrain_trainer.report.view import View
from retrain_trainer.report.wording import count, listed, number, percent

HIGH_ERROR = 0.05
"""Mean distance of probabilities from what happens that is worth a note."""
FEW_BLOCKS = 10


def notes(view: View) -> list[str]:
    """Return what is worth a look, in the order of the page."""
    return [*_of_scores(view), *_of_rows(view), *_of_data(view)]


def _of_scores(view: View) -> Iterator[str]:
    worse = [each.score.metric for each in view.scores if not each.gated and sureness(each) == "worse"]
    if worse:
        yield f"No gate asks for {listed(worse, 8)}, in which the candidate is worse than the champion."
    unsure = [each.score.metric for each in view.scores if each.gated and sureness(each) == "unsure"]
    if unsure:
        yield f"In {listed(unsure)} the candidate is better, but that may be chance: the bound is not above zero."
    reference = view.reference
    if reference is not None and abs(reference.candidate - reference.champion) > HIGH_ERROR:
        yield (
            f"On the holdout of the last promotion {reference.metric} is {number(reference.candidate)}, the champion's "
            f"{number(reference.champion)}."
        )


def _of_rows(view: View) -> Iterator[str]:
    seen = view.stretches
    if seen is not None and seen.blocks < FEW_BLOCKS:
        yield f"The holdout has only {count(seen.blocks, seen.block)}: bounds from so few are rough."
    if seen is not None and seen.entries[0].champion is not None:
        behind = sum(gain(each, seen.goal) < 0 for each in seen.entries)
        if behind * 2 > len(seen.entries):
            yield f"In {behind:,} of {len(seen.entries):,} stretches of time the champion is ahead."
    if view.calibration is not None and view.calibration.candidate.error > HIGH_ERROR:
        yield (
            f"Its probabilities are off by {percent(view.calibration.candidate.error)} on average: do not read them as "
            "chances."
        )
    if view.confusion is not None:
        true = [label for label, row in zip(view.confusion.labels, view.confusion.candidate, strict=True) if sum(row)]
        if len(true) == 1:
            yield f"The held-out rows hold only class {true[0]}: of the others nothing is known."
        never = [
            label
            for label, row, column in zip(
                view.confusion.labels,
                view.confusion.candidate,
                zip(*view.confusion.candidate, strict=True),
                strict=True,
            )
            if sum(row) and not sum(column)
        ]
        if never:
            yield f"The candidate never says {listed(never)}."


def _of_data(view: View) -> Iterator[str]:
    back = [each.name for each in view.updates if not each.kept]
    if back:
        yield f"{count(len(back), 'batch was', 'batches were')} put back: {listed(back)}."
        if 2 * len(back) > len(view.updates):
            yield (
                "That is more than half: the candidate hardly knows what they tell. If the change is real, mode Refit "
                "learns it."
            )
    out = [each for each in view.batches if each.trouble]
    if out:
        first = ", the first of them" if len(out) > 1 else ""
        yield f"{count(len(out), 'batch was', 'batches were')} left out{first}: {out[0].trouble}"
    empty = [each.name for each in view.features if each.low is None]
    if empty:
        yield f"{count(len(empty), 'column has', 'columns have')} no value in any row: {listed(empty)}."
    still = [each.name for each in view.features if each.low is not None and each.low == each.high]
    if still:
        yield f"{count(len(still), 'column has', 'columns have')} one same value in all rows: {listed(still)}."
    moved = [each.name for each in view.features if each.psi is not None and each.psi > MUCH]
    if moved:
        yield f"{count(len(moved), 'column has', 'columns have')} moved far from the champion's data: {listed(moved)}."
