"""What a trainer has put into the store: whether a version is what its answer says, and whether it stays as it was."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from retrain_operator.cli.contract.breach import Breach, See
from retrain_trainer.contract import Digest, ModelRef

MANIFEST = "manifest.json"


def digest_of(content: bytes) -> Digest:
    """SHA-256, as the contract writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def folder_of(ref: ModelRef, uri: str, store: Path) -> Path | None:
    """The folder of a version; `uri` is the store's for the trainer, `store` the same on this machine.

    None when the version is not below the store.
    """
    inside = ref.uri.removeprefix(f"{uri}/")
    parts = inside.rstrip("/").split("/")
    if inside == ref.uri or ".." in parts or not all(parts):
        return None
    return store.joinpath(*parts)


def wrong_with_version(ref: ModelRef, uri: str, store: Path) -> Iterator[Breach]:
    """What is wrong with a candidate that evaluate has named."""
    folder = folder_of(ref, uri, store)
    if folder is None:
        yield Breach("evaluate", f"a candidate in the store of the task, {uri}", ref.uri, See.STORE)
    elif not folder.is_dir():
        yield Breach("evaluate", f"a folder {ref.uri}, as the answer says", "there is none", See.STORE)
    elif not (folder / MANIFEST).is_file():
        yield Breach("evaluate", f"a file {MANIFEST} in {ref.uri}", "there is none", See.STORE)
    elif (found := digest_of((folder / MANIFEST).read_bytes())) != ref.digest:
        yield Breach("evaluate", f"the candidate's digest to be that of its {MANIFEST}, {found}", ref.digest, See.STORE)


def content(folder: Path) -> dict[str, Digest]:
    """Every file below a folder with its digest; what cannot be read stands for itself."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): digest_of(path.read_bytes()) for path in files}
