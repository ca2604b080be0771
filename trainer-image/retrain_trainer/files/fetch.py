"""Batches in a bucket: listed there, and what is new of them copied into the workspace once, while it is digested.

From then on a batch is a file like any other, and stays what it was when it was judged, whatever becomes of the object.
"""

import glob
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from retrain_trainer.contract import Digest
from retrain_trainer.files.batches import LARGEST, Batch, Seen, digest_of, file_digest
from retrain_trainer.files.objects import Bucket, Object
from retrain_trainer.files.places import BUCKET_SCHEME, bucket_and_key
from retrain_trainer.telling.faults import StepError

AT_ONCE = 8
"""Copies that are made at the same time: small batches take as long as the server takes to answer."""


def batches_of(source: str, known: dict[str, Seen], folder: Path) -> list[Batch]:
    """Describe the objects that match a source in the order of their names; copy those that are not known."""
    name, pattern = bucket_and_key(source)
    bucket, parts = Bucket(name), pattern.split("/")
    fixed = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    listed = {tuple(one.key.split("/")[fixed:]): one for one in bucket.below("/".join(parts[:fixed]))}
    names = sorted(rest for rest, one in listed.items() if matches(rest, parts[fixed:]) and not _is_folder(one))
    found = {"/".join(rest): listed[rest] for rest in names}
    new = [one for name, one in found.items() if not (_known(known.get(name), one) or _path(folder, one).exists())]
    _require_room(folder, sum(one.size for one in new), source)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda name: _batch(bucket, name, found[name], known.get(name), folder), found))


def bring(batches: list[Batch]) -> None:
    """Copy the objects of batches to their paths; StepError when one is no longer what is known of it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_bring, batches))


def _bring(batch: Batch) -> None:
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
    ends = {0}  # how many of the parts the pattern may have used up so far
    for wanted in pattern:
        if wanted == "**":
            ends = {end for start in ends for end in _shown_from(parts, start)}
        else:
            ends = {end + 1 for end in ends if end < len(parts) and _is_like(parts[end], wanted)}
    return len(parts) in ends and not parts[-1].startswith((".", "_"))


def _shown_from(parts: Sequence[str], start: int) -> Iterator[int]:
    """Yield where `**` may end that begins at a part."""
    yield start
    for end in range(start, len(parts)):
        if parts[end].startswith("."):
            break
        yield end + 1


def _is_like(part: str, wanted: str) -> bool:
    return fnmatchcase(part, wanted) and part.startswith(".") <= wanted.startswith(".")


def _is_folder(found: Object) -> bool:
    """Whether an object only stands for a folder, as consoles make them."""
    return not found.size and "." not in found.key.rpartition("/")[2]


def _known(seen: Seen | None, found: Object) -> Digest | None:
    """Return the digest of an object that looks as it did to the champion, or that is too large to be read."""
    if seen is not None and (seen.size, seen.modified, seen.etag) == (found.size, found.modified, found.etag):
        return seen.digest
    return _state(found) if found.size > LARGEST else None


def _state(found: Object) -> Digest:
    return digest_of(f"{found.key} {found.size} {found.modified} {found.etag}".encode())


def _path(folder: Path, found: Object) -> Path:
    """Return where the copy of an object belongs: a place for each state of it, named by no more than its kind."""
    return folder / f"{_state(found).removeprefix('sha256:')[:24]}{PurePosixPath(found.key).suffix[:16]}"


def _batch(bucket: Bucket, name: str, found: Object, seen: Seen | None, folder: Path) -> Batch:
    """Describe an object; one that is not known is copied, unless an earlier attempt in this workspace has done so."""
    digest, path = _known(seen, found), _path(folder, found)
    if digest is None:
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
