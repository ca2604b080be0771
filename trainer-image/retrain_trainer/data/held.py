"""The file of the held-out rows: what is scored of them, in the order in which batches are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from retrain_trainer import contract
from retrain_trainer.data.holdout import moment, runs_of
from retrain_trainer.data.reading import chunk_rows, read, stored
from retrain_trainer.data.rows import Layout, Rows, Span, Type, joined, keys_of, rows_of
from retrain_trainer.data.sample import drawn
from retrain_trainer.data.timeline import DAY
from retrain_trainer.files.batches import Batch, Key, file_digest
from retrain_trainer.telling.faults import BadBatchError, Problem, StepError


@dataclass(frozen=True, slots=True)
class Piece:
    """What is held out of one batch: its rows from a key on, and how many they are."""

    batch: Batch
    start: Key
    rows: int


@dataclass(frozen=True, slots=True)
class Thinned:
    """Of the held-out rows one in `every` is scored and one in `step` is checked."""

    every: int
    step: int


@dataclass(slots=True)
class Writer:
    """Writes what is scored, and keeps what is checked. Rows come batch by batch, in the order of each file."""

    path: Path
    layout: Layout
    schema: pa.Schema
    thinned: Thinned
    pieces: list[Piece] = field(default_factory=list)
    _checked: list[Rows] = field(default_factory=list)
    _waiting: list[pa.RecordBatch] = field(default_factory=list)
    _wait_rows: int = 0
    _taken: int = 0
    _file: pq.ParquetWriter = field(init=False)

    def __post_init__(self) -> None:
        words = [words.column for words in self.layout.categories]
        self._file = pq.ParquetWriter(self.path, self.schema, compression="lz4", use_dictionary=words or False)

    @classmethod
    def of(cls, path: Path, batches: Sequence[Batch], layout: Layout, thinned: Thinned) -> Self:
        """Begin the file of rows of these batches: features are float32 where every batch has them so."""
        seen = [stored(Path(batch.path), batch.name, layout) for batch in batches]
        return cls(path, layout, seen[0] if all(one == seen[0] for one in seen) else layout.arrow(), thinned)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None and self._wait_rows:
            self._write()
        self._file.close()

    def begin(self, batch: Batch, start: Key) -> None:
        """Go on with the rows of another batch, those from a key on."""
        self.pieces.append(Piece(batch, start, 0))

    def add(self, first: int, chunk: pa.RecordBatch) -> None:
        """Take what is held out of a chunk that begins at row `first` of its file; only rows with a label count."""
        last, keys = self.pieces[-1], keys_of(chunk, self.layout, first)
        held = Span(last.start).holds(keys) & chunk.column(self.layout.label).is_valid().to_numpy(False)
        if not held.any():
            return
        kept, keys = (chunk, keys) if held.all() else (chunk.filter(pa.array(held)), keys[held])
        scored, checked = (drawn(self._taken, len(keys), nth) for nth in (self.thinned.every, self.thinned.step))
        self._wait(kept if self.thinned.every == 1 else kept.take(pa.array(scored)))
        self._checked.append(replace(rows_of(kept.take(pa.array(checked)), self.layout, 0), keys=keys[checked]))
        self.pieces[-1] = replace(last, rows=last.rows + len(keys))
        self._taken += len(keys)

    def checked(self) -> Rows:
        """Return the rows to be checked."""
        return joined(self._checked)

    def _wait(self, scored: pa.RecordBatch) -> None:
        """Write rows once they are enough: what is written at once becomes a row group of its own."""
        self._waiting.append(scored.cast(self.schema))
        self._wait_rows += scored.num_rows
        if self._wait_rows >= chunk_rows(self.layout):
            self._write()

    def _write(self) -> None:
        self._file.write_table(pa.Table.from_batches(self._waiting, self.schema))
        self._waiting, self._wait_rows = [], 0


def write(path: Path, pieces: Sequence[Piece], layout: Layout, thinned: Thinned) -> Rows:
    """Read the pieces in their order, write what is scored, and return the rows to be checked.

    BadBatchError when a batch does not have as many rows as were cut off, StepError when it was changed meanwhile.
    """
    with Writer.of(path, [piece.batch for piece in pieces], layout, thinned) as file:
        for piece in pieces:
            file.begin(piece.batch, piece.start)
            for first, chunk in read(Path(piece.batch.path), piece.batch.name, layout, Span(piece.start)):
                file.add(first, chunk)
            _require_all(piece, file.pieces[-1].rows, layout)
    return file.checked()


def report(path: Path, layout: Layout) -> contract.HoldoutReport:
    """Describe a holdout file, with its times where keys are times."""
    slim = layout.model_copy(update={"features": ()})
    keys = np.concatenate([keys_of(chunk, slim, first) for first, chunk in read(path, path.name, slim)])
    blocks, start, end = runs_of(len(keys)), None, None
    if layout.time_type is Type.TIME:
        blocks, start, end = len(np.unique(keys // DAY)), moment(int(keys.min())), moment(int(keys.max()))
    return contract.HoldoutReport(rows=len(keys), blocks=blocks, digest=file_digest(path), start=start, end=end)


def _require_all(piece: Piece, rows: int, layout: Layout) -> None:
    """Raise when a batch had another number of rows to hold out than before."""
    if rows == piece.rows:
        return
    batch = piece.batch
    stat = Path(batch.path).stat()
    if (stat.st_size, stat.st_mtime_ns) != (batch.size, batch.modified):
        raise StepError(
            f"Batch {batch.name} was changed while the run was going on. The next attempt takes it as it is."
        )
    seen = f"{rows:,} (do its Parquet statistics tell its times wrong? write the file anew)"
    raise BadBatchError(Problem(batch.name, "time", f"{piece.rows:,} rows to hold out", seen, layout.time))
