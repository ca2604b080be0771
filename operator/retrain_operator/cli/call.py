"""Calls one step of a trainer as a process of this machine, with what its container would find in a pod.

Nothing of a call outlives it: whatever ends it, a time that is over or Ctrl-C, takes its processes along.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

WORKSPACE_VARIABLE, ANSWER_VARIABLE = "RETRAIN_WORKSPACE", "RETRAIN_ANSWER"
"""Where a step finds what a pod would have mounted for it."""
TRIED_VARIABLE = "RETRAIN_TRIED"
"""Tells a step that it runs in no cluster, and for which policy: pages then promise no rollout."""
INTERRUPTED = 130
"""Exit code of a command that was interrupted, as shells have it."""
LONGEST_ANSWER = 1 << 16
"""Bytes of an answer that are read: enough to tell by how much it is too long."""
LONGEST_LOG = 4000
"""Bytes of the end of a log that are kept."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is called: a program with its arguments, all its variables, and the file that it leaves its answer in.

    `cleanup` is a command that ends what killing the program leaves behind, such as a container.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str]
    answer: Path
    cleanup: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call. `code` is None when its time was over before it ended; a signal's code is negative."""

    code: int | None
    answer: bytes
    log: str
    started: datetime
    ended: datetime


def call(this: Call, seconds: float, *, terminate_after: float | None = None) -> Called:
    """Call it, for so many seconds at most. Of `terminate_after` it gets SIGTERM then, as from a node that is drained.

    OSError when there is no such program.
    """
    this.answer.write_bytes(b"")
    log = this.answer.with_suffix(".log")
    started = now()
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  # the user's own command, without a shell
            this.argv, env=this.variables, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            code = _waited(process, seconds, terminate_after)
        finally:
            _end(process, this.cleanup)
    return Called(code, _head(this.answer), _tail(log), started, now())


def no_program(name: str) -> str | None:
    """Why a word cannot be called as a program, with how it can be; None when it can."""
    if shutil.which(name):
        return None
    file = Path(name)
    if not file.is_file():
        return f"there is no program {name} on this machine"
    here = name if file.name != name else f"./{name}"
    if os.access(file, os.X_OK):
        return f"{name} is no program on the PATH, but a file: call {here}"
    how = f"call 'python3 {here}'" if file.suffix == ".py" else f"chmod +x {name} makes it so"
    return f"{name} is a file that is not executable: {how}"


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # a command reads the clock itself


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it SIGTERM does what Ctrl-C does, so that what was begun is cleared away."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _waited(process: subprocess.Popen[bytes], seconds: float, terminate_after: float | None) -> int | None:
    if terminate_after is not None:
        try:
            return process.wait(terminate_after)
        except subprocess.TimeoutExpired:
            process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes], cleanup: tuple[str, ...]) -> None:
    """End all processes of the call, those too that it left behind."""
    killed = process.poll() is None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if killed and cleanup:
        subprocess.run(cleanup, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603  # our own


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_ANSWER)
    except OSError:
        return b""  # the step has removed it, or put something else in its place


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - LONGEST_LOG, 0))
        return file.read().decode(errors="replace")
