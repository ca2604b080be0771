"""What the gates say of a candidate, all together and each alone: the operator's own verdict, asked beforehand."""

from collections.abc import Iterator

from retrain_trainer.batches import digest_of
from retrain_trainer.contract import Evaluated, Evaluation, Gate, Goal, ModelRef, Task
from retrain_trainer.contract.verdict import verdict
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
    """Judge each demand by itself: the same verdict, without the others."""
    evaluation = task.evaluation
    plain = said.model_copy(update={"reference": None, "worst_slice": None})
    for gate in evaluation.gates:
        alone = evaluation.model_copy(update={"gates": (gate,), "slices": None})
        passed = verdict(alone, task.champion, plain).promote
        yield GateView(_asked(gate, task), _seen(gate, said), passed)
    if said.reference is not None:
        alone = evaluation.model_copy(update={"gates": evaluation.gates[:0], "slices": None})
        yield _reference(evaluation, said, passed=verdict(alone, task.champion, said).promote)
    if evaluation.slices is not None and task.champion is not None:
        alone = evaluation.model_copy(update={"gates": evaluation.gates[:0]})
        unhurt = said.model_copy(update={"reference": None})
        yield _slices(evaluation, said, passed=verdict(alone, task.champion, unhurt).promote)


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
    reference = said.reference
    assert reference is not None
    asked = (
        f"{reference.metric} on the holdout of the last promotion: worse than the champion by at most "
        f"{evaluation.reference_tolerance:.4g}"
    )
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
