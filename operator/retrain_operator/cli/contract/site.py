"""Where a trainer is checked: folders as a pod has them, and what calls the trainer among them.

A command of this machine finds them by two variables. An image finds them where a pod would mount them, under the
restrictions of a pod: it is no root, cannot write its own file system, has no network and no capability.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from retrain_operator.cli.call import ANSWER_VARIABLE, WORKSPACE_VARIABLE, Call, no_program
from retrain_operator.decide.manifest import USER
from retrain_trainer.contract import ANSWER_PATH, TASK_VARIABLE, WORKSPACE

SCHEME = "file://"
DATA_MOUNT, STORE_MOUNT = "/data", "/models/sample"
OPEN = 0o777
"""Mode of the folders that a container writes in: it runs as another user."""


class CannotCheckError(Exception):
    """Why a trainer cannot be checked, in a sentence."""


@dataclass(frozen=True, slots=True)
class Site:
    """Folders below one that is removed at the end."""

    root: Path

    @property
    def data(self) -> Path:
        """Batches; a trainer only reads them."""
        return self.root / "data"

    @property
    def store(self) -> Path:
        """Versions."""
        return self.root / "store"

    @property
    def answer(self) -> Path:
        """What a step leaves its answer in."""
        return self.root / "answer"

    @property
    def scratch(self) -> Path:
        """What /tmp is in a pod."""
        return self.root / "tmp"

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.data, self.store, self.scratch):
            folder.mkdir()
            folder.chmod(OPEN)
        self.answer.touch()
        self.answer.chmod(0o666)

    def workspace(self, name: str) -> Path:
        """The workspace of a pod: made when it is asked for first."""
        folder = self.root / f"workspace-{name}"
        folder.mkdir(exist_ok=True)
        folder.chmod(OPEN)
        return folder

    @contextmanager
    def empty_store(self) -> Iterator[None]:
        """Put an empty store in the place of the one there is, for as long as it is wanted."""
        aside = self.store.rename(self.root / "store-aside")
        self.store.mkdir()
        self.store.chmod(OPEN)
        try:
            yield
        finally:
            shutil.rmtree(self.store)
            aside.rename(self.store)

    def strangers(self) -> list[str]:
        """What lies beside the folders that a trainer may write in."""
        known = {"data", "store", "tmp", "answer", "answer.log"}
        names = sorted(path.name for path in self.root.iterdir())
        return [name for name in names if name not in known and not name.startswith("workspace-")]


class Trainer(Protocol):
    """What is checked."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    def places(self, site: Site) -> tuple[str, str]:
        """URIs of the folder of batches and of the store, as it finds them."""

    def call(self, site: Site, step: str, task: str, workspace: Path) -> Call:
        """How one of its steps is called."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program of this machine with its first arguments."""

    argv: tuple[str, ...]

    @property
    def title(self) -> str:
        """The command as it was given."""
        return f"{' '.join(self.argv)}, a command of this machine"

    def places(self, site: Site) -> tuple[str, str]:
        """The folders themselves."""
        return f"{SCHEME}{site.data}", f"{SCHEME}{site.store}"

    def call(self, site: Site, step: str, task: str, workspace: Path) -> Call:
        """With the variables of this machine and those of a step."""
        own = {TASK_VARIABLE: task, WORKSPACE_VARIABLE: str(workspace), ANSWER_VARIABLE: str(site.answer)}
        return Call((*self.argv, step), {**os.environ, "TMPDIR": str(site.scratch), **own}, site.answer)


@dataclass(frozen=True, slots=True)
class Image:
    """An image that an engine of this machine has."""

    name: str
    engine: str
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def title(self) -> str:
        """Its name."""
        return f"{self.name}, an image"

    def places(self, site: Site) -> tuple[str, str]:  # noqa: ARG002  # a container has them in the same places
        """Where the folders are mounted."""
        return f"{SCHEME}{DATA_MOUNT}", f"{SCHEME}{STORE_MOUNT}"

    def call(self, site: Site, step: str, task: str, workspace: Path) -> Call:
        """As a container that is removed once it has ended."""
        name = f"retrain-check-{secrets.token_hex(5)}"
        user = os.getuid() or USER  # whoever is no root can remove only what their own user has written
        own = ["--userns", "keep-id"] if Path(self.engine).name == "podman" and os.getuid() else []
        argv = [
            *(self.engine, "run", "--rm", "--name", name, "--user", f"{user}:{user}", *own, "--read-only"),
            *("--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--env", f"{TASK_VARIABLE}={task}", "--tmpfs", "/tmp"),  # noqa: S108  # the container's own
            *_mounted(site.data, DATA_MOUNT, read_only=True),
            *_mounted(site.store, STORE_MOUNT),
            *_mounted(workspace, WORKSPACE),
            *_mounted(site.answer, ANSWER_PATH),
            *(self.name, step),
        ]
        return Call(tuple(argv), self.variables, site.answer, cleanup=(self.engine, "rm", "--force", name))


def _mounted(folder: Path, where: str, *, read_only: bool = False) -> tuple[str, str]:
    mode = ",readonly" if read_only else ""
    return "--mount", f"type=bind,source={folder},target={where}{mode}"


def found(words: tuple[str, ...], *, image: bool) -> Trainer:
    """The trainer that is meant: a command if there is such a program, else an image that an engine here has.

    CannotCheckError when it is neither.
    """
    missing = "" if image else no_program(words[0])
    if missing is None:
        return Command(words)
    if len(words) > 1 or (missing and Path(words[0]).is_file()):
        raise CannotCheckError(f"Cannot call the trainer: {missing}.")
    engine = shutil.which("docker") or shutil.which("podman")
    nothing = "" if image else f"There is no program {words[0]} on this machine, and if it is an image: "
    if engine is None:
        raise CannotCheckError(f"{nothing}to run an image takes docker or podman, and there is neither.")
    if not _succeeds(engine, "version"):
        raise CannotCheckError(f"{nothing}no engine answers {Path(engine).name}.")
    if not _succeeds(engine, "image", "inspect", words[0]):
        raise CannotCheckError(f"{nothing}{Path(engine).name} does not have it; pull or build it first.")
    return Image(words[0], engine)


def _succeeds(*argv: str) -> bool:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)  # noqa: S603
    return done.returncode == 0
