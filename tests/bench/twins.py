"""How often the gate promotes a model that is no better: twins, trained alike, each judged as the other's successor.

Where chance alone decides, day by day, which of two twins said what, neither is better, and any promotion is a false
one: that is the exact null, the one kind with a bound. Twins of other draws of the same rows, or of other seeds, are
promoted more often (linear ones in 18.6 % and 16.3 % of pairs) because they differ for real: they are told with what
the promoted ones gained later (3.3 and 3.5 points), in weeks that no verdict saw.
"""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from retrain_operator.decide.verdict import verdict
from retrain_trainer.contract import (
    Champion,
    Evaluated,
    EvaluateOutcome,
    Evaluation,
    Mode,
    Model,
    ModelRef,
    Reference,
    Score,
)
from retrain_trainer.data.rows import Layout, Rows, Type, features_of
from retrain_trainer.learn import guard, incremental
from retrain_trainer.learn.incremental import Progress
from retrain_trainer.learn.pipeline import build
from retrain_trainer.measure.metrics import Predicted, compared
from retrain_trainer.measure.predict import predict
from retrain_trainer.measure.score import lower_bound, score
from tests.demo.stream import COLUMNS, LABEL, TIME, Stream, Week

TRAINED, HELD = 12, 3
"""Weeks that twins learn from, and weeks after them that they are compared on; as many more show who was right."""
TWINS = 8
"""At each of the moments; every one is judged against every other, in both directions."""
SWAPS = 10
"""How often chance deals the days of a pair."""
LAYOUT = Layout(features=COLUMNS, label=LABEL, label_type=Type.INTEGER, time=TIME, time_type=Type.TIME)
KINDS = ("other draws of the same rows", "other seeds on the same rows")
CHANCE = "the first, swapped by chance"
MANNER = incremental.Manner(np.array([0, 1]), frozen=False, replay=0.0)


@dataclass
class Found:
    """Of one kind of twins: how many were judged, and the later gain of each that was promoted."""

    judged: int = 0
    gains: list[float] = field(default_factory=list)

    def add(self, gain: float, *, promoted: bool) -> None:
        """Count one verdict."""
        self.judged += 1
        if promoted:
            self.gains.append(gain)

    @property
    def share(self) -> float:
        return len(self.gains) / self.judged


def report(stream: Stream, model: dict[str, Any], evaluation: Evaluation) -> int:
    """Print the share promoted of each kind; 1 when chance alone is promoted more often than is allowed, or never.

    That share is known up to an error only, taken between the moments: it may be above by two of them. Of so many, a
    gate that is alive promotes some.
    """
    starts = range(0, stream.weeks - TRAINED - 2 * HELD + 1, HELD)
    spans = ([stream.week(start + number) for number in range(TRAINED + 2 * HELD)] for start in starts)
    moments = [judge(model, weeks, evaluation) for weeks in spans]
    print(f"{'promoted over an equal model':32}{'judged':>10}{'share':>10}   in the next three weeks")
    for kind in KINDS:
        gains = np.concatenate([moment[kind].gains for moment in moments])
        told = f"{100 * gains.mean():+.1f} pp, better {np.mean(gains > 0):.2f}" if len(gains) else "none"
        count = sum(moment[kind].judged for moment in moments)
        print(f"{kind:32}{count:10,}{len(gains) / count:10.1%}   {told}")
    shares = [moment[CHANCE].share for moment in moments]
    share, error, allowed = np.mean(shares), np.std(shares, ddof=1) / np.sqrt(len(shares)), 1 - evaluation.confidence
    count = sum(moment[CHANCE].judged for moment in moments)
    print(f"{CHANCE:32}{count:10,}{share:10.1%}   +- {error:.1%}, at most {allowed:.1%} and two such errors")
    return int(not 0 < share <= allowed + 2 * error)


def judge(model: dict[str, Any], weeks: list[Week], evaluation: Evaluation) -> dict[str, Found]:
    """Train twins of both kinds on the first of some weeks, and judge every pair of them on those that follow."""
    found = {kind: Found() for kind in (*KINDS, CHANCE)}
    random = np.random.default_rng(weeks[0].number)
    for kind in KINDS:
        models = [twin(model, weeks[:TRAINED], seed, kind) for seed in range(TWINS)]
        said = predictions(models, weeks[TRAINED:-HELD])
        later = [np.mean(each.said == each.truth) for each in predictions(models, weeks[-HELD:])]
        for one, two in itertools.permutations(range(TWINS), 2):
            gain = float(later[one] - later[two])
            found[kind].add(gain, promoted=promotes(evaluation, said[one], said[two]))
            for _ in range(SWAPS if kind == KINDS[0] else 0):
                pair = swapped(said[one], said[two], random)
                found[CHANCE].add(0.0, promoted=promotes(evaluation, *pair))
    return found


def twin(model: dict[str, Any], weeks: list[Week], seed: int, kind: str) -> Pipeline:
    """Train by the trainer's own code: week by week, or on all weeks at once."""
    seeded = {**model.get("parameters", {}), "random_state": seed if kind == KINDS[1] else 0}
    task = Model.model_validate({"store": "file:///nowhere", **model, "parameters": seeded})
    batches = list(drawn(weeks, np.random.default_rng(seed)) if kind == KINDS[0] else drawn(weeks, None))
    progress = Progress(build(task), guard.empty(len(COLUMNS)))
    if task.mode is Mode.REFIT:
        return progress.model.fit(features_of(batches), np.concatenate([rows.labels for rows in batches]))
    for number, rows in enumerate(batches):
        incremental.learn_batch(progress, str(number), [rows], MANNER)
    return progress.model


def drawn(weeks: list[Week], random: np.random.Generator | None) -> Iterator[Rows]:
    """Yield the rows of each week: as many as it has, drawn with replacement, or all of them."""
    for week in weeks:
        count = len(week.labels)
        chosen = np.arange(count) if random is None else np.sort(random.integers(0, count, count))
        yield Rows.of(week.features[chosen], week.labels[chosen], chosen)


def predictions(models: list[Pipeline], weeks: list[Week]) -> list[Predicted]:
    """Return what each says of some weeks, read as a holdout is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "holdout.parquet"
        joined(path, weeks)
        return predict(models, path, LAYOUT)


def joined(path: Path, weeks: list[Week]) -> None:
    """Write some weeks as one batch."""
    features, labels = (np.concatenate([getattr(week, part) for week in weeks]) for part in ("features", "labels"))
    path.write_bytes(Week(weeks[0].number, weeks[0].start, features, labels).parquet())


def swapped(one: Predicted, two: Predicted, random: np.random.Generator) -> tuple[Predicted, Predicted]:
    """Let chance decide for each day which model said what: then neither is better."""
    mask = random.integers(0, 2, one.block_count).astype(bool)[one.blocks]
    new = replace(one, said=np.where(mask, two.said, one.said))
    old = replace(two, said=np.where(mask, one.said, two.said))
    new, old = compared([new, old])
    return new, old


def promotes(evaluation: Evaluation, candidate: Predicted, champion: Predicted) -> bool:
    """Whether the product's verdict on the product's scores puts one in the place of the other.

    Neither loses on the reference holdout: twins are about the bound.
    """
    metric = evaluation.gates[0].metric
    values = [score(metric, each) for each in (candidate, champion)]
    assert values[0] is not None
    assert values[1] is not None
    bound = lower_bound(metric, candidate, champion, evaluation.gates[0].goal, evaluation.confidence)
    numbers = Score(
        metric=metric,
        candidate=values[0],
        champion=values[1],
        improvement=values[0] - values[1],
        lower_bound=bound,
    )
    old, new = (ModelRef(uri=f"file:///{name}", digest=f"sha256:{name * 64}") for name in "ab")
    evaluated = Evaluated(
        run="twins",
        nonce="",
        message="",
        outcome=EvaluateOutcome.EVALUATED,
        candidate=new,
        champion=old,
        scores=(numbers,),
        reference=Reference(metric=metric, candidate=1.0, champion=1.0, holdout=f"sha256:{'c' * 64}"),
    )
    return verdict(evaluation, Champion(uri=old.uri, digest=old.digest), evaluated).promote
