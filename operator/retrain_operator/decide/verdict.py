"""What the trainer's numbers mean: whether the candidate may be rolled out.

It fails closed: a gate's number that is missing, a comparison that did not happen, a gate that is not met is a No, each
with its own reason. The rule is that of TFX's Evaluator (a threshold, a change against the baseline, a missing metric
fails) with a one-sided confidence bound in place of a point difference.
"""

from dataclasses import dataclass

from retrain_operator.decide.wording import clipped, number
from retrain_operator.model.policy import Evaluation, Gate, OnMissingChampion
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_trainer.contract import Champion, Evaluated, EvaluateOutcome, Goal, Score

LONGEST_VERDICT = 800
"""Characters of a verdict's message: room is left for the sentence that it stands in."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate may be rolled out, and how the run ends when it may not."""

    promote: bool
    outcome: Outcome
    reason: Reason
    message: str


def verdict(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict:
    """The first objection to the candidate, or its promotion. `champion` is the model in service at the run's start."""
    if evaluated.outcome is EvaluateOutcome.INCONCLUSIVE:
        return Verdict(False, Outcome.INCONCLUSIVE, Reason.HOLDOUT_TOO_SMALL, evaluated.message)
    objection = _comparison(evaluation, champion, evaluated) or _gates(evaluation, champion, evaluated)
    if objection:
        return objection
    told = clipped(" ".join(_told(score) for score in evaluated.scores), LONGEST_VERDICT)
    return Verdict(True, Outcome.SUCCEEDED, Reason.PROMOTED, told)


def _unusable(message: str) -> Verdict:
    return Verdict(False, Outcome.FAILED, Reason.ANSWER_INVALID, message)


def _no(reason: Reason, message: str) -> Verdict:
    return Verdict(False, Outcome.REJECTED, reason, message)


def _comparison(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict | None:
    """Whether the right two models were compared."""
    compared = evaluated.champion
    if evaluated.outcome is not EvaluateOutcome.EVALUATED:
        return _unusable("The trainer skipped the evaluation, though there was a candidate to evaluate.")
    if evaluated.candidate is None:
        return _unusable("The trainer named no candidate.")
    if champion is None:
        if evaluation.on_missing_champion is OnMissingChampion.REJECT:
            return _no(Reason.NO_CHAMPION, "No model is in service, and evaluation.onMissingChampion says Reject.")
        return None
    if compared is None or compared.uri != champion.uri or (champion.digest or compared.digest) != compared.digest:
        return _unusable(f"The candidate was not compared with the model in service, {champion.uri}.")
    if compared.digest == evaluated.candidate.digest:
        return _no(Reason.SELF_COMPARISON, "Candidate and champion are the same version.")
    return None


def _gates(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict | None:
    scores = {score.metric: score for score in evaluated.scores}
    if len(scores) < len(evaluated.scores):
        return _unusable("The trainer reported a metric twice.")
    for gate in evaluation.gates:
        objection = _gate(gate, scores.get(gate.metric), champion, evaluation.confidence)
        if objection:
            return objection
    return _reference(evaluation, evaluated)


def _gate(gate: Gate, score: Score | None, champion: Champion | None, confidence: float) -> Verdict | None:
    if score is None:
        return _no(Reason.METRIC_MISSING, f"The trainer did not report {gate.metric}, which a gate asks for.")
    if gate.threshold is not None and _worse(gate.goal, score.candidate, gate.threshold):
        side = "below" if gate.goal is Goal.MAXIMIZE else "above"
        value, bound = number(score.candidate, gate.threshold), number(gate.threshold, score.candidate)
        message = f"{gate.metric} of the candidate is {value}, {side} the gate's {bound}."
        return _no(Reason.BELOW_THRESHOLD, message)
    if champion is None:
        return None
    if score.champion is None or score.lower_bound is None:
        return _no(Reason.METRIC_MISSING, f"The trainer did not compare {gate.metric} with the champion's.")
    if score.lower_bound <= gate.min_improvement:
        needed = f"more than {gate.min_improvement:.4g}" if gate.min_improvement else "more than 0"
        message = f"{_told(score)} With {confidence:.4g} confidence the gain must be {needed}."
        return _no(Reason.NOT_BETTER, message)
    return None


def _reference(evaluation: Evaluation, evaluated: Evaluated) -> Verdict | None:
    """A candidate that forgot what the champion knew was trained on something else, poison perhaps."""
    reference = evaluated.reference
    if reference is None:
        return None
    goal = next((gate.goal for gate in evaluation.gates if gate.metric == reference.metric), Goal.MAXIMIZE)
    slack = -evaluation.reference_tolerance if goal is Goal.MAXIMIZE else evaluation.reference_tolerance
    if not _worse(goal, reference.candidate, reference.champion + slack):
        return None
    message = (
        f"On the holdout of the last promotion the candidate has {reference.metric} {reference.candidate:.4g}, the "
        f"champion {reference.champion:.4g}: worse by more than {evaluation.reference_tolerance:.4g}."
    )
    return _no(Reason.REFERENCE_REGRESSION, message)


def _worse(goal: Goal, value: float, bound: float) -> bool:
    return value < bound if goal is Goal.MAXIMIZE else value > bound


def _told(score: Score) -> str:
    if score.champion is None or score.lower_bound is None:
        return f"{score.metric} is {score.candidate:.4g}."
    return (
        f"{score.metric} is {score.candidate:.4g} against {score.champion:.4g} of the champion "
        f"(gain at least {score.lower_bound:+.4g})."
    )
