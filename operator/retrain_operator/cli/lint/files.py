"""Which files are read: those that are named, and those of folders. Nothing here knows what a policy is."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from stat import S_IFREG, S_ISDIR, S_ISREG
from typing import Any

from retrain_operator.cli.lint.source import NotYamlError, Reading, nodes

LARGEST = 2**20
STDIN = "-"
_ENDINGS = frozenset({".yaml", ".yml", ".json"})
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class CannotReadError(Exception):
    """Why a file or folder cannot be read, in words to follow its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or standard input; or a folder that cannot be opened."""

    name: str

    def read(self) -> str:
        """Its whole text. CannotReadError says why there is none."""
        try:
            if self.name == STDIN:
                raw = sys.stdin.buffer.read(LARGEST + 1)
            else:
                with Path(self.name).open("rb") as file:
                    raw = file.read(LARGEST + 1)
        except FileNotFoundError:
            raise CannotReadError("does not exist") from None
        except OSError as error:
            raise CannotReadError(f"cannot be read: {error.strerror or error}") from None
        if len(raw) > LARGEST:
            raise CannotReadError("is larger than 1 MiB, more than a policy can be")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise CannotReadError(f"is not UTF-8: line {line} has the byte 0x{raw[error.start]:02x}") from None

    @property
    def is_patch(self) -> bool:
        """Whether a kustomization beside it, or one folder up, names it as a patch: a part of an object."""
        if self.name == STDIN:
            return False
        path = Path(self.name).resolve()
        return any(path in _patches(folder) for folder in path.parents[:2])


def sources(names: Iterable[str]) -> Iterator[Source]:
    """The files of those names, each once; of a folder all YAML and JSON below it, in the order of their names.

    Hidden folders are left out, as are links to folders.
    """
    for name in dict.fromkeys(names):
        if is_folder(name):
            yield from map(Source, _below(name))
        else:
            yield Source(name)


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder, as far as can be known."""
    return name != STDIN and S_ISDIR(_mode(Path(name)))


def _below(folder: str) -> Iterator[str]:
    closed: list[str] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: closed.append(str(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in sorted(Path(here, name) for name in files):
            if path.suffix.lower() in _ENDINGS and S_ISREG(_mode(path)):
                yield str(path)
    yield from closed


def _mode(path: Path) -> int:
    """What kind of file it is; a regular one if that cannot be found out, so that reading it says why."""
    try:
        return path.stat().st_mode
    except OSError:
        return S_IFREG


@cache
def _patches(folder: Path) -> frozenset[Path]:
    """The files that the folder's kustomization names as patches."""
    for name in _KUSTOMIZATIONS:
        try:
            kustomization = next(nodes(Source(str(folder / name)).read()), None)
        except (CannotReadError, NotYamlError):
            continue
        if kustomization:
            value = Reading(kustomization).value
            named = (*_entries(value, "patches"), *_entries(value, "patchesStrategicMerge"))
            return frozenset((folder / each).resolve() for each in named)
    return frozenset()


def _entries(kustomization: dict[str, Any], field: str) -> Iterator[str]:
    entries = kustomization.get(field)
    for entry in entries if isinstance(entries, list) else ():
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str) and path.isprintable():
            yield path
