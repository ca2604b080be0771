"""Writes batches of a labelled stream, run inside the trainer's image: `batches.py FOLDER FIRST LAST ANGLE`.

The label is the side of a line through the first two features, turned by an angle in degrees: another angle is another
concept, which only retraining learns. A batch is a day of 500 rows.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

ROWS = 500
START = datetime(2026, 1, 1, tzinfo=UTC)


def batch(day: int, angle: int) -> pa.Table:
    """One day of the stream."""
    random = np.random.default_rng(day)
    features = random.normal(size=(ROWS, 4))
    noise = random.normal(scale=0.5, size=ROWS)
    turn = np.deg2rad(angle)
    side = features[:, 0] * np.cos(turn) + features[:, 1] * np.sin(turn)
    times = [START + timedelta(days=day, minutes=2 * row) for row in range(ROWS)]
    columns = {f"x{index}": features[:, index] for index in range(4)}
    return pa.table({"time": times, **columns, "churned": (side + noise > 0).astype(np.int64)})


def main() -> None:
    """Write the batches of the days asked for."""
    folder, first, last, angle = sys.argv[1:]
    for day in range(int(first), int(last)):
        parquet.write_table(batch(day, int(angle)), Path(folder) / f"day-{day:03d}.parquet")


if __name__ == "__main__":
    main()
