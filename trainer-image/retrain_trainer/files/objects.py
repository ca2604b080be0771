"""One bucket of an S3-compatible object store behind a few verbs, each bounded, its errors one sentence each."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError, PreconditionError

from retrain_trainer.contract import Digest
from retrain_trainer.files.connection import connect, fault
from retrain_trainer.files.places import BUCKET_SCHEME
from retrain_trainer.telling.faults import StepError

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta

MIB = 1 << 20
PIECE = 8 * MIB
"""Bytes of a piece of a larger upload. What is smaller arrives in one request."""
MOST_OBJECTS = 100_000
"""Below one prefix: each of them is kept in memory while they are sorted."""


@dataclass(frozen=True, slots=True)
class Object:
    """What a bucket lists of one object. `modified` is in nanoseconds since 1970, `etag` changes with the bytes."""

    key: str
    size: int
    modified: int
    etag: str | None


class Bucket:
    """The objects of one bucket. All methods raise StepError when the bucket cannot be reached or refuses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._s3 = connect(name)

    def uri(self, key: str) -> str:
        """Return the URI of an object."""
        return f"{BUCKET_SCHEME}{self.name}/{key}"

    def below(self, prefix: str) -> Iterator[Object]:
        """Yield the objects below a prefix, which ends where a name does; without one, all."""
        start = f"{prefix}/" if prefix else ""
        with self._told("list", prefix):
            for number, found in enumerate(one for page in obstore.list(self._s3, prefix or None) for one in page):
                if number == MOST_OBJECTS:
                    raise StepError(f"{self.uri(prefix)} holds more than {MOST_OBJECTS:,} objects; name a part of it.")
                if found["path"].startswith(
                    start
                ):  # a folder that a console made is an object of the prefix's own name
                    yield _object(found)

    def look(self, key: str) -> Object:
        """Return what there is to know of one object; FileNotFoundError when there is none."""
        with self._told("read", key):
            return _object(obstore.head(self._s3, key))

    def read(self, key: str, limit: int) -> bytes:
        """Return the bytes of an object; StepError, before any is read, when there are more than `limit`."""
        with self._told("read", key):
            found = obstore.get(self._s3, key)
            size = found.meta["size"]
            if size > limit:
                raise StepError(f"{self.uri(key)} has {size:,} bytes, and may have {limit:,} at most.")
            return b"".join(self._pieces(found, key, size))

    def fetch(self, found: Object, path: Path) -> Digest:
        """Copy an object as it was listed into a file, whole or not at all, and return its SHA-256.

        StepError when the object is another one by now.
        """
        digest = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        with self._told("read", found.key), draft.open("wb") as file:
            options: GetOptions = {"if_match": found.etag} if found.etag else {}
            for piece in self._pieces(obstore.get(self._s3, found.key, options=options), found.key, found.size):
                digest.update(piece)
                file.write(piece)
        # The copy bears the time of the original: a step knows by size and time that a file is the one that was judged.
        os.utime(draft, ns=(found.modified, found.modified))
        draft.replace(path)
        return f"sha256:{digest.hexdigest()}"

    def put(self, key: str, source: bytes | Path) -> None:
        """Write an object, whole or not at all, over what may have been there."""
        with self._told("write", key):
            obstore.put(self._s3, key, source, chunk_size=PIECE, max_concurrency=2)

    def create(self, key: str, source: bytes) -> bool:
        """Write an object unless there is one under this key, and return whether it was written."""
        with self._told("write", key):
            try:
                obstore.put(self._s3, key, source, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        for key in keys:
            with self._told("delete", key):
                obstore.delete(self._s3, key)

    def _pieces(self, found: "GetResult", key: str, size: int) -> Iterator[bytes]:
        """Yield what a server sends of an object, which may be neither more nor less than it said."""
        arrived = 0
        for piece in found.stream(min_chunk_size=MIB):
            arrived += len(piece)
            if arrived > size:
                break
            yield bytes(piece)
        if arrived != size:
            raise StepError(
                f"{self.uri(key)} has {'more' if arrived > size else 'less'} bytes than the {size:,} listed."
            )

    @contextmanager
    def _told(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except InvalidPathError:
            words = "an object whose key has an empty part, . or .. in it; remove it, or name a place without one."
            raise StepError(f"{self.uri(key)} holds {words}") from None
        except PreconditionError:
            raise StepError(f"{self.uri(key)} was changed meanwhile. The next attempt takes it as it is.") from None
        except (BaseError, FileNotFoundError) as error:
            raise fault(self.uri(key), verb, str(error)) from None


def _object(found: "ObjectMeta") -> Object:
    milliseconds = int(found["last_modified"].timestamp() * 1000)
    return Object(found["path"], found["size"], milliseconds * 1_000_000, found["e_tag"])
