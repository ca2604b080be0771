"""Which files a data source holds, in which order, and which of them the champion has left behind.

A batch is one file. It is known by its SHA-256, so a renamed file is no new batch and a rewritten one is.
"""

import glob
import hashlib
import importlib
import os
from collections.abc import Iterable
from pathlib import Path

from retrain_trainer.contract import Digest, Word
from retrain_trainer.files.places import in_bucket, local_path, opened
from retrain_trainer.telling.faults import StepError

Key = int | float
"""Where a row stands in its order: microseconds since 1970, the number in the time column, or the row's position."""
LARGEST = 8 << 30
"""Bytes of a batch that is read; a larger one is known by its size and its time of change, and refused."""


class Batch(Word):
    """One file of the source as it was found. Of an object, `path` is where its copy in the workspace goes."""

    name: str
    path: str
    digest: Digest
    size: int
    modified: int
    etag: str | None = None
    uri: str | None = None


class Seen(Word):
    """A batch behind a version: its rows with a key below `until` (all, when absent), `behind` of `rows` in number."""

    name: str
    digest: Digest
    size: int
    modified: int
    etag: str | None = None
    rows: int
    behind: int
    until: Key | None = None


def batches_of(source: str, known: dict[str, Seen], folder: Path) -> list[Batch]:
    """Describe what matches the source in the order of names; of a bucket, copy what is not known into the folder."""
    if in_bucket(source):
        found: list[Batch] = importlib.import_module("retrain_trainer.files.fetch").batches_of(source, known, folder)
        return found
    paths = listing(source)
    names = names_of(paths, source)
    return [look_at(path, names[path], known) for path in paths]


def bring(batches: Iterable[Batch]) -> None:
    """Have each of these batches at its path, but for those too large; StepError when one in a bucket was changed."""
    away = [batch for batch in batches if batch.uri and batch.size <= LARGEST and not Path(batch.path).exists()]
    if away:
        importlib.import_module("retrain_trainer.files.fetch").bring(away)


def listing(source: str) -> list[Path]:
    """Return the files that match the source in the order of their names; hidden ones and `_marks` are none.

    StepError for a name that is no UTF-8, which no answer could tell.
    """
    root = local_path(source)
    found = (Path(path) for path in glob.glob(str(root), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    paths = sorted(path for path in found if path.is_file() and not path.name.startswith((".", "_")))
    for path in paths:
        told = os.fsencode(path).decode("utf-8", "backslashreplace")
        if told != str(path):
            raise StepError(f"The name of {told} is not UTF-8. Rename the file.")
    return paths


def names_of(paths: list[Path], source: str) -> dict[Path, str]:
    """Name each file by its path below the part of the source that has no wildcard."""
    parts = local_path(source).parts
    fixed = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return {path: Path(*path.parts[fixed:]).as_posix() for path in paths}


def look_at(path: Path, name: str, known: dict[str, Seen]) -> Batch:
    """Describe one file. A file whose name, size and time of change are those of a seen one is not hashed again."""
    stat = path.stat()
    seen = known.get(name)
    if seen is not None and (seen.size, seen.modified) == (stat.st_size, stat.st_mtime_ns):
        digest = seen.digest
    elif stat.st_size > LARGEST:
        digest = digest_of(f"{name} {stat.st_size} {stat.st_mtime_ns}".encode())
    else:
        digest = file_digest(path)
    return Batch(name=name, path=str(path), digest=digest, size=stat.st_size, modified=stat.st_mtime_ns)


def new_data(listed: Iterable[Batch], seen: Iterable[Seen]) -> Digest | None:
    """Return the SHA-256 over what no version has learned from; None when every batch has been seen.

    Names and order do not count. A batch that was seen in part counts from where it was left: rows held out are new.
    """
    until = {batch.digest: batch.until for batch in seen}
    unseen = {batch.digest for batch in listed} - until.keys()
    if not unseen:
        return None
    rest = {f"{batch.digest} {until[batch.digest]}" for batch in listed if until.get(batch.digest) is not None}
    return digest_of("\n".join(sorted(unseen | rest)).encode())


def file_digest(path: Path) -> Digest:
    """Return the SHA-256 of a file, read in pieces."""
    with opened(path) as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def digest_of(content: bytes) -> Digest:
    """Return the SHA-256 of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
