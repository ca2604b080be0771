"""What each chart shows, in a sentence or two: for those who are in a hurry, and those who cannot see it."""

import math
from collections.abc import Sequence

from retrain_trainer.report.charts.features import MUCH, SOME
from retrain_trainer.report.charts.scores import sureness
from retrain_trainer.report.charts.stretches import gain
from retrain_trainer.report.view import (
    BatchView,
    Calibration,
    Confusion,
    FeatureView,
    Measured,
    Reliability,
    Residuals,
    Stretches,
    UpdateView,
)
from retrain_trainer.report.wording import count, listed, number, percent


def of_scores(scores: Sequence[Measured], confidence: float) -> str:
    """Say in which metrics the candidate is better, and whether that may be chance."""
    compared = [each for each in scores if each.score.improvement is not None]
    if not compared:
        return "There is no champion to compare with: these are the candidate's values alone."
    found = {kind: [each.score.metric for each in compared if sureness(each) == kind] for kind in SURENESS}
    words = {kind: words.format(f"{confidence:.4g}") for kind, words in SURENESS.items()}
    return " ".join(f"{words[kind]}: {listed(metrics, 8)}." for kind, metrics in found.items() if metrics)


SURENESS = {
    "better": "Better with {} confidence",
    "unsure": "Better, but that may be chance",
    "even": "The same",
    "worse": "Worse",
}


def of_stretches(seen: Stretches) -> str:
    """Say how often the candidate was ahead, and where it was at its worst."""
    known = [each for each in seen.entries if math.isfinite(each.candidate)]
    if not known:
        return "Predictions that are no numbers are in every part of the holdout."
    sign = 1 if seen.goal == "Maximize" else -1
    worst = min(known, key=lambda each: sign * each.candidate)
    single = seen.block == "day" and len(seen.entries) == seen.blocks
    there = f"on {worst.begins}" if single else f"from {worst.begins} on"
    bottom = f"Its worst {seen.metric} is {number(worst.candidate)}, {there}"
    if worst.champion is None:
        return f"{bottom}."
    gains = [gain(each, seen.goal) for each in seen.entries]
    lost = len(seen.entries) - len(known)  # where predictions are no numbers
    ahead, behind = sum(value > 0 for value in gains), sum(value < 0 for value in gains) + lost
    piece = seen.block if len(seen.entries) == seen.blocks else "stretch"
    pieces = f"{len(gains):,} {piece if len(gains) == 1 else piece + ('es' if piece == 'stretch' else 's')}"
    lead = f"The candidate is ahead in {ahead:,} of {pieces} and behind in {behind:,}."
    return f"{lead} {bottom} (champion {number(worst.champion)})."


def of_confusion(seen: Confusion) -> str:
    """Say what is mixed up most often."""
    wrong = [(rows, n, m) for n, row in enumerate(seen.candidate) for m, rows in enumerate(row) if n != m and rows]
    rows, n, m = max(wrong, key=lambda each: each[0], default=(0, 0, 0))
    whole = sum(seen.candidate[n])
    words = "No class is taken for another."
    if rows:
        words = (
            f"Most often, {seen.labels[n]} is taken for {seen.labels[m]}: "
            f"{rows:,} of its {count(whole, 'row')} ({percent(rows, whole)})."
        )
    sizes = [sum(row) for row in seen.candidate[: len(seen.labels) - seen.others]]
    most = max(range(len(sizes)), key=sizes.__getitem__)
    share = percent(sizes[most], sum(map(sum, seen.candidate)))
    return f"{words} To say {seen.labels[most]} of every row would be right in {share}."


def of_calibration(seen: Calibration) -> str:
    """Say how far probabilities are from what happens, and on which side."""
    what = "that the class it says is right" if seen.of is None else f"of {seen.of}"
    words = f"Its probabilities {what} are off by {percent(seen.candidate.error)} on average"
    if seen.champion is not None:
        words += f", the champion's by {percent(seen.champion.error)}"
    lean = _lean(seen.candidate)
    side = "on average too high" if lean > 0.01 else "on average too low" if lean < -0.01 else "on average about right"
    said, true = (percent(_mean(seen.candidate, what)) for what in ("said", "true"))
    return f"{words}. They are {side}: {said} said, {true} came true."


def of_residuals(seen: Residuals) -> str:
    """Say whether the candidate leans to one side, and for which values it is most wrong."""
    rows = sum(each.rows for each in seen.tenths)
    lean = sum(each.rows * (each.said - each.true) for each in seen.tenths) / max(rows, 1)
    if not math.isfinite(lean):
        return "Some of the candidate's predictions are no numbers."
    side = f"{number(abs(lean))} too {'high' if lean > 0 else 'low'} on average" if lean else "right on average"
    worst = max(seen.tenths, key=lambda each: each.candidate)
    return (
        f"The candidate is {side}. Its error is largest where the true value is around {number(worst.true)}: "
        f"RMSE {number(worst.candidate)}."
    )


def of_updates(updates: Sequence[UpdateView]) -> str:
    """Say how many batches were kept, and which were put back."""
    back = [each for each in updates if not each.kept]
    if all(each.before is None and each.after is None for each in updates):
        return f"Trained at once on {count(len(updates), 'batch', 'batches')}: no single one can be judged."
    kept = f"{count(len(updates) - len(back), 'batch', 'batches')} learned"
    if not back:
        return f"{kept}, none of them did harm to what was known."
    told = listed([f"{each.name} ({number(each.before)} to {number(each.after)})" for each in back])
    return f"{kept}; put back because the error on guard rows went up: {told}."


def of_batches(batches: Sequence[BatchView], data_end: str | None) -> str:
    """Say how many rows were learned from and held out, and what was left out."""
    learned, held = sum(each.learned for each in batches), sum(each.held for each in batches)
    until = "" if data_end is None else f", the newest of {data_end}"
    words = f"{count(learned, 'row')} learned in this run{until}; {count(held, 'newer row')} held out."
    out = [each for each in batches if each.trouble]
    return f"{words} Left out: {listed([each.name for each in out])}." if out else words


def of_features(features: Sequence[FeatureView], *, champion: bool) -> str:
    """Say how many columns have moved, and which."""
    known = [each for each in features if each.psi is not None]
    if not known and champion:
        return "There are too few new values to compare these columns with those of the champion."
    if not known:
        return "There is no champion whose data these columns could be compared with."
    large = [each.name for each in known if (each.psi or 0) > MUCH]
    some = [each.name for each in known if SOME < (each.psi or 0) <= MUCH]
    whole = f"of {count(len(known), 'column')}"
    if not large and not some:
        return f"None {whole} has moved from the champion's data."
    parts = [f"{len(names)} {words}: {listed(names)}" for names, words in ((large, "far"), (some, "a little")) if names]
    return f"Moved {whole} from the champion's data, {'; '.join(parts)}."


def _mean(model: Reliability, what: str) -> float:
    rows = sum(each.rows for each in model.bins)
    return float(sum(each.rows * getattr(each, what) for each in model.bins) / max(rows, 1))


def _lean(model: Reliability) -> float:
    return _mean(model, "said") - _mean(model, "true")
