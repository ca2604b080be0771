"""A stream of labelled rows, cut into weeks: what the demo replays against the model in service.

A week is 336 half-hours. Its rows can be asked for predictions at once; its labels and its batch come a week later.
"""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")
LABEL = "up"
TIME = "time"
START = datetime(1996, 5, 7, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
ROWS_A_DAY = 48
ROWS_A_WEEK = 7 * ROWS_A_DAY


@dataclass(frozen=True)
class Week:
    """One week of the stream: `features` is (336, 6), `labels` (336,), both in the order of time."""

    number: int
    start: datetime
    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    @property
    def file_name(self) -> str:
        """Name of the week's batch; the order of names is the order of time."""
        return f"week-{self.number:03}.parquet"

    def days(self) -> list[slice]:
        """Where each of the seven days lies in the week's rows."""
        return [slice(day, day + ROWS_A_DAY) for day in range(0, len(self.labels), ROWS_A_DAY)]

    def parquet(self) -> bytes:
        """The week with its labels as one Parquet file."""
        times = [self.start + HALF_HOUR * row for row in range(len(self.labels))]
        columns = {TIME: pa.array(times, pa.timestamp("s", tz="UTC"))}
        columns |= {name: pa.array(self.features[:, i]) for i, name in enumerate(COLUMNS)}
        columns |= {LABEL: pa.array(self.labels)}
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        return file.getvalue()


@dataclass(frozen=True)
class Stream:
    """Rows in the order of time. `about` says where they come from, `caveat` what they must not be taken for."""

    name: str
    about: str
    caveat: str
    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    @property
    def weeks(self) -> int:
        """How many whole weeks there are; rows of a started week are left out."""
        return len(self.labels) // ROWS_A_WEEK

    def week(self, number: int) -> Week:
        """The week of that number, counted from 0."""
        rows = slice(number * ROWS_A_WEEK, (number + 1) * ROWS_A_WEEK)
        return Week(number, START + timedelta(weeks=number), self.features[rows], self.labels[rows])
