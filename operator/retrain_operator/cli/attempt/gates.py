"""The gates of a policy beside what was measured for them."""

from dataclasses import dataclass

from retrain_operator.cli.attempt.run import Tried
from retrain_trainer.contract import Gate, Goal, Score
from retrain_trainer.contract.verdict import gate_objection


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
    scores, evaluation = {score.metric: score for score in result.scores}, spec.policy.spec.evaluation
    rows = []
    for gate in evaluation.gates:
        score = scores.get(gate.metric)
        rows.append(GateRow(gate, score, met=gate_objection(evaluation, gate, spec.champion, score) is None))
    return rows
