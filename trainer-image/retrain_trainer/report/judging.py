"""What the gates say of a candidate, all together and each alone: the operator's own verdict, asked beforehand."""

from collections.abc import Iterator

from retrain_trainer.contract import Evaluated, Evaluation, Gate, Goal, ModelRef, Task
from retrain_trainer.contract.verdict import gate_objection, reference_objection, slice_objection, verdict
from retrain_trainer.files.batches import digest_of
from retrain_trainer.report.view import GateView, Judgement
from retrain_trainer.report.wording import change, number, word

NOT_MEASURED = "not measured"


def judgement(task: Task, said: Evaluated, version: str) -> Judgement:
    """Ask for the verdict on a version that is about to be committed."""
    # Its digest covers the page itself, so it cannot be known here; all the verdict needs is that it is a new one.
    named = ModelRef(uri=f"{task.model.store.rstrip('/')}/{version}", digest=digest_of(version.encode()))
    whole = said.model_copy(update={"candidate": named})
    found = verdict(task.evaluation, task.champion, whole)
    return Judgement(
        promote=found.promote, ground=found.ground, message=word(found.message, 800), gates=tuple(_each(task, whole))
    )


def _each(task: Task, said: Evaluated) -> Iterator[GateView]:
    """Judge each demand by itself, where the verdict names the first that is not met."""
    evaluation, champion = task.evaluation, task.champion
    scores = {score.metric: score for score in said.scores}
    for gate in evaluation.gates:
        objection = gate_objection(evaluation, gate, champion, scores.get(gate.metric))
        yield GateView(_asked(gate, task), _seen(gate, said), passed=objection is None)
    if champion is None:
        return
    if evaluation.reference_tolerance < 1:
        objection = reference_objection(evaluation, champion, said.reference)
        yield _reference(evaluation, said, passed=objection is None)
    if evaluation.slices is not None:
        objection = slice_objection(evaluation, champion, said.worst_slice)
        yield _slices(evaluation, said, passed=objection is None)


def _asked(gate: Gate, task: Task) -> str:
    parts = []
    if gate.threshold is not None:
        parts.append(f"at {'least' if gate.goal is Goal.MAXIMIZE else 'most'} {number(gate.threshold)}")
    if task.champion is not None:
        sure = f"{task.evaluation.confidence:.4g}"
        parts.append(f"better than the champion by more than {gate.min_improvement:.4g} with {sure} confidence")
    return f"{gate.metric}: {' and '.join(parts) or 'measured'}"


def _seen(gate: Gate, said: Evaluated) -> str:
    score = next((each for each in said.scores if each.metric == gate.metric), None)
    if score is None:
        return NOT_MEASURED
    if score.lower_bound is None:
        return number(score.candidate)
    return f"{number(score.candidate)}, gain at least {change(score.lower_bound)}"


def _reference(evaluation: Evaluation, said: Evaluated, *, passed: bool) -> GateView:
    reference, tolerance = said.reference, f"{evaluation.reference_tolerance:.4g}"
    metric = evaluation.gates[0].metric if reference is None else reference.metric
    asked = f"{metric} on the holdout of the last promotion: worse than the champion by at most {tolerance}"
    if reference is None:
        return GateView(asked, NOT_MEASURED, passed)
    if reference.scale != 1:
        asked += " deviations of the label"
    seen = f"{number(reference.candidate)}, champion {number(reference.champion)}"
    return GateView(asked, seen, passed)


def _slices(evaluation: Evaluation, said: Evaluated, *, passed: bool) -> GateView:
    assert evaluation.slices is not None
    columns, worst = ", ".join(map(word, evaluation.slices.columns)), said.worst_slice
    asked = f"no slice of {columns}: worse than the champion by more than {evaluation.slices.tolerance:.4g}"
    if worst is None:
        return GateView(asked, NOT_MEASURED, passed)
    seen = f"{word(worst.name)}: {number(worst.candidate)}, champion {number(worst.champion)}"
    return GateView(asked, seen, passed)
