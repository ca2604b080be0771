"""From URIs to paths: the only door through which a task reaches the file system.

A URI is taken literally: `..` and anything that could decode to it is refused, so a path stays where its URI says.
"""

from pathlib import Path

from retrain_trainer.faults import StepError

SCHEME = "file://"


def local_path(uri: str) -> Path:
    """Return the absolute path of a file:// URI; StepError for another scheme, a host, or a path with `..`."""
    if not uri.startswith(SCHEME):
        raise StepError(f"{uri} is not reachable: this trainer reads and writes file:// URIs.")
    path = uri.removeprefix(SCHEME)
    if not path.startswith("/"):
        raise StepError(f"{uri} names a host; write three slashes, as in file:///data.")
    if "%" in path or ".." in path.split("/") or "\0" in path:
        raise StepError(f"{uri} may not contain .. or %.")
    return Path(path)
