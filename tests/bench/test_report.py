"""A bench that finds nothing to its liking says so, and does not break."""

import numpy as np
import pytest

from tests.bench import twins
from tests.bench.gate import DEFAULT, FIRST, Life, gate, report
from tests.bench.trainer import Taken, Turn, kept
from tests.bench.worlds import quiet_world
from tests.demo.stream import Stream
from tests.trainer.test_score import classes


def test_a_gate_that_promotes_nothing_is_out_of_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = Stream("none", "", "", np.zeros((0, 1)), np.zeros(0, np.int64))
    with quiet_world() as world:
        life = Life(nothing, world, gate, served=[0.7, 0.8])
    life.first = np.full(FIRST + 2, 0.75)
    assert report(life, life) == 1
    assert "those the gate promoted" in capsys.readouterr().out


def test_the_bound_of_the_trainer_is_told_with_what_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    def turn(rows: int, seconds: float) -> Turn:
        return Turn(rows, Taken(seconds, seconds, 1.0, 100.0), [Taken(seconds, seconds / 4, 1.5, 200.0)] * 3)

    assert not kept([turn(500_000, 1.0), turn(1_000_000, 4.0)])
    assert kept([turn(500_000, 4.0), turn(1_000_000, 2.0)])
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "bounds, of the largest file (1,000,000 rows): rows a second of the core and not by the clock, without",
        "the start, at least 500,000 and 0.6 of the bare loop; at most 381 MiB, and 1.15 of the",
        "smallest file's, which is 1.00",
    ]


def test_the_verdict_on_twins_is_alive() -> None:
    """A verdict that never promotes would keep every bound on false promotions."""
    good, bad = classes([0, 1], skill=2.5), classes([0, 1], skill=0.5)
    assert twins.promotes(DEFAULT, good, bad)
    assert not twins.promotes(DEFAULT, bad, good)
    one, two = twins.swapped(good, bad, np.random.default_rng(0))
    assert sum(map(len, (one.said, two.said))) == 2 * len(good.said)
    assert np.array_equal((one.said == good.said) | (two.said == good.said), np.ones(len(good.said), bool))
