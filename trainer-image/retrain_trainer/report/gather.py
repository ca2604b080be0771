"""Puts together what stands on the page, from all that the three steps of a run have left."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from retrain_trainer.contract import Evaluated, Task
from retrain_trainer.contract.evaluation import goal_of
from retrain_trainer.data.profile import Profile
from retrain_trainer.data.rows import Type
from retrain_trainer.files.workspace import Plan, Training
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.measure.score import sign
from retrain_trainer.report import history
from retrain_trainer.report.classes import calibration, confusion
from retrain_trainer.report.judging import judgement
from retrain_trainer.report.residuals import residuals
from retrain_trainer.report.stretches import stretches
from retrain_trainer.report.view import FeatureView, Head, HoldoutView, Measured, SlicesView, SliceView, View
from retrain_trainer.report.wording import count, span, value, when, word
from retrain_trainer.store import manifest
from retrain_trainer.store.manifest import Report

ABOUT = {
    manifest.MODEL: "the model, in the skops format",
    manifest.MANIFEST: "digests of all files, batches it was trained on, what each step answered",
    manifest.METRICS: "every number on this page that is a metric",
    manifest.PROFILE: "what the data looks like: types, nulls, ranges, distributions",
    manifest.HOLDOUT: "the rows that both models were scored on",
    manifest.REPLAY: "rows of the past that the next update is mixed with",
    manifest.GOLDEN: "rows with their predictions, by which a server proves itself",
    manifest.CARD: "the model card",
    manifest.SETTINGS: "what MLServer and KServe want to know",
    manifest.JOBLIB: "the model as a pickle, for MLServer and KServe",
}
TRIED_VARIABLE = "RETRAIN_TRIED"
"""Name of the policy whose run is tried outside of a cluster; absent in one."""
SLICES = 40
"""The first of them are the worst."""
DIGITS = 12
"""Of a digest: enough to tell versions apart by eye."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a version when its page is written; `predicted` is the candidate's and then the champion's."""

    version: str
    task: Task
    plan: Plan
    training: Training
    profile: Profile
    report: Report
    said: Evaluated
    predicted: list[Predicted]
    libraries: dict[str, str]
    files: Iterable[str]


def view(found: Found) -> View:
    """Return all that the page of this version tells."""
    task, layout = found.task, found.profile.layout
    return View(
        head=_head(found),
        message=word(found.said.message, 600),
        confidence=task.evaluation.confidence,
        judgement=judgement(task, found.said, found.version),
        holdout=_holdout(found),
        scores=_scores(found),
        reference=found.said.reference,
        stretches=stretches(found.predicted, layout),
        confusion=confusion(found.predicted),
        calibration=calibration(found.predicted),
        residuals=residuals(found.predicted),
        batches=history.batches(found.plan, found.training, layout),
        earlier="not learned in this run (old, or kept as reference)"
        if found.plan.afresh
        else "learned by earlier versions",
        updates=history.updates(found.training),
        features=_features(found),
        slices=_slices(found),
        parameters=tuple((word(name), value(entry)) for name, entry in sorted(task.model.parameters.items())),
        libraries=tuple(sorted(found.libraries.items())),
        files=tuple((name, ABOUT.get(name, "")) for name in sorted({*found.files, manifest.MANIFEST})),
    )


def _head(found: Found) -> Head:
    task, said, layout = found.task, found.said, found.profile.layout
    champion = said.champion
    digests = {
        "champion": None if champion is None else champion.digest,
        "new data": found.plan.data_digest,
        "holdout": None if said.holdout is None else said.holdout.digest,
    }
    timed = found.plan.watermark is not None
    tried = os.environ.get(TRIED_VARIABLE, "")
    return Head(
        model=word(tried or task.model.store.rstrip("/").rpartition("/")[2]),
        version=found.version,
        run=task.run,
        estimator=task.model.estimator,
        mode=task.model.mode,
        label=word(layout.label),
        kind="numbers" if layout.label_type is Type.NUMBER else "classes",
        champion=None if champion is None else word(champion.uri.rstrip("/").rpartition("/")[2]),
        source=word(task.data.source, 120),
        data_end=when(found.plan.watermark, layout) if timed and found.plan.watermark is not None else None,
        digests=tuple((name, digest.removeprefix("sha256:")[:DIGITS]) for name, digest in digests.items() if digest),
        tried=bool(tried),
    )


def _holdout(found: Found) -> HoldoutView | None:
    held = found.said.holdout
    if held is None:
        return None
    times = [f"{each:%Y-%m-%d}" for each in (held.start, held.end) if each is not None]
    block = "day" if found.profile.layout.time_type is Type.TIME else "block"
    return HoldoutView(held.rows, count(held.blocks, block), span(times[0], times[-1]) if times else "")


def _scores(found: Found) -> tuple[Measured, ...]:
    goals = {gate.metric: gate.goal for gate in found.task.evaluation.gates}
    return tuple(
        Measured(
            score=score,
            goal=goals.get(score.metric, goal_of(score.metric)),
            gated=score.metric in goals,
        )
        for score in found.report.scores
    )


def _slices(found: Found) -> SlicesView | None:
    asked, gate = found.task.evaluation.slices, found.task.evaluation.gates[0]
    if asked is None:
        return None
    entries = tuple(
        SliceView(
            name=word(each.name),
            rows=each.rows,
            candidate=each.candidate,
            champion=each.champion,
            gain=None if each.champion is None else sign(gate.goal) * (each.candidate - each.champion),
            large=each.rows >= asked.min_rows,
        )
        for each in found.report.slices[:SLICES]
    )
    return SlicesView(metric=gate.metric, tolerance=asked.tolerance, entries=entries)


def _features(found: Found) -> tuple[FeatureView, ...]:
    """Return the columns, those that moved most first, or in their own order without a champion to compare with."""
    distances = found.plan.psi
    features = [
        FeatureView(word(each.name), distances.get(each.name), each.null_ratio, each.minimum, each.maximum)
        for each in found.profile.features
    ]
    return tuple(sorted(features, key=lambda each: -1.0 if each.psi is None else -each.psi - 1))
