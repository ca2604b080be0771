"""Rows of earlier batches that updates are mixed with, so that what comes back only now and then is not forgotten.

Kept are those with the smallest hashes of all rows that were ever learned from: a fair sample, the same in whatever
order batches came and however often a step was killed. Replaying few rows of the past is what Chaudhry et al. 2019
(arXiv 1902.10486) found enough against forgetting.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from retrain_trainer.data.rows import Layout, Rows, joined
from retrain_trainer.data.sample import Hashes, hashes_of

MOST_ROWS, MOST_VALUES = 10_000, 1 << 21
"""Of the rows kept; fewer where they are very wide."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The rows kept, in the order of their hashes; none at first."""

    rows: Rows | None = None
    hashes: Hashes | None = None

    def followed_by(self, new: Rows) -> Self:
        """Return what is kept once these rows have been learned from too."""
        most = max(min(MOST_ROWS, MOST_VALUES // len(new.columns)), 1)
        hashes = hashes_of([*new.columns, new.keys])
        if self.rows is None or self.hashes is None:
            rows = new
        else:
            low = np.flatnonzero(hashes < self.hashes[-1]) if len(self.hashes) >= most else np.arange(len(hashes))
            rows, hashes = joined([self.rows, new.part(low)]), np.concatenate([self.hashes, hashes[low]])
        kept = np.argsort(hashes, kind="stable")[:most]
        return type(self)(rows.part(kept), hashes[kept])

    def mixed_with(self, new: Rows, share: float, seed: tuple[int, int]) -> Rows:
        """Return new rows among kept ones, drawn as the seed says, `share` of their number; all new ones are there."""
        count = round(share * len(new.labels))
        if self.rows is None or not count:
            return new
        random = np.random.default_rng(seed)
        drawn = self.rows.part(random.integers(len(self.rows.labels), size=count))
        return joined([new, drawn]).part(random.permutation(len(new.labels) + count))

    def write(self, path: Path, layout: Layout) -> None:
        """Write the rows kept as a batch of the plain layout: with their features, whatever these come from."""
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = layout.plain.arrow()
        if self.rows is None:
            pq.write_table(schema.empty_table(), path)
            return
        columns = [*self.rows.columns, self.rows.labels, *([] if layout.time is None else [self.rows.keys])]
        arrays = [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)]
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
