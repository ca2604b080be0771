"""Runs other programs and turns what goes wrong into a message that says what, where, and what to do.

Short commands return what they print; long ones write to a log of their own and hand over each line as it comes.
"""

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LAST_LINES = 15


class ClusterError(Exception):
    """Something only a person can put right; its text is shown as it is, without a traceback."""

    def __init__(self, what: str, *, todo: str, where: str = "") -> None:
        parts = [what]
        if where:
            parts.append(f"  Where: {where}")
        super().__init__("\n".join([*parts, f"  What to do: {todo}"]))


def capture(*argv: str, env: Mapping[str, str] | None = None, timeout: float = 120) -> str:
    """What the command prints, without the white space around it.

    Raises ClusterError with the command's own words when it fails, is missing, or takes longer than `timeout` seconds.
    """
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, timeout=timeout, env=_environment(env), errors="replace"
        )
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr or failed.stdout).strip() or f"exit code {failed.returncode}, and it said nothing"
        raise ClusterError(
            f"`{' '.join(argv)}` failed.", where=said, todo="read what it said, and try again."
        ) from None
    except FileNotFoundError:
        raise ClusterError(f"`{argv[0]}` is not installed.", todo=f"install {argv[0]} and try again.") from None
    except subprocess.TimeoutExpired:
        raise ClusterError(
            f"`{' '.join(argv)}` did not end within {timeout:.0f} s.", todo="see whether the machine is overloaded."
        ) from None
    return done.stdout.strip()


def succeeds(*argv: str, env: Mapping[str, str] | None = None, timeout: float = 120) -> bool:
    """Whether the command can be run and ends well."""
    try:
        capture(*argv, env=env, timeout=timeout)
    except ClusterError:
        return False
    return True


def logged(
    argv: list[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: Path | None = None,
    on_line: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run a long command, with all that it prints appended to `log` and each line handed to `on_line`.

    Raises ClusterError with the last lines and the path of the log when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    last: deque[str] = deque(maxlen=LAST_LINES)
    command: dict[str, Any] = {"env": _environment(env), "cwd": cwd, "text": True, "errors": "replace"}
    with (
        log.open("a") as out,
        (stdin or Path(os.devnull)).open("rb") as source,
        subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **command) as process,
    ):
        assert process.stdout is not None
        out.write(f"$ {' '.join(argv)}\n")
        for line in process.stdout:
            out.write(line)
            last.append(line.rstrip())
            on_line(line.rstrip())
    if process.returncode != 0:
        said = "\n".join(f"    {line}" for line in last)
        raise ClusterError(
            f"`{' '.join(argv[:3])} ...` failed with exit code {process.returncode}.",
            where=f"{log}, which ends with\n{said}",
            todo="read the log; once the cause is gone, run the same command again: what is done is not done twice.",
        )


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(extra or {})}
