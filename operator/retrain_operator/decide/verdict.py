"""How a run ends by its verdict. What the trainer's numbers mean stands in the contract."""

from dataclasses import dataclass

from retrain_operator.decide.wording import clipped
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_trainer.contract import Champion, Evaluated, Evaluation
from retrain_trainer.contract.verdict import Ground
from retrain_trainer.contract.verdict import verdict as verdict_on

LONGEST_VERDICT = 800
"""Characters of a verdict's message: room is left for the sentence that it stands in."""

_OUTCOMES = {
    Ground.PROMOTED: Outcome.SUCCEEDED,
    Ground.HOLDOUT_TOO_SMALL: Outcome.INCONCLUSIVE,
    Ground.ANSWER_INVALID: Outcome.FAILED,
}
"""Every other ground rejects."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate may be rolled out, and how the run ends when it may not."""

    promote: bool
    outcome: Outcome
    reason: Reason
    message: str


def verdict(evaluation: Evaluation, champion: Champion | None, evaluated: Evaluated) -> Verdict:
    """The verdict on a candidate. `champion` is the model in service at the run's start."""
    found = verdict_on(evaluation, champion, evaluated)
    outcome = _OUTCOMES.get(found.ground, Outcome.REJECTED)
    return Verdict(found.promote, outcome, Reason(found.ground), clipped(found.message, LONGEST_VERDICT))
