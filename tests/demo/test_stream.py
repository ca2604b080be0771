"""The stream is cut into whole weeks, in order, and a batch file holds exactly its week."""

import io
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from tests.demo import synthetic
from tests.demo.stream import COLUMNS, Stream


def a_stream(rows: int) -> Stream:
    features = np.arange(rows * len(COLUMNS), dtype=float).reshape(rows, len(COLUMNS))
    return Stream("made up", "", "", features, np.arange(rows) % 2)


def test_a_started_week_is_left_out() -> None:
    assert a_stream(336 * 3 - 1).weeks == 2
    assert a_stream(336 * 3).weeks == 3


def test_weeks_follow_one_another_without_gap_or_overlap() -> None:
    stream = a_stream(336 * 3)
    joined = np.concatenate([stream.week(number).features for number in range(3)])
    assert np.array_equal(joined, stream.features)
    assert stream.week(2).start == datetime(1996, 5, 21, tzinfo=UTC)


def test_the_days_of_a_week_cover_it() -> None:
    week = a_stream(336).week(0)
    assert np.array_equal(np.concatenate([week.labels[day] for day in week.days()]), week.labels)
    assert len(week.days()) == 7


def test_a_batch_file_holds_its_week_with_times_and_labels() -> None:
    week = a_stream(336 * 2).week(1)
    table = pq.read_table(io.BytesIO(week.parquet()))
    assert table.column_names == ["time", *COLUMNS, "up"]
    assert table["time"][0].as_py() == datetime(1996, 5, 14, tzinfo=UTC)
    assert table["time"][-1].as_py() == datetime(1996, 5, 20, 23, 30, tzinfo=UTC)
    assert np.array_equal(table["up"].to_numpy(), week.labels)
    assert np.array_equal(table["transfer"].to_numpy(), week.features[:, -1])


def test_names_of_batches_sort_in_the_order_of_time() -> None:
    stream = a_stream(336 * 134)
    names = [stream.week(number).file_name for number in range(134)]
    assert names == sorted(names)


def test_the_synthetic_stream_is_the_same_each_time_and_turns_where_it_says() -> None:
    stream = synthetic.make()
    assert stream.weeks == synthetic.WEEKS
    assert np.array_equal(stream.labels, synthetic.make().labels)
    assert "SYNTHETIC" in stream.about
    for turn in synthetic.TURNS:
        before, after = _rule(stream, turn - 6), _rule(stream, turn + synthetic.TURNING)
        assert np.corrcoef(before, after)[0, 1] < 0.9


def _rule(stream: Stream, first: int) -> npt.NDArray[np.float64]:
    """The weights that six weeks show, by least squares."""
    weeks = [stream.week(number) for number in range(first, first + 6)]
    rows = np.concatenate([week.features for week in weeks]) - 0.5
    labels = np.concatenate([week.labels for week in weeks])
    return np.asarray(np.linalg.lstsq(rows, labels - 0.5, rcond=None)[0], np.float64)
