"""What the numbers of an answer mean: whether the gates let a candidate through.

The operator asks this of every answer and trusts no other verdict; the page of a run and `kubectl-retrain try` show the
same one. It fails closed: a gate's number that is missing, a comparison that did not happen, a gate that is not met is
a No, each on its own ground. The rule is that of TFX's Evaluator (a threshold, a change against the baseline, a missing
metric fails) with a one-sided confidence bound in place of a point difference.
"""

from dataclasses import dataclass
from enum import StrEnum

from retrain_trainer.contract.answer import Evaluated, EvaluateOutcome, Reference, Score, Slice
from retrain_trainer.contract.evaluation import Evaluation, Gate, OnMissingChampion, Slices, goal_of
from retrain_trainer.contract.task import Champion
from retrain_trainer.contract.wording import number
from retrain_trainer.contract.words import Goal


class Ground(StrEnum):
    """What a verdict rests on, one word each."""

    PROMOTED = "Promoted"
    HOLDOUT_TOO_SMALL = "HoldoutTooSmall"
    ANSWER_INVALID = "AnswerInvalid"
    NO_CHAMPION = "NoChampion"
    SELF_COMPARISON = "SelfComparison"
    METRIC_MISSING = "MetricMissing"
    BELOW_THRESHOLD = "BelowThreshold"
    NOT_BETTER = "NotBetter"
    REFERENCE_REGRESSION = "ReferenceRegression"
    SLICE_REGRESSION = "SliceRegression"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate may be rolled out, on which ground, and why in a sentence."""

    ground: Ground
    message: str

    @property
    def promote(self) -> bool:
        """Whether it may."""
        return self.ground is Ground.PROMOTED


def verdict(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict:
    """The first objection to the candidate, or its promotion. `champion` is the model in service at the run's start."""
    if evaluated.outcome is EvaluateOutcome.INCONCLUSIVE:
        return Verdict(Ground.HOLDOUT_TOO_SMALL, evaluated.message)
    return (
        _comparison(evaluation, champion, evaluated)
        or _gates(evaluation, champion, evaluated)
        or reference_objection(evaluation, champion, evaluated.reference)
        or slice_objection(evaluation, champion, evaluated.worst_slice)
        or Verdict(Ground.PROMOTED, " ".join(_told(score) for score in evaluated.scores))
    )


def _comparison(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict | None:
    """Whether the right two models were compared."""
    compared = evaluated.champion
    if evaluated.outcome is not EvaluateOutcome.EVALUATED:
        return _unusable("The trainer skipped the evaluation, though there was a candidate to evaluate.")
    if evaluated.candidate is None:
        return _unusable("The trainer named no candidate.")
    if champion is None:
        if evaluation.on_missing_champion is OnMissingChampion.REJECT:
            message = "No model is in service, and evaluation.onMissingChampion says Reject."
            return Verdict(Ground.NO_CHAMPION, message)
        return None
    if compared is None or compared.uri != champion.uri or (champion.digest or compared.digest) != compared.digest:
        return _unusable(f"The candidate was not compared with the model in service, {champion.uri}.")
    if compared.digest == evaluated.candidate.digest:
        return Verdict(Ground.SELF_COMPARISON, "Candidate and champion are the same version.")
    return None


def _gates(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict | None:
    scores = {score.metric: score for score in evaluated.scores}
    if len(scores) < len(evaluated.scores):
        return _unusable("The trainer reported a metric twice.")
    each = (gate_objection(evaluation, gate, champion, scores.get(gate.metric)) for gate in evaluation.gates)
    return next(filter(None, each), None)


def gate_objection(
    evaluation: Evaluation, gate: Gate, champion: Champion | None, score: Score | None
) -> Verdict | None:
    """What one gate has against a candidate."""
    if score is None:
        return _missing(f"The trainer did not report {gate.metric}, which a gate asks for.")
    if gate.threshold is not None and _worse(gate.goal, score.candidate, gate.threshold):
        side = "below" if gate.goal is Goal.MAXIMIZE else "above"
        value, bound = number(score.candidate, gate.threshold), number(gate.threshold, score.candidate)
        message = f"{gate.metric} of the candidate is {value}, {side} the gate's {bound}."
        return Verdict(Ground.BELOW_THRESHOLD, message)
    if champion is None:
        return None
    if score.champion is None or score.lower_bound is None:
        return _missing(f"The trainer did not compare {gate.metric} with the champion's.")
    if score.lower_bound <= gate.min_improvement:
        needed = f"more than {gate.min_improvement:.4g}" if gate.min_improvement else "more than 0"
        message = f"{_told(score)} With {evaluation.confidence:.4g} confidence the gain must be {needed}."
        return Verdict(Ground.NOT_BETTER, message)
    return None


def reference_objection(
    evaluation: Evaluation, champion: Champion | None, reference: Reference | None
) -> Verdict | None:
    """A candidate that forgot what the champion knew was trained on something else, poison perhaps."""
    if champion is None or evaluation.reference_tolerance >= 1:
        return None
    if reference is None:
        return _missing(
            "The trainer did not score the candidate on the holdout of the last promotion, which "
            "evaluation.referenceTolerance asks for (1 leaves it out)."
        )
    lost = _lost(evaluation, reference.metric, reference.candidate, reference.champion) / reference.scale
    if lost <= evaluation.reference_tolerance:
        return None
    message = (
        f"On the holdout of the last promotion the candidate has {reference.metric} {reference.candidate:.4g}, the "
        f"champion {reference.champion:.4g}: worse by more than "
        f"{_limit(evaluation.reference_tolerance, reference.scale)}."
    )
    return Verdict(Ground.REFERENCE_REGRESSION, message)


def slice_objection(evaluation: Evaluation, champion: Champion | None, worst: Slice | None) -> Verdict | None:
    """A candidate that is better on the whole may have given up on some."""
    asked: Slices | None = evaluation.slices
    if asked is None or champion is None:
        return None
    if worst is None or worst.champion is None:
        columns = ", ".join(asked.columns)
        return _missing(f"The trainer reported no slice of {columns}, which evaluation.slices asks for.")
    if worst.rows < asked.min_rows:
        message = (
            f"The largest slice, {worst.name}, has {worst.rows:,} held-out rows, fewer than evaluation.slices.minRows "
            f"{asked.min_rows:,}."
        )
        return Verdict(Ground.HOLDOUT_TOO_SMALL, message)
    if _lost(evaluation, worst.metric, worst.candidate, worst.champion) / worst.scale <= asked.tolerance:
        return None
    message = (
        f"On the {worst.rows:,} rows with {worst.name} the candidate has {worst.metric} {worst.candidate:.4g}, the "
        f"champion {worst.champion:.4g}: worse by more than {_limit(asked.tolerance, worst.scale)}."
    )
    return Verdict(Ground.SLICE_REGRESSION, message)


def _lost(evaluation: Evaluation, metric: str, candidate: float, champion: float) -> float:
    """How much worse the candidate is in a metric; more than 0 whatever the goal."""
    goal = next((gate.goal for gate in evaluation.gates if gate.metric == metric), goal_of(metric))
    return champion - candidate if goal is Goal.MAXIMIZE else candidate - champion


def _limit(tolerance: float, scale: float) -> str:
    return f"{tolerance:.4g}" if scale == 1 else f"{tolerance * scale:.4g} ({tolerance:.4g} deviations of the label)"


def _worse(goal: Goal, value: float, bound: float) -> bool:
    return value < bound if goal is Goal.MAXIMIZE else value > bound


def _unusable(message: str) -> Verdict:
    return Verdict(Ground.ANSWER_INVALID, message)


def _missing(message: str) -> Verdict:
    return Verdict(Ground.METRIC_MISSING, message)


def _told(score: Score) -> str:
    if score.champion is None or score.lower_bound is None:
        return f"{score.metric} is {score.candidate:.4g}."
    return (
        f"{score.metric} is {score.candidate:.4g} against {score.champion:.4g} of the champion "
        f"(gain at least {score.lower_bound:+.4g})."
    )
