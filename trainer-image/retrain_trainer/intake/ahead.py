"""Foretells the cut from the footers of Parquet files, so that a batch is judged and held out of in one go.

What is foretold holds where every new batch passes and no row lacks a label. Where it does not, or no footer tells,
what is held out is read once more when the cut is known.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from retrain_trainer.contract import Task
from retrain_trainer.data import bounds, holdout
from retrain_trainer.data.held import Piece, Thinned, Writer
from retrain_trainer.data.reading import foretold, header, read_keys
from retrain_trainer.data.rows import Keys, Layout, Span
from retrain_trainer.data.timeline import Stretch, Timeline
from retrain_trainer.files.batches import Batch, Key
from retrain_trainer.intake import checks, labels
from retrain_trainer.intake.past import Past
from retrain_trainer.telling.faults import BadBatchError, Problem


@dataclass(frozen=True, slots=True)
class Ahead:
    """The file of a holdout that is written while batches are judged, and the key from which on each is held out."""

    file: Writer
    starts: dict[str, Key]

    def begin(self, batch: Batch) -> Writer | None:
        """Go on with another batch; None where none of its rows are held out."""
        if batch.digest not in self.starts:
            return None
        self.file.begin(batch, self.starts[batch.digest])
        return self.file

    def holds(self, pieces: Sequence[Piece], thinned: Thinned) -> bool:
        """Whether what was written is what is held out, now that this is known."""
        return self.file.pieces == list(pieces) and self.file.thinned == thinned

    @classmethod
    def of(cls, task: Task, listed: Sequence[Batch], past: Past, path: Path) -> Self | None:
        """Foretell what is held out of the new batches, and begin its file; None where that cannot be done."""
        new = [batch for batch in listed if not past.done(batch)]
        if past.champion is None or past.profile is None:
            return None
        layout, rules, watermark = past.profile.layout, task.data.holdout, past.champion.manifest.watermark
        try:
            if not all(_fits(batch, layout) for batch in new):
                return None
            lines = [_timeline(batch, layout, past.start(batch)) for batch in new]
            known = [line for line in lines if line is not None and line.rows]
            if not new or len(known) < len(new):
                return None
            starts = holdout.starts_of(known, layout, rules, watermark)
            rows = holdout.wanted_of(sum(line.rows for line in known), rules)
            every = holdout.every_of(rows, rules)
            held = {batch.digest: start for batch, start in zip(new, starts, strict=True) if start is not None}
            if not held or bounds.held_out(rows // every, len(past.profile.classes)) is not None:
                return None
            thinned = Thinned(every, labels.step(rows, layout))
            return cls(Writer.of(path, [batch for batch in new if batch.digest in held], layout, thinned), held)
        except BadBatchError:
            return None  # the survey finds it again, and tells it


def _fits(batch: Batch, layout: Layout) -> bool:
    """Whether the columns that keys are read from are there, and of their types."""
    found = itertools.chain(checks.size(batch), _columns(batch, layout))
    return next(found, None) is None


def _columns(batch: Batch, layout: Layout) -> Iterator[Problem]:
    yield from checks.columns(batch.name, header(Path(batch.path), batch.name), layout)


def _timeline(batch: Batch, layout: Layout, start: Key | None) -> Timeline | None:
    """Return what the footer of a batch tells of its new keys; None where it does not."""
    path, new = Path(batch.path), Span(start)

    def again(stretches: Sequence[Stretch]) -> Keys:
        keys = read_keys(path, batch.name, layout, stretches)
        return keys[new.holds(keys)]

    told = foretold(path, batch.name, layout)
    if told is None:
        return None
    line = Timeline(layout, again)
    for stretch in told:
        if start is None or stretch.first >= start:
            line.stretches.append(stretch)
        elif stretch.last >= start:
            line.add(stretch.begin, stretch.end, again([stretch]))
    return line
