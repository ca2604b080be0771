"""From URIs to paths: the only door through which a task reaches the file system.

A URI is taken literally: `..` and anything that could decode to it is refused, so a path stays where its URI says.
"""

import os
import stat
from io import BufferedReader
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


def opened(path: Path) -> BufferedReader:
    """Open a file for reading; StepError for a folder, a device, or a pipe, which could keep a step waiting."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StepError(f"{path} is no file.")
    return os.fdopen(handle, "rb")


def content(path: Path, limit: int) -> bytes:
    """Return the bytes of a file; StepError, before any is read, when there are more than `limit`."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise StepError(f"{path} has {size:,} bytes, and may have {limit:,} at most.")
        return file.read(size)
