"""What etcd holds, and held, key by key: asked of etcd itself, past the API server, by the certificate of its probes.

Its JSON gateway is on every etcd; a kind node may have no etcdctl.
"""

import http.client
import json
import ssl
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster import paths
from tests.cluster.command import capture

Entry = tuple[str, bytes]
PKI = "/etc/kubernetes/pki/etcd"
ALL_KEYS = {"key": b64encode(b"\0").decode(), "range_end": b64encode(b"\0").decode()}
PAGE = 500


class Etcd:
    """The cluster's etcd."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port, self._context = port, context

    def revision(self) -> int:
        """How many changes there have been."""
        return int(self._page(b"\0", 1)["header"]["revision"])

    def now(self) -> Iterator[Entry]:
        """Every key with its value."""
        after = b"\0"
        while found := self._page(after, PAGE).get("kvs", []):
            yield from map(_entry, found)
            after = b64decode(found[-1]["key"]) + b"\0"

    def since(self, revision: int) -> Iterator[Entry]:
        """Every value that was written after that revision, also where another or none has taken its place."""
        newest, start = self.revision(), revision + 1
        connection = self._connection()
        connection.request("POST", "/v3/watch", json.dumps({"create_request": {**ALL_KEYS, "start_revision": start}}))
        answer = connection.getresponse()
        while start <= newest:
            told = json.loads(answer.readline())["result"]
            assert not told.get("canceled"), f"etcd has forgotten what it held at revision {start}: {told}"
            for event in told.get("events", []):
                start = int(event["kv"]["mod_revision"]) + 1
                yield _entry(event["kv"])
        connection.close()

    def _page(self, first: bytes, limit: int) -> dict[str, Any]:
        connection = self._connection()
        body = {**ALL_KEYS, "key": b64encode(first).decode(), "limit": limit}
        connection.request("POST", "/v3/kv/range", json.dumps(body))
        found: dict[str, Any] = json.load(connection.getresponse())
        connection.close()
        return found

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self._port, context=self._context, timeout=60)


def _entry(found: dict[str, str]) -> Entry:
    return b64decode(found["key"]).decode(), b64decode(found.get("value", ""))


@contextmanager
def etcd(folder: Path) -> Iterator[Etcd]:
    """A way to etcd through the API server, open until the end. The certificate is kept in the folder."""
    pod = f"pod/etcd-{paths.NODE}"
    command = [str(paths.kubectl()), "--kubeconfig", str(paths.kubeconfig()), "-n", "kube-system", "port-forward", pod]
    with subprocess.Popen([*command, ":2379"], stdout=subprocess.PIPE, text=True) as forward:
        try:
            assert forward.stdout is not None
            # Forwarding from 127.0.0.1:PORT -> 2379
            port = int(forward.stdout.readline().split(" -> ")[0].rpartition(":")[2])
            yield Etcd(port, _context(folder))
        finally:
            forward.terminate()


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_file("ca.crt"))
    certificate = folder / "etcd.pem"
    certificate.write_text(f"{_file('healthcheck-client.crt')}\n{_file('healthcheck-client.key')}\n")
    context.load_cert_chain(certificate)
    return context


def _file(name: str) -> str:
    return capture("docker", "--host", paths.docker_host(), "exec", paths.NODE, "cat", f"{PKI}/{name}")
