"""The gates of a policy beside what was measured for them."""

from dataclasses import dataclass

from retrain_operator.cli.attempt.run import Tried
from retrain_trainer.contract import Evaluated, EvaluateOutcome, Gate, Goal, Score
from retrain_trainer.contract.verdict import Ground, verdict

_MISSED = frozenset({Ground.BELOW_THRESHOLD, Ground.NOT_BETTER, Ground.METRIC_MISSING, Ground.ANSWER_INVALID})


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate, what was measured for it, and whether that is enough."""

    gate: Gate
    score: Score | None
    met: bool

    @property
    def asked(self) -> str:
        """What the gate asks for, in a few words; of a gain only where there was a champion to gain on."""
        side = "at least" if self.gate.goal is Goal.MAXIMIZE else "at most"
        floor = [] if self.gate.threshold is None else [f"{side} {self.gate.threshold:.4g}"]
        gain = [f"gain above {self.gate.min_improvement:.4g}"] if self.score and self.score.champion is not None else []
        return ", ".join([*floor, *gain]) or "-"


def gate_rows(tried: Tried) -> list[GateRow]:
    """A row for each gate once there are numbers. Whether it is met is what the verdict says of it alone."""
    result, spec = tried.status.result, tried.run.spec
    if result is None or not result.scores:
        return []
    scores = {score.metric: score for score in result.scores}
    evaluated = Evaluated(
        run=tried.run.name,
        nonce=spec.nonce,
        message="",
        outcome=EvaluateOutcome.EVALUATED,
        candidate=result.candidate,
        champion=result.champion,
        scores=result.scores,
    )
    evaluation = spec.policy.spec.evaluation
    rows = []
    for gate in evaluation.gates:
        alone = evaluation.model_copy(update={"gates": (gate,), "slices": None})
        met = verdict(alone, spec.champion, evaluated).ground not in _MISSED
        rows.append(GateRow(gate, scores.get(gate.metric), met))
    return rows
