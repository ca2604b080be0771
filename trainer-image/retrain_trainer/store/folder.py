"""A store on a volume: a folder for each version, complete or not there at all.

A version is written beside its place and renamed into it when every byte is on disk, so a kill at any moment leaves
either the whole version or a draft that nobody loads.
"""

import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from retrain_trainer.contract import Digest
from retrain_trainer.files.batches import file_digest
from retrain_trainer.files.places import SCHEME, content, local_path
from retrain_trainer.store.manifest import MANIFEST
from retrain_trainer.store.shelf import DEAD_AFTER, VERSION, Contents, Seal
from retrain_trainer.telling.faults import StepError

DRAFT = ".draft-"


class Folder:
    """The folder of all versions of one model."""

    def __init__(self, uri: str) -> None:
        self._folder = local_path(uri)
        self.uri = SCHEME + str(self._folder)

    def taken(self) -> list[str]:
        """Return all names in the folder that are of versions, whatever bears them."""
        if not self._folder.is_dir():
            return []
        return sorted(entry.name for entry in self._folder.iterdir() if VERSION.fullmatch(entry.name))

    def versions(self) -> list[str]:
        """Return the names of the folders of versions; what lies behind a link is none."""
        return [name for name in self.taken() if self._stands(name)]

    def holds(self, uri: str) -> bool:
        """Whether a URI names a version in this folder itself and not behind a link."""
        path = local_path(uri)
        return path.parent == self._folder and VERSION.fullmatch(path.name) is not None and self._stands(path.name)

    def read(self, version: str, file: str, limit: int) -> bytes:
        """Return the bytes of a file; StepError for a link out of its version, or for anything but a file."""
        return content(self.path_of(version, file), limit)

    def path_of(self, version: str, file: str) -> Path:
        """Return the path of a file; StepError for a link out of its version."""
        folder = self._folder / version
        path = folder / file
        if path.resolve().parent != folder.resolve():
            raise StepError(f"{self.uri}/{version}/{file} is a link out of its version.")
        return path

    def clean(self, run: str) -> None:
        """Remove drafts of earlier attempts of this run, and of runs that are long dead."""
        for draft in self._folder.glob(f"{DRAFT}*"):
            if _of(run, draft) or _dead(draft):
                # Under another name first: an owner that still lives then finds no draft to put in its place, where
                # removing file by file could go on in what has just become a version.
                with suppress(OSError):
                    shutil.rmtree(draft.rename(self._draft(run)))

    def put(self, version: str, run: str, contents: Contents, seal: Seal) -> None:
        """Write a draft and rename it. When its place is taken, another attempt of the run was faster: ours goes."""
        draft = self._draft(run)
        draft.mkdir(parents=True)
        files = {name: _save(draft / name, content) for name, content in contents.items()}
        _save(draft / MANIFEST, seal(files))
        _sync(draft)
        place = self._folder / version
        if place.exists():
            shutil.rmtree(draft)
            return
        draft.rename(place)
        _sync(self._folder)

    def drop(self, version: str, run: str) -> None:
        """Make a draft of a version, and remove it: a kill between the two leaves what `put` cleans away."""
        draft = self._draft(run)
        (self._folder / version).rename(draft)
        shutil.rmtree(draft)

    def others_commit(self, run: str) -> bool:
        """Whether there is a draft of another run that may still live."""
        return any(not _of(run, draft) and not _dead(draft) for draft in self._folder.glob(f"{DRAFT}*"))

    def _stands(self, name: str) -> bool:
        return (self._folder / name).resolve().parent == self._folder.resolve()

    def _draft(self, run: str) -> Path:
        return self._folder / f"{DRAFT}{run}-{secrets.token_hex(4)}"


def _of(run: str, draft: Path) -> bool:
    return draft.name.rpartition("-")[0] == f"{DRAFT}{run}"


def _dead(draft: Path) -> bool:
    try:
        return time.time() - draft.stat().st_mtime > DEAD_AFTER
    except FileNotFoundError:
        return True  # it has become a version, or was removed, since it was listed


def _save(path: Path, content: bytes | Path) -> Digest:
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    return file_digest(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
