"""Rows of the past that updates are mixed with: a fair sample, the same after every restart, and what they are for."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from retrain_trainer.data.reading import read_rows
from retrain_trainer.data.rows import Layout, Rows, Type
from retrain_trainer.learn.replay import MOST_ROWS, Replay
from tests.trainer.world import WEEK, Edit, Run, World

LAYOUT = Layout(features=("a", "b"), label="y", label_type=Type.TEXT, time="time", time_type=Type.TIME)


def some(seed: int, count: int) -> Rows:
    random = np.random.default_rng(seed)
    labels = np.where(random.random(count) > 0.5, "stays", "leaves")
    return Rows.of(random.normal(size=(count, 2)), labels, seed * 1_000_000 + np.arange(count))


def values(replay: Replay) -> list[list[object]]:
    assert replay.rows is not None
    return [replay.rows.features().tolist(), replay.rows.labels.tolist(), replay.rows.keys.tolist()]


def test_the_same_rows_are_kept_in_whatever_order_they_come() -> None:
    one, two, three = some(1, 8_000), some(2, 8_000), some(3, 500)
    found = Replay().followed_by(one).followed_by(two).followed_by(three)
    assert values(found) == values(Replay().followed_by(three).followed_by(two).followed_by(one))
    assert found.rows is not None
    assert len(found.rows.labels) == MOST_ROWS
    of_each = np.bincount(found.rows.keys // 1_000_000)[1:] / MOST_ROWS
    assert of_each == pytest.approx(np.array([8_000, 8_000, 500]) / 16_500, abs=0.02)


def test_all_new_rows_are_learned_beside_those_of_the_past() -> None:
    past, new = some(1, 300), some(2, 100)
    mixed = Replay().followed_by(past).mixed_with(new, 0.5, (0, 0))
    assert len(mixed.labels) == 150
    assert set(new.keys) <= set(mixed.keys)
    assert set(mixed.keys) - set(new.keys) <= set(past.keys)
    assert mixed.keys.tolist() == Replay().followed_by(past).mixed_with(new, 0.5, (0, 0)).keys.tolist()
    assert mixed.keys.tolist() != Replay().followed_by(past).mixed_with(new, 0.5, (1, 0)).keys.tolist()


def test_before_anything_was_learned_new_rows_stand_alone() -> None:
    new = some(2, 100)
    assert Replay().mixed_with(new, 0.5, (0, 0)) is new
    assert Replay().followed_by(some(1, 9)).mixed_with(new, 0.0, (0, 0)) is new


@pytest.mark.parametrize("kept", [Replay(), Replay().followed_by(some(1, 40))])
def test_what_was_written_is_read_again(tmp_path: Path, kept: Replay) -> None:
    kept.write(tmp_path / "replay.parquet", LAYOUT)
    again = Replay()
    for rows in read_rows(tmp_path / "replay.parquet", "replay.parquet", LAYOUT):
        again = again.followed_by(rows)
    assert again.rows is None if kept.rows is None else values(again) == values(kept)


def half(side: int) -> Edit:
    """Rows on one side of `a`; there the label follows `b + c`, on the other side `b - c`."""

    def edit(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        label = columns["b"] + side * columns["c"] > 0
        return {**columns, "a": side * (1 + np.abs(columns["a"])), "y": label.astype(np.int64)}

    return edit


def winter_then_summer(world: World, replay: float) -> Run:
    """Learn a network of one side, then of the other."""
    parameters = {"hidden_layer_sizes": [16], "learning_rate_init": 0.02}
    network = {"estimator": "MLPClassifier", "parameters": parameters, "replay": replay}
    world.add(*range(20), edit=half(1))
    world.promote(world.run("first", model=network))
    world.add(*range(20, 40), edit=half(-1))
    return world.run("second", model=network, data={"validation": {"skipChecks": ["Distance"]}})


def test_with_it_less_of_the_past_is_forgotten(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = winter_then_summer(World(tmp_path_factory.mktemp("without"), monkeypatch), 0.0)
    replayed = winter_then_summer(world, 0.5)
    one, two = without.evaluate.reference, replayed.evaluate.reference
    assert one is not None
    assert two is not None
    assert two.candidate > one.candidate + 0.1
    assert replayed.evaluate.scores[0].candidate > 0.9
    kept = pq.read_table(world.store / "v000002-second" / "replay.parquet")
    # All of winter, the rows held out of it in the first run too, and summer up to its holdout.
    assert kept.num_rows == MOST_ROWS
    assert np.mean(kept["a"].to_numpy() > 0) == pytest.approx(20 * WEEK / (20 * WEEK + 16 * WEEK), abs=0.02)
