"""The page of a run on real data: `python -m tests.demo.run_page report.html` makes the one in docs/images/report.png.

A first model learns from 40 weeks of Elec2. A run with the 16 weeks after them updates it; a machine wrote one of these
without its demand, and in another every label is the wrong one.
"""

import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.demo import elec2
from tests.demo.stream import LABEL, TIME, Stream
from tests.trainer.world import World

FIRST, LAST = 40, 56
WITHOUT_DEMAND, FLIPPED = 45, 48


def main(out: Path) -> None:
    """Write the page of the second run."""
    stream = elec2.load()
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        world = World(Path(name), patch)
        world.task["data"] |= {"label": LABEL, "timeColumn": TIME, "validation": {"onBadBatch": "Skip"}}
        world.task["data"]["source"] = f"file://{world.root}/data/*.parquet"
        world.task["model"] |= {"store": f"file://{world.root}/electricity", "parameters": PARAMETERS}
        world.task["evaluation"] = {
            "gates": [{"metric": "accuracy", "threshold": 0.7}],
            "slices": {"columns": ["period"]},
        }
        with contextlib.redirect_stdout(io.StringIO()):
            arrive(world, stream, range(FIRST))
            world.promote(world.run("first"))
            arrive(world, stream, range(FIRST, LAST))
            run = world.run("7c9x2")
        assert run.evaluate.candidate is not None, run
        shutil.copy(Path(run.evaluate.candidate.uri.removeprefix("file://")) / "report.html", out)
    print(f"{out}: {run.evaluate.message}")


PARAMETERS = {"loss": "log_loss", "alpha": 0.001}


def arrive(world: World, stream: Stream, weeks: range) -> None:
    """Write the batches of some weeks where collect looks for them."""
    for week in weeks:
        batch = stream.week(week)
        table = pq.read_table(io.BytesIO(batch.parquet()))
        if week == WITHOUT_DEMAND:
            table = replaced(table, "nswdemand", pa.nulls(len(table), pa.float64()))
        if week == FLIPPED:
            table = replaced(table, LABEL, pa.array(1 - np.asarray(table[LABEL])))
        pq.write_table(table, world.root / "data" / batch.file_name)


def replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    """The table with other values in one column."""
    return table.set_column(table.schema.get_field_index(column), column, values)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
