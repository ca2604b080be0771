"""What a run leaves behind, made up in any size and with any words: what the page of a run is drawn from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.contract import (
    Champion,
    CollectOutcome,
    Data,
    Evaluated,
    EvaluateOutcome,
    Evaluation,
    Gate,
    HoldoutReport,
    Model,
    ModelRef,
    Reference,
    Score,
    Task,
)
from retrain_trainer.data.profile import Bins, Feature, Profile
from retrain_trainer.data.rows import Layout, Type
from retrain_trainer.files.batches import Batch, Seen, digest_of
from retrain_trainer.files.workspace import Plan, Portion, Training, Update
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.gather import Found
from retrain_trainer.store.manifest import Report

DIGEST = digest_of(b"")
DAY = 86_400_000_000
CHAMPION = ModelRef(uri="file:///models/churn/v000001-first", digest=digest_of(b"first"))


@dataclass(frozen=True)
class Made:
    """How much there is of everything, and how it is called."""

    features: int = 3
    batches: int = 6
    left_out: int = 0
    put_back: int = 0
    champion: bool = True
    name: str = "{}"

    def words(self, kind: str, count: int) -> list[str]:
        return [self.name.format(f"{kind}{n}") for n in range(count)]


def said_of(rows: int, classes: NDArray[Any], seed: int = 0, right: float = 0.8) -> Predicted:
    """A classifier that is right in so many of ten cases, over days of 100 rows, with probabilities of two decimals."""
    random = np.random.default_rng(seed)
    truth = np.random.default_rng(99).integers(len(classes), size=rows)
    said = np.where(random.random(rows) < right, truth, random.integers(len(classes), size=rows))
    chances = np.full((rows, len(classes)), 0.0)
    sure = np.round(random.uniform(1 / len(classes), 1, size=rows), 2)
    chances += ((1 - sure) / max(len(classes) - 1, 1))[:, None]
    chances[np.arange(rows), said] = sure
    blocks = np.arange(rows) // 100
    starts = np.arange(blocks[-1] + 1) * DAY
    return Predicted(classes[truth], classes[said], blocks, classes, chances, chances, starts)


def numbers_of(rows: int, seed: int = 0, noise: float = 1.0) -> Predicted:
    """A regressor that is off by so much."""
    truth = np.random.default_rng(99).normal(50, 10, size=rows)
    said = truth + np.random.default_rng(seed).normal(scale=noise, size=rows)
    blocks = np.arange(rows) // 100
    return Predicted(truth, said, blocks, starts=np.arange(blocks[-1] + 1) * DAY)


def layout_of(made: Made, predicted: Predicted) -> Layout:
    kinds = {"U": Type.TEXT, "f": Type.NUMBER, "b": Type.BOOLEAN}
    return Layout(
        features=tuple(made.words("column", made.features)),
        label=made.name.format("label"),
        label_type=kinds.get(predicted.truth.dtype.kind, Type.INTEGER),
        time="time",
        time_type=Type.TIME,
    )


def plan_of(made: Made) -> Plan:
    """Batches of a day and 100 rows each, of which the last one is held out."""
    names, first = made.words("batch", made.batches), made.words("broken", made.left_out)
    seen = tuple(
        Seen(name=name, digest=DIGEST, size=1, modified=1, rows=100, behind=0 if name == names[-1] else 100)
        for name in names
    )
    return Plan(
        run="churn-7c9x2",
        outcome=CollectOutcome.COLLECTED,
        message="",
        afresh=not made.champion,
        portions=tuple(
            Portion(batch=Batch(name=name, path=name, digest=DIGEST, size=1, modified=1), rows=1) for name in names
        ),
        seen=seen,
        watermark=DAY * made.batches,
        psi={name: 0.02 * n for n, name in enumerate(made.words("column", made.features))} if made.champion else {},
        spans={name: (DAY * n, DAY * (n + 1) - 1) for n, name in enumerate(names)},
        left_out={name: f"Batch {name}, check nulls: expected fewer, seen more." for name in first},
        data_digest=DIGEST,
    )


def task_of(metric: str, made: Made, **evaluation: Any) -> Task:
    return Task(
        run="churn-7c9x2",
        nonce="0123456789abcdef",
        data=Data(source="file:///data/batches/*.parquet", label="y"),
        model=Model(store="file:///models/churn", estimator="SGDClassifier", parameters={"alpha": 0.001}),
        evaluation=Evaluation(**{"gates": (Gate(metric=metric),), **evaluation}),
        champion=Champion(**CHAMPION.model_dump()) if made.champion else None,
    )


def said_in(task: Task, predicted: Predicted) -> Evaluated:
    """The answer of evaluate: 0.8 in the metric of the first gate, better than a champion by 0.01 at least."""
    compared = {"champion": 0.75, "improvement": 0.05, "lower_bound": 0.01} if task.champion else {}
    known = "rmse" if predicted.classes is None else "accuracy"
    return Evaluated(
        run=task.run,
        nonce=task.nonce,
        message=f"{known} is 0.8.",
        outcome=EvaluateOutcome.EVALUATED,
        champion=CHAMPION if task.champion else None,
        scores=(Score(metric=known, candidate=0.8, **compared),),
        holdout=HoldoutReport(rows=len(predicted.truth), blocks=predicted.block_count, digest=DIGEST),
        reference=Reference(metric=known, candidate=0.8, champion=0.8, holdout=DIGEST) if task.champion else None,
    )


def updates_of(made: Made) -> tuple[Update, ...]:
    """Every batch but the last, which is held out; the first ones did harm."""
    return tuple(
        Update(batch=name, rows=100, error_before=0.1, error_after=0.6, kept=False)
        if n < made.put_back
        else Update(batch=name, rows=100, error_before=0.2, error_after=0.1)
        for n, name in enumerate(made.words("batch", made.batches - 1))
    )


def profile_of(layout: Layout) -> Profile:
    bins = Bins(edges=(0.0,), shares=(0.5, 0.5))
    columns = tuple(
        Feature(name=name, null_ratio=0.1, most_common=0.2, minimum=-1.5, maximum=2.5, bins=bins)
        for name in layout.features
    )
    return Profile(layout=layout, rows=600, duplicates=0.0, features=columns)


def found_of(predicted: list[Predicted], made: Made = Made(), **evaluation: Any) -> Found:
    """All that the page is drawn from; `evaluation` changes what the gates ask for."""
    task = task_of("rmse" if predicted[0].classes is None else "accuracy", made, **evaluation)
    plan, updates, said = plan_of(made), updates_of(made), said_in(task, predicted[0])
    return Found(
        version="v000002-7c9x2",
        task=task,
        plan=plan,
        training=Training(run=task.run, updates=updates),
        profile=profile_of(layout_of(made, predicted[0])),
        report=Report(run=task.run, scores=said.scores, reference=None, psi=plan.psi, updates=updates),
        said=said,
        predicted=predicted,
        libraries={"numpy": "2.3.4", "python": "3.11.7"},
        files=("model.skops", "metrics.json"),
    )
