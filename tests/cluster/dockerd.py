"""A Docker engine of our own, for machines that have none: installs it, starts it, finds its remains, stops it.

It runs in the host's network namespace and outlives the command that started it. Its data stays in the cache, so that
images are built once; socket, pid and log live in the state folder.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.cluster import apt, footprint, paths
from tests.cluster.command import ClusterError
from tests.cluster.engine import Engine, answers, find, our_host
from tests.cluster.progress import say

START_TIMEOUT = 60.0
STOP_TIMEOUT = 60.0
LONGEST_SOCKET_PATH = 107
LONGEST_SOCKET_NAME = "/exec/containerd/containerd-debug.sock"
SYS_RESOURCE = 1 << 24  # CAP_SYS_RESOURCE, see capabilities(7)
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def start() -> Engine:
    """An engine that answers: ours, or the system's if installing the package started one.

    Raises ClusterError where this machine or this user cannot run one.
    """
    _check_machine()
    if not shutil.which("dockerd", path=_path()):
        say("No Docker engine answers; installing Debian's docker.io.")
        apt.install("docker.io", purpose="to run the cluster, because no Docker engine answers,")
        if system := find():
            return system
    _clear_remains()
    footprint.remember(_before())
    log = _folder() / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            _command(), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/", env=_env()
        )
    deadline = time.monotonic() + START_TIMEOUT
    while not answers(our_host()):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise ClusterError(
                "The Docker engine was started, but does not answer.",
                where=f"{log}, which ends with\n{_tail(log)}",
                todo="see what is missing; dockerd needs root, cgroups and the right to mount and to set up bridges.",
            )
        time.sleep(0.1)
    return Engine(our_host(), ours=True)


def stop() -> None:
    """Stop our engine if it runs and remove what it left on the host; its data in the cache stays."""
    if pid := _pid():
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while _pid() and time.monotonic() < deadline:
            time.sleep(0.1)
        if _pid():
            raise ClusterError(
                f"The Docker engine (process {pid}) did not stop within {STOP_TIMEOUT:.0f} s.",
                where=str(_folder() / "log"),
                todo=f"stop it with `kill -9 {pid}` and run the same command again.",
            )
    if _folder().exists():
        _clear_remains()
        footprint.undo(_before())
        shutil.rmtree(_folder())


def data() -> Path:
    """Images and containers of our engine."""
    return paths.cache() / "docker"


def _folder() -> Path:
    return paths.state() / "engine"


def _before() -> Path:
    return _folder() / "host-before.json"


def _check_machine() -> None:
    if os.geteuid() != 0 or not Path("/proc/self/status").exists():
        raise ClusterError(
            "No Docker engine answers, and only root on Linux can start one.",
            where="looked at DOCKER_HOST and at the current context of docker, if there is a docker command",
            todo="start Docker (and see that you may use it), or name an engine in DOCKER_HOST.",
        )
    if len(f"{_folder()}{LONGEST_SOCKET_NAME}") > LONGEST_SOCKET_PATH:
        raise ClusterError(
            f"The path {_folder()} is too long: a socket below it would pass {LONGEST_SOCKET_PATH} characters.",
            todo="set XDG_STATE_HOME to a shorter folder.",
        )


def _command() -> list[str]:
    folder = _folder()
    command = ["dockerd", "--host", our_host(), "--pidfile", f"{folder}/pid", "--exec-root", f"{folder}/exec"]
    # No bridge of its own: the node is on the network that kind makes, and builds need no network at all.
    command += ["--data-root", str(data()), "--bridge", "none"]
    if not _may_use_sys_resource():
        runtime = shutil.copy(paths.SOURCE / "runc-without-sys-resource", folder)
        Path(runtime).chmod(0o755)
        command += ["--add-runtime", f"retrain={runtime}", "--default-runtime", "retrain"]
    return command


def _may_use_sys_resource() -> bool:
    found = re.search(r"^CapBnd:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) & SYS_RESOURCE)


def _env() -> dict[str, str]:
    return {**os.environ, "PATH": _path()}


def _path() -> str:
    return f"{os.environ.get('PATH', '/usr/bin:/bin')}:{SBIN}"


def _pid(name: str = "pid") -> int | None:
    """The live process that a pid file of our engine names; a number in a file may since belong to a stranger."""
    file = _folder() / name
    pid = int(file.read_text() or 0) if file.exists() else 0
    return pid if pid in footprint.processes(str(_folder())) else None


def _clear_remains() -> None:
    """Remove what an engine that was killed has left, once nothing of it runs any more.

    A container that outlived its engine is left to the next one, which takes it over.
    """
    for name in ("pid", "exec/containerd/containerd.pid"):
        if not _pid(name):
            (_folder() / name).unlink(missing_ok=True)
    if not footprint.processes(str(_folder())):
        footprint.unmount(_folder())
        footprint.unmount(data())
        shutil.rmtree(_folder() / "exec", ignore_errors=True)
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)


def _tail(log: Path) -> str:
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-8:])
