"""Whether held-out rows are among the rows trained on, where no time column keeps them apart.

A batch that is delivered twice would be learned by heart and then held out, so that whoever remembers best looks best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from retrain_trainer.data.reading import read_rows
from retrain_trainer.data.rows import Labels, Layout, Rows, Span, Type
from retrain_trainer.data.sample import SAMPLE_ROWS, Hashes, hashes_of
from retrain_trainer.files.workspace import Portion
from retrain_trainer.intake.labels import FEWEST
from retrain_trainer.telling.faults import Problem

BEYOND = 0.15
"""By how much more of the held-out rows may be known than rows trained on repeat each other. On real data without its
times, as it is and rounded until nearly all rows repeat, it was at 435 cuts never more than 0.09."""


@dataclass(slots=True)
class Repeats:
    """The rows with the smallest hashes of all that were shown: copies are in it together, so their share is right."""

    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))

    def add(self, hashes: Hashes) -> None:
        """Show some more rows."""
        if len(self.hashes) == SAMPLE_ROWS:
            hashes = hashes[hashes <= self.hashes[-1]]
        self.hashes = np.sort(np.concatenate([self.hashes, hashes]))[:SAMPLE_ROWS]

    @property
    def share(self) -> float:
        """The share of rows that occur more than once."""
        counts = np.unique(self.hashes, return_counts=True)[1]
        return float(counts[counts > 1].sum() / max(len(self.hashes), 1))


def problems(held: Rows, portions: Sequence[Portion], layout: Layout) -> Iterator[Problem]:
    """Look for held-out rows, features and label alike, in what is trained on.

    As many as repeat each other among the rows trained on are in order, since the held-out ones are of the same kind.
    """
    classes = None if layout.label_type is Type.NUMBER else np.unique(held.labels)
    wanted = _hashed(held, classes)
    if len(np.unique(wanted)) < FEWEST:
        return
    trained, known, by_batch = Repeats(), np.zeros(len(wanted), bool), dict[str, int]()
    for portion in portions:
        before, batch = int(known.sum()), portion.batch
        for rows in read_rows(Path(batch.path), batch.name, layout, Span(portion.start, portion.until)):
            hashes = _hashed(rows, classes)
            trained.add(hashes)
            known |= np.isin(wanted, hashes)
        by_batch[batch.name] = int(known.sum()) - before
    share, usual = float(known.mean()), trained.share
    if share > usual + BEYOND:
        expected = (
            f"at most {usual + BEYOND:.0%} of the held-out rows among those trained on ({usual:.0%} repeat there)"
        )
        seen = f"{share:.0%}, most in {max(by_batch, key=lambda name: by_batch[name])} (is it delivered twice?)"
        yield Problem(None, "leakage", expected, seen)


def _hashed(rows: Rows, classes: Labels | None) -> Hashes:
    """Hash each row with its label: a number, or its place among these classes, none when it is not among them."""
    labels = rows.labels
    if classes is not None:
        places = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
        labels = np.where(classes[places] == labels, places, -1)
    return hashes_of((*rows.columns, labels.astype(np.float64)))
