"""What the default gate does with 134 real weeks: a run a week on Elec2, by the trainer's own steps and our verdict.

Beside it live the first model for ever, and one life that promotes every candidate. Then twelve weeks come spoiled in
ten ways, and equal models are judged as each other's successors. `--refit` trains HistGradientBoostingClassifier on a
window of twelve batches.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from retrain_operator.decide.verdict import verdict
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_trainer.contract import Champion, CollectOutcome, Evaluated, EvaluateOutcome, Evaluation, Gate
from retrain_trainer.learn import pipeline
from retrain_trainer.store.versions import open_version
from tests.bench import spoiled, twins
from tests.bench.worlds import quiet_world
from tests.demo import elec2
from tests.demo.stream import LABEL, ROWS_A_WEEK, TIME, Stream
from tests.trainer.world import World

FIRST = 12
"""Weeks that the first model is made of; a run follows in each week after them."""
AHEAD = 4
"""Weeks after a decision that it is judged by."""
WORST = 0.1
"""How much accuracy a promotion may cost in those weeks: no gate can see what they bring. Without one it was 0.38."""
DEFAULT = Evaluation(gates=(Gate(metric="accuracy"),))
INCREMENTAL: dict[str, Any] = {"estimator": "SGDClassifier", "parameters": {"loss": "log_loss", "alpha": 0.001}}
REFIT: dict[str, Any] = {"estimator": "HistGradientBoostingClassifier", "mode": "Refit", "window": 12}
PROMOTED = "Promoted"
TOLD = (PROMOTED, f"{Outcome.INCONCLUSIVE} ({Reason.HOLDOUT_TOO_SMALL})", str(CollectOutcome.DATA_INVALID))
"""Ends of runs that are told even when there was none."""
Weekly = npt.NDArray[np.float64]
Judge = Callable[[Champion, Evaluated], str]


def gate(champion: Champion, evaluated: Evaluated) -> str:
    """The product's own verdict, with nothing set but the metric."""
    found = verdict(DEFAULT, champion, evaluated)
    return PROMOTED if found.promote else f"{found.outcome} ({found.reason})"


def always(champion: Champion, evaluated: Evaluated) -> str:
    """Promotion for whatever was trained."""
    return PROMOTED if evaluated.candidate else str(evaluated.outcome)


@dataclass(frozen=True)
class Decision:
    """What became of a candidate, and its gain in accuracy over the champion in the weeks that came after."""

    week: int
    end: str
    later: float


@dataclass
class Life:
    """A model in service from week to week. `served` is its accuracy in each week after the first ones."""

    stream: Stream
    world: World
    judge: Judge
    ends: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(TOLD, 0)))
    decisions: list[Decision] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    first: Weekly = field(init=False)

    def live(self) -> None:
        """Train the first model, then serve a week, and run on what it brought, until there are no more."""
        for week in range(FIRST):
            self.arrive(week)
        self.world.promote(self.world.run("first"))
        self.first = champion = self.weekly(str(self.champion.uri))
        for week in range(FIRST, self.stream.weeks):
            self.served.append(float(champion[week]))
            self.arrive(week)
            champion = self.run(week, champion)

    @property
    def champion(self) -> Champion:
        return Champion.model_validate(self.world.champion)

    def arrive(self, week: int) -> None:
        """Write the batch of a week where collect looks for it."""
        batch = self.stream.week(week)
        (self.world.root / "data" / batch.file_name).write_bytes(batch.parquet())

    def run(self, week: int, champion: Weekly) -> Weekly:
        """Run the steps and judge; return the accuracy by week of the model that is then in service."""
        run = self.world.run(f"week-{week:03}")
        if run.evaluate.outcome is EvaluateOutcome.SKIPPED:
            self.ends[run.collect.outcome] += 1
            return champion
        end = self.judge(self.champion, run.evaluate)
        self.ends[end] += 1
        if run.evaluate.candidate is None:
            return champion
        candidate = self.weekly(run.evaluate.candidate.uri)
        ahead = slice(week + 1, week + 1 + AHEAD)
        if len(champion[ahead]) == AHEAD:
            later = float(np.mean(candidate[ahead]) - np.mean(champion[ahead]))
            self.decisions.append(Decision(week, end, later))
        if end != PROMOTED:
            return champion
        self.world.promote(run)
        return candidate

    def weekly(self, uri: str) -> Weekly:
        """Accuracy of a version in every week of the stream."""
        rows = self.stream.weeks * ROWS_A_WEEK
        said = pipeline.load_model(open_version(uri, None)).predict(self.stream.features[:rows])
        hits = np.asarray(said == self.stream.labels[:rows], np.float64)
        return np.asarray(hits.reshape(-1, ROWS_A_WEEK).mean(axis=1))


def lived(stream: Stream, model: dict[str, Any], judge: Judge) -> Life:
    """Live all weeks in a temporary folder."""
    with quiet_world() as world:
        world.task["data"] = {"source": f"file://{world.root}/data/*", "label": LABEL, "timeColumn": TIME}
        world.task["model"] = {"store": world.store_uri, **model}
        life = Life(stream, world, judge)
        life.live()
    return life


def report(ours: Life, everything: Life) -> int:
    """Print what the gate decided, how that turned out, and what was served in each life; return what is out of bounds.

    Bounds: clean weeks are never refused; promoted models, if any, are better in the next four weeks, in the mean and
    none of them worse by more than WORST; and the gate serves better than no retraining, so it promotes some.
    """
    print(f"{sum(ours.ends.values())} weekly runs: " + ", ".join(f"{n} {end}" for end, n in ours.ends.most_common()))
    print(f"{'judged on the next four weeks':32}{'candidates':>12}{'better':>8}{'mean':>10}{'worst':>10}")
    promoted = [decision.later for decision in ours.decisions if decision.end == PROMOTED]
    rejected = [decision.later for decision in ours.decisions if decision.end != PROMOTED]
    for name, gains in (
        ("promoted by the gate", promoted),
        ("rejected by the gate", rejected),
        ("promoted without a gate", [decision.later for decision in everything.decisions]),
    ):
        if gains:
            later = np.array(gains)
            numbers = f"{np.mean(later > 0):8.2f}{100 * later.mean():+7.1f} pp{100 * later.min():+7.1f} pp"
            print(f"{name:32}{len(later):12}{numbers}")
    print(f"{'in service':32}{'promotions':>12}{'mean weekly accuracy':>24}{'worst week':>12}")
    first = ours.first[FIRST:].tolist()
    for name, rollouts, served in (
        ("the first model for ever", 0, first),
        ("every candidate", everything.ends[PROMOTED], everything.served),
        ("those the gate promoted", ours.ends[PROMOTED], ours.served),
    ):
        print(f"{name:32}{rollouts:12}{np.mean(served):24.3f}{min(served):12.3f}")
    refused, harmed = ours.ends[str(CollectOutcome.DATA_INVALID)] > 0, np.mean(ours.served) <= np.mean(first)
    return int(refused or harmed or (len(promoted) > 0 and (np.mean(promoted) <= 0 or min(promoted) < -WORST)))


def main() -> int:
    """Print all of it; 1 when something is out of the bounds that each part names."""
    model = REFIT if "--refit" in sys.argv[1:] else INCREMENTAL
    stream = elec2.load()
    print(f"{stream.about}\n{model['estimator']}, {model.get('mode', 'Incremental')}\n")
    found = [report(lived(stream, model, gate), lived(stream, model, always))]
    print()
    found.append(spoiled.report(stream, model["estimator"], gate))
    print()
    found.append(twins.report(stream, model, DEFAULT))
    return max(found)


if __name__ == "__main__":
    sys.exit(main())
