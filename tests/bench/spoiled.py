"""What becomes of spoiled data: ten corruptions, each by many seeds, and what every promotion would have done.

A candidate that learned from noise may still be better than a champion that the market has left behind. So a promotion
does harm when the model is worse than the champion on the same held-out rows as they were before they were spoiled.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from retrain_trainer.contract import Champion, CollectOutcome, Evaluated
from retrain_trainer.learn import pipeline
from retrain_trainer.store.versions import open_version
from tests.bench.worlds import quiet_world
from tests.demo.stream import ROWS_A_WEEK, Stream
from tests.trainer.corruptions import CORRUPTIONS, SPOILED, Corruption, begin, clean, put
from tests.trainer.world import Run, World

SEEDS = 10
AHEAD = 4
"""Weeks after the spoiled ones."""
PROMOTED = "Promoted"
CASES: dict[str, Corruption] = {"nothing": clean, **CORRUPTIONS}
Judge = Callable[[Champion, Evaluated], str]


@dataclass
class Tally:
    """How the runs on one corruption ended, and what promoted models gained on clean rows: the same ones and later."""

    ends: Counter[str] = field(default_factory=Counter)
    gains: list[tuple[float, float]] = field(default_factory=list)

    def told(self) -> str:
        words = ", ".join(f"{count} {end}" for end, count in self.ends.most_common())
        gains = (f"{100 * same:+.1f}/{100 * later:+.1f}" for same, later in self.gains)
        return f"{words} ({', '.join(gains)} pp)" if self.gains else words


def report(stream: Stream, estimator: str, judge: Judge) -> int:
    """Print how the runs ended; 1 when clean data was refused, or a promotion did harm."""
    tallies = {name: Tally() for name in CASES}
    for seed in range(SEEDS):
        with quiet_world() as world:
            begin(world, stream, estimator, random_state=seed)
            for name, corruption in CASES.items():
                put(world, stream, SPOILED, corruption, seed)
                ran(tallies[name], stream, world, world.run(re.sub(r"\W+", "-", name)), judge)
    print(
        f"{'spoiled in twelve weeks':28}how {SEEDS} runs ended (gains on the same rows unspoiled/the next four weeks)"
    )
    for name, tally in tallies.items():
        print(f"{name:28}{tally.told()}")
    refused = any(end.startswith("check ") for end in tallies["nothing"].ends)
    return int(refused or any(same < 0 for tally in tallies.values() for same, _ in tally.gains))


def ran(tally: Tally, stream: Stream, world: World, run: Run, judge: Judge) -> None:
    """Count how a run ended, by the check that stopped it or by its verdict."""
    if run.collect.outcome is not CollectOutcome.COLLECTED:
        found = re.search("check [a-z ]+", run.collect.message)
        tally.ends[found[0] if found else str(run.collect.outcome)] += 1
        return
    champion = Champion.model_validate(world.champion)
    end = judge(champion, run.evaluate)
    tally.ends[end] += 1
    if end == PROMOTED and run.evaluate.candidate is not None and run.evaluate.holdout is not None:
        last = SPOILED.stop * ROWS_A_WEEK
        spans = slice(last - run.evaluate.holdout.rows, last), slice(last, last + AHEAD * ROWS_A_WEEK)
        new, old = ([right(uri, stream, span) for span in spans] for uri in (run.evaluate.candidate.uri, champion.uri))
        tally.gains.append((new[0] - old[0], new[1] - old[1]))


def right(uri: str, stream: Stream, rows: slice) -> float:
    """Return the accuracy of a version on rows of the stream as it is."""
    said = pipeline.load_model(open_version(uri, None)).predict(stream.features[rows])
    return float(np.mean(said == stream.labels[rows]))
