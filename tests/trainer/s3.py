"""A real S3 server on the loopback, and a world whose batches and versions live in a bucket of it.

The server is the Versity S3 Gateway: one Go program that keeps objects as files, knows conditional puts and users, and
is built here from Go modules, as the node of the cluster is.
"""

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from retrain_trainer.files.objects import Bucket
from tests.cluster import paths
from tests.cluster.command import logged
from tests.cluster.tools import fingerprint, go
from tests.trainer.world import World

SOURCE = Path(__file__).parent / "gateway"
PROGRAM = "github.com/versity/versitygw/cmd/versitygw"
ADMIN, STRANGER = ("admin", "the secret of the admin"), ("stranger", "the secret of a stranger")
PATIENCE = 20.0


@dataclass(frozen=True)
class Gateway:
    """The server: its address, its program, and the folder in which each bucket is a folder."""

    url: str
    program: Path
    root: Path

    def environment(self, user: tuple[str, str] = ADMIN) -> dict[str, str]:
        """Variables by which a step reaches it as a user."""
        key, secret = user
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
        }

    def add_user(self, user: tuple[str, str]) -> None:
        """Know a user who may do nothing."""
        key, secret = ADMIN
        admin = [str(self.program), "admin", "--access", key, "--secret", secret, "--endpoint-url", self.url]
        more = ["create-user", "--access", user[0], "--secret", user[1], "--role", "user"]
        subprocess.run([*admin, *more], check=True, capture_output=True, timeout=PATIENCE)


def build() -> Path:
    """The program, built unless it was before; two processes that ask at once do not both build it."""
    program = paths.cache() / "bin" / f"versitygw-{fingerprint(SOURCE)}"
    program.parent.mkdir(parents=True, exist_ok=True)
    with program.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            draft = program.with_suffix(".draft")
            build = ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(draft), PROGRAM]
            logged([*go(), "-C", str(SOURCE), *build], paths.logs() / "gateway.log", env={"CGO_ENABLED": "0"})
            draft.rename(program)
    return program


@contextmanager
def running(folder: Path, *more: str) -> Iterator[Gateway]:
    """Serve from a folder until the end of the block; `more` are options of the server's own, such as a certificate."""
    program = build()
    places = {name: folder / name for name in ("root", "users", "notes")}
    for place in places.values():
        place.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:{1}".format(*free.getsockname())
    options = ["--port", address, "--quiet", "--iam-dir", str(places["users"]), *more]
    backend = ["posix", "--sidecar", str(places["notes"]), str(places["root"])]
    environment = {"PATH": os.environ["PATH"], "ROOT_ACCESS_KEY": ADMIN[0], "ROOT_SECRET_KEY": ADMIN[1]}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program, *options, *backend], env=environment, stdout=log, stderr=log)
    try:
        _wait(server, address, folder / "log")
        yield Gateway(f"http{'s' * ('--cert' in more)}://{address}", program, places["root"])
    finally:
        server.kill()
        server.wait()


def _wait(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    host, port = address.split(":")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"The gateway did not start: {log.read_text()}")


@dataclass
class BucketWorld(World):
    """A world in a bucket: batches below data/, versions below models/churn/."""

    gateway: Gateway = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.bucket.mkdir()
        self.task["data"]["source"] = f"s3://{self.bucket.name}/data/*"
        for name, value in self.gateway.environment().items():
            self.patch.setenv(name, value)

    @property
    def bucket(self) -> Path:
        """The folder that the server shows as the bucket."""
        return self.gateway.root / f"b-{self.root.name.replace('_', '-').lower()[-50:]}"

    @property
    def store(self) -> Path:
        return self.bucket / "models" / "churn"

    @property
    def store_uri(self) -> str:
        return f"s3://{self.bucket.name}/models/churn"

    @property
    def objects(self) -> Bucket:
        return Bucket(self.bucket.name)

    def write(self, name: str, table: pa.Table) -> Path:
        path = super().write(name, table)
        self.objects.put(f"data/{name}", path)
        return path

    def environment(self, name: str, **changes: Any) -> dict[str, str]:
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return {**super().environment(name, **changes), **aws}

    def versions(self) -> list[str]:
        """Names of all that stands in the store, versions or not."""
        return sorted({one.key.split("/")[2] for one in self.objects.below("models/churn")})
