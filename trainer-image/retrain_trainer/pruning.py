"""Which versions a store may forget, so that it does not grow for ever. What is in doubt stays.

Kept are the newest versions, whatever became of them, and the champion with those that it came from: the first of these
is what a rollback goes back to. Nothing is dropped when the champion is unknown, or while another run commits.
"""

from contextlib import suppress
from pathlib import Path

from retrain_trainer.faults import StepError
from retrain_trainer.places import local_path
from retrain_trainer.store import VERSION, Store, Version, open_version

KEEP = 10
"""How many of the newest versions, and how many of the champion's line."""


def prune(store: Store, run: str, champion: Version | None, keep: int = KEEP) -> list[str]:
    """Drop the versions of a store that nothing can need any more, and return their names.

    What the volume does not let go stays: the run has its own version already.
    """
    if champion is None or store.others_commit(run):
        return []
    newest_first = sorted(filter(store.holds, store.folder.iterdir()), key=_number, reverse=True)
    needed = {folder.name for folder in newest_first[:keep]} | _line_of(store, champion, keep)
    gone = [folder for folder in newest_first if folder.name not in needed and _is_ours(store, folder)]
    for folder in gone:
        with suppress(OSError):
            store.drop(folder, run)
    return [folder.name for folder in gone if not folder.exists()]


def _line_of(store: Store, champion: Version, length: int) -> set[str]:
    """Return the names of the champion and of those before it, each the champion when the next one was trained."""
    line = {champion.folder.name}
    version = champion
    for _ in range(length):
        parent = version.manifest.parent
        try:
            if parent is None or not store.holds(local_path(parent.uri)):
                break
            line.add(local_path(parent.uri).name)
            version = open_version(parent.uri, parent.digest)
        except (StepError, OSError):
            break
    return line


def _number(folder: Path) -> int:
    found = VERSION.fullmatch(folder.name)
    assert found is not None  # the store holds no other
    return int(found[1])


def _is_ours(store: Store, folder: Path) -> bool:
    """Whether a folder is a version of this trainer; anything else is for a person to remove."""
    try:
        return open_version(f"{store.uri}/{folder.name}", None).manifest.version == folder.name
    except (StepError, OSError):
        return False
