"""Where a run that is tried here reads and writes: nothing real is written unless a store is named."""

import filecmp
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter, ValidationError

from retrain_operator.model.policy import PolicySpec
from retrain_trainer.contract import Champion, Uri

SCHEME = "file://"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 << 20
NAMED_AT_MOST = 3
_URI: TypeAdapter[str] = TypeAdapter(Uri)


class CannotTryError(Exception):
    """Why the policy cannot be tried, in a sentence."""


@dataclass(frozen=True, slots=True)
class Places:
    """What was asked for, as it was written: paths or URIs, or nothing."""

    data: str | None
    store: str | None
    champion: str | None

    @property
    def champion_uri(self) -> str:
        """Where the champion is; CannotTryError when what was written is no place."""
        return _uri("--champion", self.champion or "").rstrip("/")

    @property
    def batches(self) -> str | None:
        """The data as it was written; of a folder, all that is in it."""
        return f"{self.data}/*" if self._folder else self.data

    @property
    def deeper(self) -> str | None:
        """How to name batches that lie in folders of the folder that was named; None where there are no folders."""
        below = any(each.is_dir() for each in self._folder.iterdir()) if self._folder else False
        return f"--data '{self.data}/**/*'" if below else None

    @property
    def _folder(self) -> Path | None:
        folder = Path(os.path.expanduser(self.data)) if self.data else None  # noqa: PTH111  # takes what is no home too
        return folder if folder and folder.is_dir() else None

    def spec(self, spec: PolicySpec, root: Path) -> PolicySpec:
        """The policy's spec with the data and the store of this machine; without a store, one below `root`."""
        source = spec.data.source if self.data is None else _uri("--data", self.batches or "")
        store = f"{SCHEME}{root}/store" if self.store is None else _uri("--store", self.store)
        data = spec.data.model_copy(update={"source": source})
        model = spec.model.model_copy(update={"store": store})
        return spec.model_copy(update={"data": data, "model": model})

    def require_store(self) -> None:
        """CannotTryError when no version could be written below the folder that was named as the store."""
        uri = "" if self.store is None else _uri("--store", self.store)
        if not uri.startswith(SCHEME):
            return
        store = Path(uri.removeprefix(SCHEME))
        there = next(each for each in (store, *store.parents) if each.exists())
        if not there.is_dir():
            raise CannotTryError(f"--store {store} cannot be a folder: {there} is a file.")
        if not os.access(there, os.W_OK | os.X_OK):
            raise CannotTryError(f"--store {store} cannot be written: there is no permission to write in {there}.")
        try:
            # Not every file system that lets one write, by its modes, takes a folder.
            TemporaryDirectory(prefix=".retrain-try-", dir=there).cleanup()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CannotTryError(
                f"--store {store} cannot be written: no folder can be made in {there} ({why})."
            ) from None

    def model_in_service(self, store: str) -> Champion | None:
        """The champion as the trainer finds it: a version of the store, or else a copy of it in there."""
        if self.champion is None:
            return None
        uri = self.champion_uri
        if uri.rpartition("/")[0] == store.rstrip("/"):
            return Champion(uri=uri)
        if uri.startswith(SCHEME) and store.startswith(SCHEME):
            return Champion(uri=_copied(Path(uri.removeprefix(SCHEME)), Path(store.removeprefix(SCHEME))))
        raise CannotTryError(f"--champion {uri} can only be compared in its own store: name that by --store.")


def _uri(option: str, text: str) -> str:
    # Without following links, as Path.resolve would.
    written = text if "://" in text else f"{SCHEME}{os.path.abspath(os.path.expanduser(text))}"  # noqa: PTH100, PTH111
    try:
        return _URI.validate_python(written)
    except ValidationError:
        wanted = "must be a path, file:// or s3:// URI without spaces, ?, #, % and \\"
        link = f" A link without them will do: ln -s {text.partition('/*')[0]!r} data" if " " in text else ""
        raise CannotTryError(f"{option} {wanted}; it is {written!r}.{link}") from None


def _copied(version: Path, store: Path) -> str:
    """The URI of a version's copy in a store. It keeps the name it was committed under, whatever its folder is called.

    CannotTryError when there is no such version, or another one of its name in the store.
    """
    copy, draft = store / _committed_as(version), store / f".draft-champion-{secrets.token_hex(4)}"
    try:
        if not copy.exists():
            shutil.copytree(version, draft, symlinks=True)
            draft.rename(copy)
        same = filecmp.cmp(version / MANIFEST, copy / MANIFEST, shallow=False)
    except (OSError, shutil.Error):
        raise CannotTryError(f"--champion {version} cannot be copied into {store}.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if not same:
        raise CannotTryError(f"--champion {version} cannot be copied into {store}: it has another {copy.name}.")
    return f"{SCHEME}{copy}"


def _committed_as(version: Path) -> str:
    try:
        with (version / MANIFEST).open("rb") as file:
            manifest = json.loads(file.read(LARGEST_MANIFEST))
    except OSError:
        no_version = f"--champion {version} is no version: it has no {MANIFEST} that can be read"
        raise CannotTryError(f"{no_version}{_versions_in(version)}.") from None
    except ValueError:
        manifest = None
    name = manifest.get("version") if isinstance(manifest, dict) else None
    return name if isinstance(name, str) and Path(name).name == name else version.name


def _versions_in(folder: Path) -> str:
    """What to name instead, when a store was named and not one of its versions."""
    found = sorted((each.parent.name for each in folder.glob(f"v*/{MANIFEST}")), reverse=True)
    more = f" and {len(found) - NAMED_AT_MOST} older ones" if len(found) > NAMED_AT_MOST else ""
    return f"; versions in it: {', '.join(found[:NAMED_AT_MOST])}{more}" if found else ""
