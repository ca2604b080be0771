"""A store in a bucket: versions are prefixes, and a version is there once its manifest.json is.

Nothing can be renamed there, so the manifest is put last, and only if there is none: that request is the commit. Two
rules more keep attempts apart that each believe the other dead. The model card is put first, also only if there is
none, so that a prefix has one writer. And whoever finds a prefix unfinished closes it before anything is removed, with
an empty manifest, which its writer cannot put another over.
"""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from retrain_trainer.contract import Digest
from retrain_trainer.files.batches import LARGEST as LARGEST_FILE
from retrain_trainer.files.batches import digest_of, file_digest
from retrain_trainer.files.objects import Bucket, Object
from retrain_trainer.files.places import BUCKET_SCHEME, bucket_and_key
from retrain_trainer.files.workspace import LARGEST, Workspace
from retrain_trainer.store.manifest import CARD, MANIFEST
from retrain_trainer.store.shelf import DEAD_AFTER, VERSION, Contents, Seal, suffix_of
from retrain_trainer.telling.faults import StepError

CLOSED = b""
"""The manifest of what shall never become a version."""


@dataclass(slots=True)
class Entry:
    """What stands below the prefix of one version, by the names of the files."""

    files: dict[str, Object] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """Keys of all but the manifest."""
        return [found.key for name, found in self.files.items() if name != MANIFEST]

    @property
    def whole(self) -> bool:
        """Whether this is a version."""
        return MANIFEST in self.files and self.files[MANIFEST].size > len(CLOSED)

    @property
    def begun(self) -> bool:
        """Whether this may yet become a version."""
        return MANIFEST not in self.files and CARD in self.files

    @property
    def closed(self) -> bool:
        """Whether this shall never become one."""
        return MANIFEST in self.files and not self.whole

    @property
    def dead(self) -> bool:
        """Whether nothing was written for so long that nobody can still be at it."""
        return time.time() - max(found.modified for found in self.files.values()) / 1e9 > DEAD_AFTER


class Prefix:
    """The prefix of all versions of one model."""

    def __init__(self, uri: str) -> None:
        bucket, self._key = bucket_and_key(uri)
        self._bucket = Bucket(bucket)
        self.uri = f"{BUCKET_SCHEME}{bucket}/{self._key}".rstrip("/")

    def taken(self) -> list[str]:
        """Return the names below which there is anything."""
        return sorted(self._entries())

    def versions(self) -> list[str]:
        """Return the names below which there is a manifest."""
        return sorted(name for name, entry in self._entries().items() if entry.whole)

    def holds(self, uri: str) -> bool:
        """Whether a URI names a version below this prefix."""
        bucket, key = bucket_and_key(uri)
        store, _, name = f"{BUCKET_SCHEME}{bucket}/{key}".rpartition("/")
        return store == self.uri and VERSION.fullmatch(name) is not None

    def read(self, version: str, file: str, limit: int) -> bytes:
        """Return the bytes of a file, straight from the bucket."""
        return self._bucket.read(self._of(version, file), limit)

    def path_of(self, version: str, file: str) -> Path:
        """Return the path of a file's copy in the workspace, where a later step finds it again."""
        path = Workspace.here().fetched / version / file
        if not path.exists():
            found = self._bucket.look(self._of(version, file))
            if found.size > LARGEST_FILE:
                raise StepError(
                    f"{self.uri}/{version}/{file} has {found.size:,} bytes, and may have {LARGEST_FILE:,} at most."
                )
            self._bucket.fetch(found, path)
        return path

    def clean(self, run: str) -> None:
        """Close what attempts of this run, and runs that are long dead, have left unfinished, and remove it."""
        for name, entry in self._entries().items():
            if entry.begun and (entry.dead or _of(run, name)):
                # Where this fails its writer was faster, and has a version.
                if self._bucket.create(self._of(name, MANIFEST), CLOSED):
                    self._bucket.delete(entry.keys)
            elif entry.closed and entry.dead:
                self._bucket.delete([*entry.keys, self._of(name, MANIFEST)])

    def put(self, version: str, run: str, contents: Contents, seal: Seal) -> None:
        """Claim the prefix, write the files, and put the manifest; StepError when another attempt has closed it."""
        begun = time.time()
        self._claim(version, run, contents[CARD])
        for name in [name for name in contents if name != CARD]:
            self._bucket.put(self._of(version, name), contents[name])
        sealed = seal({name: _digest(content) for name, content in contents.items()})
        if time.time() - begun > DEAD_AFTER:
            raise StepError(f"The commit of {version} was held up for more than an hour. The next attempt begins anew.")
        if self._bucket.create(self._of(version, MANIFEST), sealed):
            return
        # A server that was asked twice, because its first answer was lost, refuses what it has itself taken.
        if self.read(version, MANIFEST, LARGEST) != sealed:
            self._bucket.delete([self._of(version, name) for name in contents])
            raise StepError(f"Another attempt of {run} has taken over from this one, which was writing {version}.")

    def drop(self, version: str, run: str) -> None:  # noqa: ARG002 - what a kill leaves here, any run removes
        """Remove the manifest, which makes the rest no version, and then the rest: the card last, as `begun` asks."""
        card = self._of(version, CARD)
        manifest = self._of(version, MANIFEST)
        others = {one.key for one in self._bucket.below(f"{self._key}/{version}".lstrip("/"))} - {manifest, card}
        self._bucket.delete([manifest, *sorted(others), card])

    def others_commit(self, run: str) -> bool:
        """Whether another run has begun a version, and may still live."""
        return any(entry.begun and not entry.dead and not _of(run, name) for name, entry in self._entries().items())

    def _claim(self, version: str, run: str, card: bytes | Path) -> None:
        """Become the one writer of a prefix; StepError when there is one, or where there can be two."""
        content = card if isinstance(card, bytes) else card.read_bytes()
        if not self._bucket.create(self._of(version, CARD), content):
            raise StepError(f"Another attempt of {run} is writing {version}. The next one sees what became of it.")
        if self._bucket.create(self._of(version, CARD), content):
            raise StepError(
                f"{self.uri} cannot be a store: its server ignores the condition If-None-Match, without which two runs "
                "could write one version. Use a server that knows conditional puts."
            )

    def _entries(self) -> dict[str, Entry]:
        """Look at all that stands below the prefix."""
        entries: dict[str, Entry] = defaultdict(Entry)
        for found in self._bucket.below(self._key):
            name, _, file = found.key.removeprefix(f"{self._key}/").partition("/")
            if file and VERSION.fullmatch(name):
                entries[name].files[file] = found
        return entries

    def _of(self, version: str, file: str) -> str:
        return f"{self._key}/{version}/{file}".lstrip("/")


def _of(run: str, version: str) -> bool:
    return version.partition("-")[2] == suffix_of(run)


def _digest(content: bytes | Path) -> Digest:
    return digest_of(content) if isinstance(content, bytes) else file_digest(content)
