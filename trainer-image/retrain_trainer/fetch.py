"""Batches in a bucket: listed there, and what is new of them copied into the workspace once, while it is digested.

From then on a batch is a file like any other, and stays what it was when it was judged, whatever becomes of the object.
"""

import functools
import glob
import shutil
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from retrain_trainer.batches import LARGEST, Batch, Seen, digest_of, file_digest
from retrain_trainer.contract import Digest
from retrain_trainer.faults import StepError
from retrain_trainer.objects import Bucket, Object
from retrain_trainer.places import BUCKET_SCHEME, bucket_and_key


def batches_of(source: str, known: dict[str, Seen], folder: Path) -> list[Batch]:
    """Describe the objects that match a source in the order of their names; copy those that are not known."""
    name, pattern = bucket_and_key(source)
    bucket, parts = Bucket(name), pattern.split("/")
    fixed = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    listed = {tuple(one.key.split("/")[fixed:]): one for one in bucket.below("/".join(parts[:fixed]))}
    found = sorted(rest for rest, one in listed.items() if matches(rest, parts[fixed:]) and not _is_folder(one))
    batches = {"/".join(rest): listed[rest] for rest in found}
    new = [one for name, one in batches.items() if _known(known.get(name), one) is None and one.size <= LARGEST]
    _require_room(folder, sum(one.size for one in new), source)
    return [_batch(bucket, one, name, _known(known.get(name), one), folder) for name, one in batches.items()]


def bring(batch: Batch) -> None:
    """Copy the object of a batch to its path; StepError when it is no longer the one that is known."""
    assert batch.uri is not None  # a file is where it is
    name, _, key = batch.uri.removeprefix(BUCKET_SCHEME).partition("/")
    found = Bucket(name).fetch(Object(key, batch.size, batch.modified, batch.etag), Path(batch.path))
    if found != batch.digest:
        raise StepError(
            f"{batch.uri} is no longer the batch that the champion knows, though it bears its time and size."
        )


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a key below the fixed part of a source matches the rest of it, part by part as a shell would say.

    `**` stands for any number of parts. Hidden names match no wildcard, and `_marks` are never batches.
    """

    @functools.cache  # several ** in one pattern meet the same rest again and again
    def match(part: int, wanted: int) -> bool:
        if wanted == len(pattern):
            return part == len(parts)
        if pattern[wanted] == "**":
            return match(part, wanted + 1) or (_shown(parts, part) and match(part + 1, wanted))
        asked = pattern[wanted].startswith(".") or _shown(parts, part)
        return asked and part < len(parts) and fnmatchcase(parts[part], pattern[wanted]) and match(part + 1, wanted + 1)

    return not parts[-1].startswith((".", "_")) and match(0, 0)


def _shown(parts: Sequence[str], place: int) -> bool:
    return place < len(parts) and not parts[place].startswith(".")


def _is_folder(found: Object) -> bool:
    """Whether an object only stands for a folder, as consoles make them."""
    return not found.size and "." not in found.key.rpartition("/")[2]


def _known(seen: Seen | None, found: Object) -> Digest | None:
    """Return the digest of an object that looks as it did when the champion was trained."""
    same = seen is not None and (seen.size, seen.modified, seen.etag) == (found.size, found.modified, found.etag)
    return seen.digest if seen is not None and same else None


def _batch(bucket: Bucket, found: Object, name: str, digest: Digest | None, folder: Path) -> Batch:
    state = f"{found.key} {found.size} {found.modified} {found.etag}"
    path = folder / f"{digest_of(state.encode()).removeprefix('sha256:')[:24]}{PurePosixPath(name).suffix[:16]}"
    if digest is None and found.size > LARGEST:
        digest = digest_of(state.encode())
    elif digest is None:
        # An earlier attempt in this workspace may have copied it.
        digest = file_digest(path) if path.exists() else bucket.fetch(found, path)
    return Batch(
        name=name,
        path=str(path),
        digest=digest,
        size=found.size,
        modified=found.modified,
        etag=found.etag,
        uri=bucket.uri(found.key),
    )


def _require_room(folder: Path, size: int, source: str) -> None:
    """Refuse to begin with what the workspace has no room for: a full disk of a node takes other pods with it."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise StepError(f"The new batches of {source} have {size:,} bytes, and the workspace has {free:,} left.")
