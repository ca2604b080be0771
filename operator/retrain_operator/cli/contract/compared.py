"""What is wrong with the numbers of evaluate, whatever they are: which models they are of, and whether they agree."""

from collections.abc import Iterator

from retrain_operator.cli.contract.breach import Breach, See, named
from retrain_operator.cli.contract.sample import METRIC
from retrain_trainer.contract import Evaluated, ModelRef, Score

TINY = 1e-3
"""By how much numbers may differ that were rounded one by one."""

UNLIKE = 1e-6
"""By how much a number may differ that was computed twice, as a share of it."""


def alone(evaluated: Evaluated) -> Iterator[Breach]:
    """Of a candidate that there was no champion to compare with."""
    yield from _scores(evaluated)
    if evaluated.champion is not None:
        yield _breach("no champion, as the task names none", evaluated.champion.uri)


def with_champion(evaluated: Evaluated, champion: ModelRef) -> Iterator[Breach]:
    """Of a candidate beside the champion of the task."""
    yield from _scores(evaluated)
    if evaluated.champion != champion:
        yield _breach(f"the champion of the task, {named(champion)}", named(evaluated.champion))
    if evaluated.candidate == champion:
        yield _breach("a candidate of its own", "the champion itself")
    for score in evaluated.scores:
        if score.metric == METRIC:
            yield from _gain(score)
    if evaluated.reference is None:
        yield _breach("a reference: both models on the rows by which the champion was promoted", "none")


def repeated(first: Evaluated, again: Evaluated) -> Iterator[Breach]:
    """Of a candidate that was made twice from the same data. A manifest may hold times, so no digests are compared."""
    found = {score.metric: score.candidate for score in again.scores}
    asked = [score for score in first.scores if score.metric == METRIC]
    pairs = [(f"{score.metric} of the candidate", score.candidate, found.get(score.metric)) for score in asked]
    if first.holdout and again.holdout:
        pairs.append(("held-out rows", first.holdout.rows, again.holdout.rows))
    for what, was, now in pairs:
        if now is not None and abs(was - now) > UNLIKE * max(1, abs(was)):
            expected = f"{what} to be {was:.6g} once more: on the same data the same (fix your seeds)"
            yield Breach("evaluate", expected, f"{now:.6g}", See.REPEATED)


def _scores(evaluated: Evaluated) -> Iterator[Breach]:
    names = [score.metric for score in evaluated.scores]
    if METRIC not in names:
        yield _breach(f"a score of {METRIC}, which a gate asks for", f"scores of {', '.join(names) or 'nothing'}")
    if len(set(names)) < len(names):
        yield _breach("one score for each metric", f"scores of {', '.join(names)}")


def _gain(score: Score) -> Iterator[Breach]:
    absent = [name for name in ("champion", "improvement", "lower_bound") if getattr(score, name) is None]
    if score.champion is None or score.improvement is None or score.lower_bound is None:
        names = " and ".join(name.replace("lower_bound", "lowerBound") for name in absent)
        yield _breach(f"{names} in the score of {METRIC}, as the task names a champion", "none")
        return
    gain = score.candidate - score.champion
    if abs(score.improvement - gain) > TINY:
        yield _breach(f"an improvement of {gain:.4g}: what the candidate has more", f"{score.improvement:.4g}")
    if score.lower_bound > score.improvement + TINY:
        yield _breach(f"a lowerBound of at most the improvement, {score.improvement:.4g}", f"{score.lower_bound:.4g}")


def _breach(expected: str, came: str) -> Breach:
    return Breach("evaluate", expected, came, See.EVALUATE)
