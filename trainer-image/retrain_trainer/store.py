"""Where versions are kept: one folder each, complete or not there at all, and never changed again.

A version is written beside its place and renamed into it when every byte is on disk, so a kill at any moment leaves
either the whole version or a draft that nobody loads. Its files are only handed out when their SHA-256 is the one in
the manifest, and the manifest when its own is the one the operator knows.
"""

import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from retrain_trainer.batches import digest_of, file_digest
from retrain_trainer.contract import Answer, Digest, ModelRef, Task
from retrain_trainer.faults import StepError
from retrain_trainer.manifest import MANIFEST, MODEL, Manifest, inputs_of
from retrain_trainer.places import SCHEME, content, local_path
from retrain_trainer.workspace import LARGEST

VERSION = re.compile(r"v(\d{6})-[a-z0-9.]{1,10}")
RUN = re.compile(r"[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?")
DRAFT = ".draft-"
DEAD_AFTER = 3600.0
"""Seconds after which a draft must be that of a dead run: writing one takes moments."""
LARGEST_MODEL = 2 << 30
"""Bytes of a model; other files that are read as a whole may have `LARGEST`."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version whose manifest has been read and checked."""

    ref: ModelRef
    folder: Path
    manifest: Manifest

    def path_of(self, name: str) -> Path:
        """Return the path of a file after checking its digest."""
        path = self._place_of(name)
        self._check(name, file_digest(path))
        return path

    def read(self, name: str) -> bytes:
        """Return the bytes of a file after checking their digest."""
        found = content(self._place_of(name), LARGEST_MODEL if name == MODEL else LARGEST)
        self._check(name, digest_of(found))
        return found

    def _place_of(self, name: str) -> Path:
        path = self.folder / name
        if path.resolve().parent != self.folder.resolve():
            raise StepError(f"{self.ref.uri}/{name} is a link out of its version.")
        return path

    def _check(self, name: str, found: Digest) -> None:
        expected = self.manifest.files.get(name)
        if found != expected:
            raise StepError(f"{self.ref.uri}/{name} was changed: its digest is {found}, the manifest says {expected}.")


def open_version(uri: str, digest: Digest | None) -> Version:
    """Read the manifest of a version; StepError when it is not there, or is not the one with this digest."""
    folder = local_path(uri)
    try:
        read = content(folder / MANIFEST, LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        raise StepError(f"{uri} is no version: it has no {MANIFEST}.") from None
    found = digest_of(read)
    if digest is not None and found != digest:
        raise StepError(f"{uri} is not the version that was trained: its digest is {found}, expected {digest}.")
    try:
        manifest = Manifest.model_validate_json(read)
    except ValidationError:
        raise StepError(f"{uri}/{MANIFEST} is no manifest of this trainer.") from None
    return Version(ModelRef(uri=uri.rstrip("/"), digest=found), folder, manifest)


class Store:
    """The folder of all versions of one model."""

    def __init__(self, uri: str) -> None:
        self.uri = SCHEME + str(local_path(uri))
        self.folder = local_path(uri)

    def champion(self, task: Task) -> Version | None:
        """Return the version in service, None when there is none; StepError when it is not one of this store."""
        if task.champion is None:
            return None
        if not self.holds(local_path(task.champion.uri)):
            raise StepError(f"The champion {task.champion.uri} is no version in the store {self.uri}.")
        return open_version(task.champion.uri, task.champion.digest)

    def answer_of(self, task: Task, step: str) -> Answer | None:
        """Return what this run answered to a step, when an earlier attempt of it has committed its version."""
        version = self.version_of(task)
        if version is None:
            return None
        manifest = version.manifest
        said: Answer = {"collect": manifest.collected, "train": manifest.trained}.get(
            step, manifest.evaluated.model_copy(update={"candidate": version.ref})
        )
        return said.model_copy(update={"nonce": task.nonce})

    def version_of(self, task: Task) -> Version | None:
        """Return the version that this very task has committed, if it has."""
        for folder in filter(self.holds, sorted(self.folder.glob(f"v??????-{suffix_of(task.run)}"))):
            version = open_version(f"{self.uri}/{folder.name}", None)
            if version.manifest.task == inputs_of(task):
                return version
        return None

    def holds(self, folder: Path) -> bool:
        """Whether a folder is named as a version, and lies in this store itself and not behind a link."""
        inside = folder.parent == self.folder and folder.resolve().parent == self.folder.resolve()
        return inside and VERSION.fullmatch(folder.name) is not None

    def others_commit(self, run: str) -> bool:
        """Whether another run that may still live is writing a version."""
        return any(not _of(run, draft) and not _dead(draft) for draft in self.folder.glob(f"{DRAFT}*"))

    def drop(self, version: Path, run: str) -> None:
        """Remove a version: a kill meanwhile leaves it whole, or a draft that `commit` cleans away."""
        draft = self._draft(run)
        version.rename(draft)
        shutil.rmtree(draft)

    def next_version(self, run: str) -> str:
        """Return the name of the version to come: one more than the highest number, and the end of the run's name."""
        names = [entry.name for entry in self.folder.iterdir()] if self.folder.is_dir() else []
        numbers = [int(found[1]) for found in map(VERSION.fullmatch, names) if found]
        return f"v{max(numbers, default=0) + 1:06d}-{suffix_of(run)}"

    def commit(self, manifest: Manifest, contents: Mapping[str, bytes | Path]) -> None:
        """Put a version into the store, whole or not at all. `files` of the manifest is filled in here.

        When the place is taken, another attempt of the same run was faster; its version stays, ours is dropped.
        """
        self._clean(manifest.run)
        draft = self._draft(manifest.run)
        draft.mkdir(parents=True)
        files = {name: _save(draft / name, content) for name, content in contents.items()}
        whole = manifest.model_copy(update={"files": files})
        _save(draft / MANIFEST, whole.model_dump_json(by_alias=True, indent=1).encode())
        _sync(draft)
        place = self.folder / manifest.version
        if place.exists():
            shutil.rmtree(draft)
            return
        draft.rename(place)
        _sync(self.folder)

    def _draft(self, run: str) -> Path:
        return self.folder / f"{DRAFT}{run}-{secrets.token_hex(4)}"

    def _clean(self, run: str) -> None:
        """Remove drafts of earlier attempts of this run, and of runs that are long dead."""
        for draft in self.folder.glob(f"{DRAFT}*"):
            if _of(run, draft) or _dead(draft):
                shutil.rmtree(draft, ignore_errors=True)


def _of(run: str, draft: Path) -> bool:
    return draft.name.rpartition("-")[0] == f"{DRAFT}{run}"


def _dead(draft: Path) -> bool:
    try:
        return time.time() - draft.stat().st_mtime > DEAD_AFTER
    except FileNotFoundError:
        return True  # it has become a version, or was removed, since it was listed


def suffix_of(run: str) -> str:
    """Return the end of a run's name that its version carries; StepError for a name that is none."""
    if not RUN.fullmatch(run):
        raise StepError(f"{run!r} is no name of a run: lower case letters, digits, '-' and '.' make one.")
    return run.rpartition("-")[2][-10:]


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
