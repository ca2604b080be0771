"""Step three: score candidate and champion on the same held-out rows, and commit the candidate to the store.

It measures and does not judge: the numbers go to the operator, the model into the store whatever they say.
"""

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from retrain_trainer import release
from retrain_trainer.contract import Evaluated, EvaluateOutcome, Gate, HoldoutReport, Reference, Score, Task
from retrain_trainer.data.holdout import moment
from retrain_trainer.data.profile import Profile
from retrain_trainer.data.rows import Layout
from retrain_trainer.files.places import content
from retrain_trainer.files.workspace import Plan, Training, Workspace, parse
from retrain_trainer.learn import guard, pipeline
from retrain_trainer.learn.estimators import METRICS, Kind
from retrain_trainer.measure.fence import Fence
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.measure.missing import WORD, reason
from retrain_trainer.measure.predict import distribution, predict
from retrain_trainer.measure.score import lower_bound, score, sign
from retrain_trainer.measure.slices import sliced
from retrain_trainer.store.manifest import HOLDOUT, Report
from retrain_trainer.store.pruning import prune
from retrain_trainer.store.versions import LARGEST_MODEL, Store, Version
from retrain_trainer.telling.answers import answer
from retrain_trainer.telling.faults import StepError


def evaluate(task: Task, workspace: Workspace) -> Evaluated:
    """Commit the candidate as a version, and answer with its scores beside the champion's."""
    plan, profile = workspace.read_plan(task.run), parse(Profile, workspace.profile)
    training = parse(Training, workspace.training)
    if plan.holdout is None:
        raise StepError(f"{workspace.plan} names no holdout.")
    _require_order(plan, plan.holdout, profile.layout)
    store = Store(task.model.store)
    champion = store.champion(task)
    models = [_candidate(workspace), *([] if champion is None else [pipeline.load_model(champion)])]
    predicted = predict(models, workspace.holdout, profile.layout)
    report = Report(
        run=task.run,
        scores=_scores(task, predicted),
        reference=_reference(task, models, champion, profile.layout),
        slices=sliced(task.evaluation, predicted, workspace.holdout, profile.layout),
        psi=plan.psi,
        updates=training.updates,
    )
    message = _message(task, report.scores, plan.holdout, predicted)
    if guard.mostly_put_back(training.updates):
        message += f" {guard.put_back(training.updates)}"
    said = _said(task, report, plan.holdout, champion, message)
    whole = profile.model_copy(update={"predictions": distribution(predicted[0])})
    release.commit(store, task, workspace, release.Candidate(models[0], plan, training, whole, report, said, predicted))
    prune(store, task.run, champion, task.model.keep)
    committed = store.answer_of(task, "evaluate")
    assert isinstance(committed, Evaluated)
    return committed


def _said(task: Task, report: Report, holdout: HoldoutReport, champion: Version | None, message: str) -> Evaluated:
    """Answer with what was asked for; the report has room for more."""
    asked = {gate.metric for gate in task.evaluation.gates}
    return answer(
        Evaluated,
        task,
        message,
        outcome=EvaluateOutcome.EVALUATED,
        champion=None if champion is None else champion.ref,
        scores=tuple(entry for entry in report.scores if entry.metric in asked),
        holdout=holdout,
        reference=report.reference,
        worst_slice=next(iter(report.slices), None),
    )


def _candidate(workspace: Workspace) -> Pipeline:
    made = content(workspace.candidate, LARGEST_MODEL)
    model: Pipeline = pipeline.load(made, str(workspace.candidate), sklearn.__version__)
    return model


def _scores(task: Task, predicted: list[Predicted]) -> tuple[Score, ...]:
    """Score every metric that can be computed, those of the task first and in its order."""
    kind = Kind.REGRESSOR if predicted[0].classes is None else Kind.CLASSIFIER
    asked = {gate.metric: gate for gate in task.evaluation.gates}
    gates = {**asked, **{name: Gate(metric=name) for name in METRICS[kind] if name not in asked}}
    scores = (_score(gate, predicted, task.evaluation.confidence) for gate in gates.values())
    return tuple(entry for entry in scores if entry is not None)


def _score(gate: Gate, predicted: list[Predicted], confidence: float) -> Score | None:
    values = [score(gate.metric, each) for each in predicted]
    match values:
        case [float() as candidate]:
            return Score(metric=gate.metric, candidate=_rounded(candidate))
        case [float() as candidate, float() as champion]:
            bound = lower_bound(gate.metric, predicted[0], predicted[1], gate.goal, confidence)
            return Score(
                metric=gate.metric,
                candidate=_rounded(candidate),
                champion=_rounded(champion),
                improvement=_rounded(sign(gate.goal) * (candidate - champion)),
                lower_bound=None if bound is None else _rounded(bound),
            )
        case _:
            return None


def _reference(task: Task, models: list[Pipeline], champion: Version | None, layout: Layout) -> Reference | None:
    """Score both on the rows that the champion was promoted by, in the first metric that can be computed there."""
    if champion is None:
        return None
    predicted = predict(models, champion.path_of(HOLDOUT), layout)
    fence, gates = Fence(predicted), {gate.metric: gate for gate in task.evaluation.gates}
    kind = Kind.REGRESSOR if predicted[0].classes is None else Kind.CLASSIFIER
    for metric in (*gates, *METRICS[kind]):
        goal = gates.get(metric, Gate(metric=metric)).goal
        seen = fence.both(metric, goal, task.evaluation.reference_tolerance)
        if seen is not None and seen.champion is not None:
            return Reference(
                metric=metric,
                candidate=_rounded(seen.candidate),
                champion=_rounded(seen.champion),
                scale=_rounded(seen.scale),
                holdout=champion.manifest.files[HOLDOUT],
            )
    return None


def _require_order(plan: Plan, holdout: HoldoutReport, layout: Layout) -> None:
    """Raise StepError when a row was trained on that is no older than the first held-out one."""
    if holdout.start is not None and plan.watermark is not None and layout.time is not None:
        newest = moment(int(plan.watermark))
        if newest >= holdout.start:
            raise StepError(f"Leakage: the newest row trained on is of {newest}, the holdout begins {holdout.start}.")


def _message(task: Task, scores: tuple[Score, ...], holdout: HoldoutReport, predicted: list[Predicted]) -> str:
    metric = task.evaluation.gates[0].metric
    first = next((entry for entry in scores if entry.metric == metric), None)
    if first is None:
        return f"{metric} cannot be computed: {reason(metric, predicted)}."
    words = f"{first.metric} is {first.candidate:.4g} on {holdout.rows:,} held-out rows{_one_class(predicted[0])}"
    if first.champion is None or first.improvement is None:
        return f"{words}; there is no champion to compare with."
    gain = f"better by {first.improvement:.3g}" if first.improvement > 0 else f"worse by {-first.improvement:.3g}"
    words += f", the champion's {first.champion:.4g}: {gain if first.improvement else 'no better'}"
    if first.lower_bound is None:
        return f"{words}."
    confidence = f"{100 * task.evaluation.confidence:.4g}% confidence"
    return f"{words} (improvement at least {first.lower_bound:.3g} with {confidence})."


def _one_class(predicted: Predicted) -> str:
    """Say that a score tells of one class only, where it does."""
    truth = predicted.truth
    if predicted.classes is None or len(predicted.classes) < 2 or not np.all(truth == truth[0]):
        return ""
    return f", all of class {str(truth[0])[:WORD]}"


def _rounded(value: float) -> float:
    """Six digits that count: what an answer of 2 KiB has room for."""
    return float(f"{value:.6g}")
