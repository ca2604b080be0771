"""The way from this machine into the cluster: kubectl with the cluster's own kubeconfig, and HTTP through its proxy.

The proxy reaches Services by the API server, so it needs no port of its own in the cluster and survives every rollout.
"""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.cluster import paths

NAMESPACE = "demo"
Json = dict[str, Any]
T = TypeVar("T")
BUSY = (502, 503)
"""What the API server says while a Service's pods are being replaced."""
TRIES = 20


class DemoError(Exception):
    """The demo cannot go on; the message says what happened, where, and what to do. It is shown as it is."""


def program() -> list[str]:
    """The cluster's own kubectl, which neither reads nor changes anything of the user's."""
    own = ("--kubeconfig", paths.kubeconfig(), "--cache-dir", paths.kubectl_cache())
    return [str(paths.kubectl()), *map(str, own)]


def kubectl(*words: str, stdin: bytes | None = None, namespace: str | None = NAMESPACE, timeout: float = 180) -> str:
    """What kubectl prints. Raises DemoError with its own words when it fails or takes longer than `timeout` seconds."""
    where = ["--namespace", namespace] if namespace else []
    command = [*program(), *where, *words]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise DemoError(f"`kubectl {' '.join(words)}` did not end within {timeout:.0f} s.") from None
    if done.returncode != 0:
        # The last lines are the error; those before are often the client's own log.
        said = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-2:])
        raise DemoError(f"`kubectl {' '.join(words)}` failed: {said}")
    return done.stdout.decode()


def wait_for(look: Callable[[], T | None], seconds: float, otherwise: Callable[[], str], pause: float = 0.25) -> T:
    """The first answer of `look` that is not None. Raises DemoError with `otherwise()` after as many seconds."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise DemoError(f"{otherwise()} (waited {seconds:.0f} s)")
        time.sleep(pause)
    return found


@dataclass(frozen=True)
class Api:
    """The API server over plain HTTP on loopback."""

    address: str

    def get(self, path: str) -> Json:
        """The object at a path."""
        return self._call(path, None)

    def post(self, path: str, body: Json) -> Json:
        """What answers a JSON body sent to a path; empty when the answer has no body."""
        return self._call(path, json.dumps(body).encode())

    def service(self, name: str, port: int) -> str:
        """The path below which a Service of the demo answers."""
        return f"/api/v1/namespaces/{NAMESPACE}/services/http:{name}:{port}/proxy"

    def _call(self, path: str, body: bytes | None) -> Json:
        request = urllib.request.Request(self.address + path, body, {"Content-Type": "application/json"})
        for _ in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=15) as answer:
                    text = answer.read()
                    return json.loads(text) if text else {}
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")[:300]
                if error.code not in BUSY:
                    raise DemoError(f"{path} answered {error.code}: {said}") from None
            except OSError as error:
                said = str(error)
            time.sleep(0.5)
        raise DemoError(f"{path} did not answer in {TRIES} tries: {said}")


@contextmanager
def api() -> Iterator[Api]:
    """The API server by `kubectl proxy` on a free port of loopback, for as long as the block lasts."""
    with subprocess.Popen(
        [*program(), "proxy", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().strip()
            if not said.startswith("Starting to serve on "):
                raise DemoError(f"`kubectl proxy` did not start: {said or 'it said nothing'}")
            yield Api(f"http://{said.removeprefix('Starting to serve on ')}")
        finally:
            process.terminate()
