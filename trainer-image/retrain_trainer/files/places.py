"""From URIs to paths and keys: the only door through which a task reaches the file system or a bucket.

A URI is taken literally: `..` and anything that could decode to it is refused, so a path stays where its URI says.
"""

import os
import re
import stat
from io import BufferedReader
from pathlib import Path

from retrain_trainer.telling.faults import StepError

SCHEME = "file://"
BUCKET_SCHEME = "s3://"
BUCKET = re.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def local_path(uri: str) -> Path:
    """Return the absolute path of a file:// URI; StepError for another scheme, a host, or a path with `..`."""
    if not uri.startswith(SCHEME):
        raise StepError(f"{uri} is not reachable: this trainer reads and writes file:// and s3:// URIs.")
    path = uri.removeprefix(SCHEME)
    if not path.startswith("/"):
        raise StepError(f"{uri} names a host; write three slashes, as in file:///data.")
    return Path(_literal(uri, path))


def in_bucket(uri: str) -> bool:
    """Whether a URI names objects in a bucket rather than files."""
    return uri.startswith(BUCKET_SCHEME)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Return the bucket of an s3:// URI, and the key in it without a slash at either end; StepError as `local_path`."""
    bucket, _, key = _literal(uri, uri.removeprefix(BUCKET_SCHEME)).partition("/")
    if not BUCKET.fullmatch(bucket):
        raise StepError(f"{uri} names no bucket: lower case letters, digits, '-' and '.' make one, as in s3://models.")
    key = key.rstrip("/")
    if key and not {"", "."}.isdisjoint(key.split("/")):
        raise StepError(f"{uri} may not contain /./ or two slashes in a row.")
    return bucket, key


def _literal(uri: str, path: str) -> str:
    if "%" in path or ".." in path.split("/") or "\0" in path:
        raise StepError(f"{uri} may not contain .. or %.")
    return path


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
