"""A timeline answers as if it held every key, while it holds the edges of stretches and reads few of them again."""

import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from retrain_trainer.data.rows import Keys, Layout, Type
from retrain_trainer.data.timeline import DAY, Stretch, Timeline, newest, next_after

LAYOUT = Layout(features=("a",), label="y", label_type=Type.INTEGER, time="time", time_type=Type.TIME)
CHUNK = 100


class Batch:
    """Keys in the order of a file, their timeline, and how many of them were read again."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.again = keys, 0
        self.line = Timeline(LAYOUT, self._read)
        for begin in range(0, len(keys), CHUNK):
            self.line.add(begin, begin + CHUNK, keys[begin : begin + CHUNK])

    def _read(self, stretches: Sequence[Stretch]) -> Keys:
        parts = [self.keys[stretch.begin : stretch.end] for stretch in stretches]
        self.again += sum(map(len, parts))
        return np.concatenate(parts)


def batches(order: str) -> list[Batch]:
    """Make batches of three orders: ascending, neighbours swapped here and there, and any; some times are twice."""
    random = np.random.default_rng(len(order))
    every = np.sort(random.integers(0, 90 * DAY, 3000))
    every[1500:1520] = every[1500]
    if order == "nearly ascending":
        every = every[np.argsort(np.arange(3000) + random.normal(0, 30, 3000))]
    if order == "any":
        every = random.permutation(every)
    return [Batch(part) for part in np.split(every, [1100, 1100, 2300])]


@pytest.mark.parametrize("order", ["ascending", "nearly ascending", "any"])
@pytest.mark.parametrize("wanted", [1, 99, 100, 101, 700, 1485, 1490, 2999, 3000, 5000])
def test_a_cut_is_that_of_all_keys(order: str, wanted: int) -> None:
    made = batches(order)
    every = np.sort(np.concatenate([batch.keys for batch in made]))
    start = newest([batch.line for batch in made], wanted)
    assert start == every[max(3000 - wanted, 0)]
    for batch in made:
        split, held = batch.line.split(start), batch.keys[batch.keys >= start]
        trained = batch.keys[batch.keys < start]
        assert (split.before, split.after) == (len(trained), len(held))
        assert split.newest == (trained.max() if len(trained) else None)
        assert split.days == set((held // DAY).tolist())
        end, exact = batch.line.end(start)
        assert end is None or (batch.keys[end:] >= start).all()
        assert end is not None or not len(trained)
        assert order != "ascending" or end is None or (exact and end == len(trained))
        assert not exact or (batch.keys[:end] < start).all()
    if order == "ascending":
        # The stretches in which the cut may lie, to find it; to part the batch there, they are there already.
        assert sum(batch.again for batch in made) <= 6 * CHUNK


@pytest.mark.parametrize("order", ["ascending", "nearly ascending", "any"])
def test_the_next_key_is_that_of_all_keys(order: str) -> None:
    made = batches(order)
    every = np.sort(np.concatenate([batch.keys for batch in made]))
    lines = [batch.line for batch in made]
    assert next_after(lines, -1) == every[0]
    assert next_after(lines, every[1500].item()) == every[every > every[1500]][0]
    assert next_after(lines, every[-1].item()) is None


def test_a_batch_without_rows_has_no_edges() -> None:
    line = Timeline(LAYOUT, lambda _: np.empty(0, np.int64))
    line.add(0, CHUNK, np.empty(0, np.int64))
    assert (line.rows, line.first, line.last) == (0, None, None)
    assert line.split(5).before == 0


FINDS: dict[str, Callable[[list[Timeline]], object]] = {
    "newest": lambda lines: newest(lines, 400_000),
    "next": lambda lines: next_after(lines, 30 * DAY),
    "split": lambda lines: [line.split(30 * DAY) for line in lines],
}


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("find", FINDS)
def test_rows_in_no_order_take_eighteen_bytes_each_at_most(find: str, count: int) -> None:
    every = np.random.default_rng(0).integers(0, 90 * DAY, 1_000_000)
    lines = [Batch(part).line for part in np.split(every, count)]
    tracemalloc.start()
    try:
        FINDS[find](lines)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 18 * len(every) + (1 << 20)
