"""What held-out rows tell about the labels: whether they were turned over, and whether one column gives them away.

Both spoil a holdout together with the training, so that no comparison on it would show them. Each is read off at most
10,000 rows, spread evenly over the holdout.
"""

import importlib
import itertools
from collections.abc import Iterator

import numpy as np

from retrain_trainer.contract import Check, Validation, wording
from retrain_trainer.data.rows import Floats, Labels, Layout, Rows, Type
from retrain_trainer.learn import objections
from retrain_trainer.store.manifest import METRICS, Report
from retrain_trainer.store.versions import Version
from retrain_trainer.telling.faults import Problem, StepError

ROWS, VALUES = 10_000, 2_000_000
"""Looked at, at most; of very wide tables fewer rows."""
FEWEST = 100
"""Rows in which a share says something."""
FEWEST_OF_CLASS = 20
TURNED_OVER = 0.4
"""Share of right answers, as the mean over two classes, below which labels look turned over. Chance would be 0.5: on
real data, linear models and trees that drift had left behind for up to 16 weeks never fell below 0.48."""
OPPOSITE = -0.25
"""Rank correlation of predicted numbers with the label below which its sign looks turned. On the same data that of
champions up to 16 weeks old never fell below 0.03."""
OR_ELSE = ", or is it the champion that is wrong?)"
NO_ONE = "; no candidate can be compared with it, so begin a new model.store"
SEPARATES = 0.995
FOLLOWS = 0.999
KNOWN_LATER = " (is it known only later? leave it out with data.exclude)"
BY_CHANCE = {"balanced_accuracy": 0.5, "r2": 0.0}
"""What a model scores that has learned nothing of two classes, or of a number."""


def step(rows: int, layout: Layout) -> int:
    """Return that one in n of so many held-out rows is to be looked at."""
    return max(-(-rows // max(min(ROWS, VALUES // len(layout.features)), FEWEST)), 1)


def problems(seen: Rows, layout: Layout, champion: Version | None, rules: Validation) -> Iterator[Problem]:
    """Check held-out rows against the champion, and each of their columns against the label."""
    if Check.INVERTED_LABELS not in rules.skip_checks and champion is not None:
        yield from _turned_over(seen, layout, champion)
    if Check.LEAKAGE not in rules.skip_checks:
        yield from _given_away(seen, layout)


def _turned_over(seen: Rows, layout: Layout, champion: Version) -> Iterator[Problem]:
    """Ask a champion that predicts numbers, or tells two classes apart, whether it is right more often than wrong."""
    classes = None if layout.label_type is Type.NUMBER else np.unique(seen.labels)
    if len(seen.labels) < FEWEST or not (classes is None or _two(seen.labels, classes)) or _knows_nothing(champion):
        return
    # scikit-learn is as large as all else that collect loads, and needed from here on only.
    pipeline = importlib.import_module("retrain_trainer.learn.pipeline")
    model = pipeline.load_model(champion)
    try:
        with objections.told(type(model[-1]).__name__, "predict"):
            said = model.predict(seen.features())
    except StepError as error:
        yield Problem(None, "prediction", "held-out rows that the champion can predict", f"{str(error)[:-1]}{NO_ONE}")
        return
    if classes is None:
        along = _rank_correlation(said, seen.labels)
        expected = f"predictions of the champion that rise with the label, a rank correlation above {OPPOSITE:g}"
        if along < OPPOSITE:
            yield _inverted(
                expected, f"{wording.number(along, OPPOSITE)} (do the labels have the opposite sign{OR_ELSE}", layout
            )
    elif np.array_equal(pipeline.classes_of(model), classes):
        share = float(np.mean([np.mean(said[seen.labels == label] == label) for label in classes]))
        expected = f"the champion to be right in {TURNED_OVER:.0%} of the held-out rows (mean of both classes)"
        if share < TURNED_OVER:
            yield _inverted(
                expected, f"{wording.share(share, TURNED_OVER)} (do the labels mean the opposite{OR_ELSE}", layout
            )


def _two(labels: Labels, classes: Labels) -> bool:
    """Whether there are two classes, and of each enough rows to say which share of them is told right."""
    return len(classes) == 2 and all(np.count_nonzero(labels == label) >= FEWEST_OF_CLASS for label in classes)


def _knows_nothing(champion: Version) -> bool:
    """Whether a champion was no better than chance on its own holdout, so that being wrong now says nothing."""
    scores = champion.manifest.evaluated.scores
    if METRICS in champion.manifest.files:
        scores = Report.model_validate_json(champion.read(METRICS)).scores
    return any(score.candidate <= BY_CHANCE.get(score.metric, -np.inf) for score in scores)


def _inverted(expected: str, seen: str, layout: Layout) -> Problem:
    return Problem(None, "inverted labels", expected, seen, layout.label)


def _given_away(seen: Rows, layout: Layout) -> Iterator[Problem]:
    """Look for a feature that by itself ranks the rows as the label does."""
    numbers = layout.label_type is Type.NUMBER
    limit, word = (FOLLOWS, "rank correlation") if numbers else (SEPARATES, "AUC")
    classes = [] if numbers else [np.flatnonzero(seen.labels == label) for label in np.unique(seen.labels)]
    classes = [rows for rows in classes if len(rows) >= FEWEST_OF_CLASS]
    for number, name in enumerate(layout.features):
        # A missing value may tell the label too: it ranks below all others.
        values = np.nan_to_num(seen.columns[number].astype(np.float64), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        strength = (
            abs(_rank_correlation(values, seen.labels)) if numbers else _separation([values[rows] for rows in classes])
        )
        if strength > limit:
            yield Problem(
                None, "leakage", "no column that alone tells the label", f"{word} {strength:.4g}{KNOWN_LATER}", name
            )


def _separation(classes: list[Floats]) -> float:
    """Return the least area under the ROC curve between neighbouring classes, whichever way round; 0 for one class."""
    ordered = sorted((np.sort(values) for values in classes), key=lambda values: values[len(values) // 2])
    areas = [_area(low, high) for low, high in itertools.pairwise(ordered)]
    return min((max(area, 1 - area) for area in areas), default=0.0)


def _area(low: Floats, high: Floats) -> float:
    """Return the share of pairs in which `high` is above `low`, ties by half. Both are in order."""
    below = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    return float(below.mean() / (2 * len(low)))


def _rank_correlation(values: Floats, labels: Floats) -> float:
    """Return Spearman's coefficient, 0 where one of the two stands still or there are few rows."""
    if len(labels) < FEWEST or np.ptp(labels) == 0 or (values == values[0]).all():
        return 0.0
    return float(np.corrcoef(_ranks(values), _ranks(labels))[0, 1])


def _ranks(values: Floats) -> Floats:
    """Rank values, equal ones by the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - counts / 2)[places])
