"""What a store can do with versions, wherever they stand: folders on a volume, or names in a bucket.

The few verbs that differ between the two are here; all else of a store is the same for both.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from retrain_trainer.contract import Digest
from retrain_trainer.telling.faults import StepError

VERSION = re.compile(r"v(\d{6})-([a-z0-9.]{1,10})")
RUN = re.compile(r"[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?")
DEAD_AFTER = 3600.0
"""Seconds after which what is half written must be that of a dead run: writing a version takes moments."""

Contents = Mapping[str, bytes | Path]
"""Files of a version by their names: their bytes, or where they are."""
Seal = Callable[[dict[str, Digest]], bytes]
"""Makes the manifest of a version, once the digests of all other files are known."""


class Shelf(Protocol):
    """The versions of one store."""

    uri: str

    def taken(self) -> list[str]:
        """Return the names that no new version can have: those of versions, and of what is half written or broken."""

    def versions(self) -> list[str]:
        """Return the names of all versions, in order."""

    def holds(self, uri: str) -> bool:
        """Whether a URI of the same scheme names a version of this store; StepError when it is no such URI."""

    def read(self, version: str, file: str, limit: int) -> bytes:
        """Return the bytes of a file of a version, unchecked; FileNotFoundError, or StepError beyond `limit` bytes."""

    def path_of(self, version: str, file: str) -> Path:
        """Return where a file of a version can be read, unchecked; FileNotFoundError as for `read`."""

    def clean(self, run: str) -> None:
        """Remove what dead runs and other attempts of this run left unfinished: none of these can finish any more."""

    def put(self, version: str, run: str, contents: Contents, seal: Seal) -> None:
        """Put a version in its place, whole or not at all; StepError when another attempt of the run is about to."""

    def drop(self, version: str, run: str) -> None:
        """Remove a version: a kill meanwhile leaves it whole, or as something that is no version any more."""

    def others_commit(self, run: str) -> bool:
        """Whether another run that may still live is writing a version."""


def suffix_of(run: str) -> str:
    """Return the end of a run's name that its version carries; StepError for a name that is none."""
    if not RUN.fullmatch(run):
        raise StepError(f"{run!r} is no name of a run: lower case letters, digits, '-' and '.' make one.")
    return run.rpartition("-")[2][-10:]
