"""Where versions are kept: complete or not there at all, and never changed again.

The files of a version are only handed out when their SHA-256 is the one in its manifest, and the manifest when its own
is the one the operator knows. How a version comes to stand whole, on a volume or in a bucket, is `shelf`'s to say.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue, ValidationError

from retrain_trainer.contract import Answer, Digest, ModelRef, Task
from retrain_trainer.files.batches import digest_of, file_digest
from retrain_trainer.files.places import SCHEME, in_bucket
from retrain_trainer.files.workspace import LARGEST
from retrain_trainer.store.folder import Folder
from retrain_trainer.store.manifest import MANIFEST, MODEL, Manifest, inputs_of
from retrain_trainer.store.shelf import VERSION, Contents, Shelf, suffix_of
from retrain_trainer.telling.faults import StepError

LARGEST_MODEL = 2 << 30
"""Bytes of a model; other files that are read as a whole may have `LARGEST`."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version whose manifest has been read and checked."""

    ref: ModelRef
    shelf: Shelf
    name: str
    manifest: Manifest

    def path_of(self, name: str) -> Path:
        """Return the path of a file after checking its digest."""
        path = self.shelf.path_of(self.name, name)
        self._check(name, file_digest(path))
        return path

    def read(self, name: str) -> bytes:
        """Return the bytes of a file after checking their digest."""
        found = self.shelf.read(self.name, name, LARGEST_MODEL if name == MODEL else LARGEST)
        self._check(name, digest_of(found))
        return found

    def _check(self, name: str, found: Digest) -> None:
        expected = self.manifest.files.get(name)
        if found != expected:
            raise StepError(f"{self.ref.uri}/{name} was changed: its digest is {found}, the manifest says {expected}.")


def shelf_of(uri: str) -> Shelf:
    """Return where the versions of the store with this URI stand; StepError for a URI that cannot be one."""
    if in_bucket(uri):
        shelf: Shelf = importlib.import_module("retrain_trainer.store.prefix").Prefix(uri)
        return shelf
    return Folder(uri)


def open_version(uri: str, digest: Digest | None) -> Version:
    """Read the manifest of a version; StepError when it is not there, or is not the one with this digest."""
    uri = uri.rstrip("/")
    store, _, name = uri.rpartition("/")
    shelf = shelf_of(f"{store}/" if store == SCHEME else store)
    try:
        read = shelf.read(name, MANIFEST, LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        raise StepError(f"{uri} is no version: it has no {MANIFEST}.") from None
    found = digest_of(read)
    if digest is not None and found != digest:
        raise StepError(f"{uri} is not the version that was trained: its digest is {found}, expected {digest}.")
    try:
        manifest = Manifest.model_validate_json(read)
    except ValidationError:
        raise StepError(f"{uri}/{MANIFEST} is no manifest of this trainer.") from None
    return Version(ModelRef(uri=uri, digest=found), shelf, name, manifest)


class Store:
    """All versions of one model."""

    def __init__(self, uri: str) -> None:
        self.shelf = shelf_of(uri)
        self.uri = self.shelf.uri

    @property
    def name(self) -> str:
        """The last part of its URI, by which a server may call the model."""
        return self.uri.rpartition("/")[2]

    def champion(self, task: Task) -> Version | None:
        """Return the version in service, None when there is none; StepError when it is not one of this store."""
        if task.champion is None:
            return None
        if not self.holds(task.champion.uri):
            store, _, name = task.champion.uri.rstrip("/").rpartition("/")
            why = "A new store begins without a champion (docs/store.md)."
            if store == self.uri and not VERSION.fullmatch(name):
                why = "It is no version of this trainer, whose versions have names such as v000001-k2m4p."
            raise StepError(f"The champion {task.champion.uri} is no version in the store {self.uri}. {why}")
        return open_version(task.champion.uri, task.champion.digest)

    def holds(self, uri: str) -> bool:
        """Whether a URI names a version of this store; StepError when it is no URI of a version anywhere."""
        return in_bucket(uri) == in_bucket(self.uri) and self.shelf.holds(uri)

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
        return self._made(task.run, inputs_of(task))

    def next_version(self, run: str) -> str:
        """Return the name of the version to come: one more than the highest number, and the end of the run's name."""
        numbers = [int(found[1]) for found in map(VERSION.fullmatch, self.shelf.taken()) if found]
        return f"v{max(numbers, default=0) + 1:06d}-{suffix_of(run)}"

    def commit(self, manifest: Manifest, contents: Contents) -> None:
        """Put a version into the store, whole or not at all. `files` of the manifest is filled in here.

        When another attempt of the same run was faster, its version stays, ours is dropped.
        """
        # In this order: what was unfinished before cannot become a second version after we looked for the first.
        self.shelf.clean(manifest.run)
        if self._made(manifest.run, manifest.task) is None:
            self.shelf.put(manifest.version, manifest.run, contents, lambda files: _sealed(manifest, files))

    def _made(self, run: str, task: dict[str, JsonValue]) -> Version | None:
        suffix = suffix_of(run)
        for name in self.shelf.versions():
            if name.partition("-")[2] == suffix:
                version = open_version(f"{self.uri}/{name}", None)
                if version.manifest.task == task:
                    return version
        return None


def _sealed(manifest: Manifest, files: dict[str, Digest]) -> bytes:
    return manifest.model_copy(update={"files": files}).model_dump_json(by_alias=True, indent=1).encode()
