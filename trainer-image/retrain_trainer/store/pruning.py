"""Which versions a store may forget, so that it does not grow for ever. What is in doubt stays.

Kept are the newest versions, whatever became of them, and the champion with those that it came from: the first of these
is what a rollback goes back to. Nothing is dropped when the champion is unknown, or while another run commits, nor ever
what runs of another policy have made: a store that two share holds the champions of both.
"""

from contextlib import suppress

from retrain_trainer.store.versions import Store, Version, open_version
from retrain_trainer.telling.faults import StepError


def prune(store: Store, run: str, champion: Version | None, keep: int) -> list[str]:
    """Drop the versions of a store that nothing can need any more, and return their names.

    `keep` of the newest stay, and as many of the champion's line. What the volume or the bucket does not let go stays:
    the run has its own version already.
    """
    if champion is None or store.shelf.others_commit(run):
        return []
    # Numbers have the same length, so names sort by number.
    ours = [name for name in reversed(store.shelf.versions()) if _made_by(store, name) == _policy_of(run)]
    needed = {*ours[:keep], *_line_of(store, champion, keep)}
    gone = [name for name in ours if name not in needed]
    for name in gone:
        with suppress(OSError, StepError):
            store.shelf.drop(name, run)
    left = set(store.shelf.versions())
    return [name for name in gone if name not in left]


def _line_of(store: Store, champion: Version, length: int) -> set[str]:
    """Return the names of the champion and of those before it, each the champion when the next one was trained."""
    line = {champion.name}
    version = champion
    for _ in range(length):
        parent = version.manifest.parent
        try:
            if parent is None or not store.holds(parent.uri):
                break
            line.add(parent.uri.rpartition("/")[2])
            version = open_version(parent.uri, parent.digest)
        except (StepError, OSError):
            break
    return line


def _made_by(store: Store, name: str) -> str | None:
    """Return which policy's runs made a version; None for what is no version of this trainer."""
    try:
        manifest = open_version(f"{store.uri}/{name}", None).manifest
    except (StepError, OSError):
        return None
    return _policy_of(manifest.run) if manifest.version == name else None


def _policy_of(run: str) -> str:
    """Return what the names of all runs of a policy begin with."""
    return run.rpartition("-")[0]
