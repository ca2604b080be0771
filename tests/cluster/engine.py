"""Finds the Docker engine to use, and speaks with it.

An engine that answers is used as it is. Our own (see `dockerd`) is one more place to look, so that the next command
finds what the last one started.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import paths
from tests.cluster.command import ClusterError, capture, logged, succeeds

PULL_TIMEOUT = 900.0


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answered."""

    host: str
    ours: bool

    @property
    def env(self) -> dict[str, str]:
        """What docker and kind need in their environment to talk with this engine."""
        return {"DOCKER_HOST": self.host}

    def docker(self, *arguments: str, timeout: float = 120) -> str:
        """Run one docker command and return what it prints; raises ClusterError."""
        return capture("docker", "--host", self.host, *arguments, timeout=timeout)

    def has_image(self, reference: str) -> bool:
        """Whether the image is in the engine's own store."""
        return succeeds("docker", "--host", self.host, "image", "inspect", reference)

    def image_id(self, reference: str) -> str:
        """The digest of the image that the reference stands for now; raises ClusterError where there is none."""
        return self.docker("image", "inspect", "--format", "{{.Id}}", reference)

    def pull(self, reference: str) -> bool:
        """Whether the image could be had from a registry; a registry that cannot be reached is an ordinary answer."""
        return succeeds("docker", "--host", self.host, "pull", "--quiet", reference, timeout=PULL_TIMEOUT)

    def build(self, context: Path, reference: str, log: Path, *, target: str = "", **arguments: str) -> None:
        """Build an image from a folder with a Dockerfile, with the old builder where the new one is not installed."""
        options = ["--target", target] if target else []
        for name, value in arguments.items():
            options += ["--build-arg", f"{name}={value}"]
        modern = succeeds("docker", "buildx", "version")
        if modern:
            options.append("--load")
        logged(
            ["docker", "build", "--tag", reference, *options, str(context)],
            log,
            env={**self.env, "DOCKER_BUILDKIT": "1" if modern else "0"},
        )

    def container(self, name: str) -> tuple[str, bool] | None:
        """Id of the container and whether it runs; None where there is no such container."""
        found = self.docker("ps", "--all", "--no-trunc", "--filter", f"name=^{name}$", "--format", "{{.ID}} {{.State}}")
        if not found:
            return None
        identity, state = found.split()
        return identity, state == "running"

    def remove(self, container: str) -> None:
        """Remove a container and its volumes; one that is not there is as good as removed."""
        if self.container(container):
            self.docker("rm", "--force", "--volumes", container)


def our_host() -> str:
    """Where an engine that we started listens."""
    return f"unix://{paths.state()}/engine/docker.sock"


def find() -> Engine | None:
    """The engine to use: ours if it runs, else the one that DOCKER_HOST or docker's current context names.

    None when no engine answers. Raises ClusterError when the user named one in DOCKER_HOST and it does not answer.
    """
    if not shutil.which("docker"):
        return None
    if answers(our_host()):
        return Engine(our_host(), ours=True)
    named = os.environ.get("DOCKER_HOST")
    if named and named != our_host():
        if answers(named):
            return Engine(named, ours=False)
        raise ClusterError(
            f"DOCKER_HOST is {named}, but no Docker engine answers there.",
            todo="start that engine, or unset DOCKER_HOST so that another one is looked for.",
        )
    default = capture("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}", env={"DOCKER_HOST": ""})
    return Engine(default, ours=False) if answers(default) else None


def answers(host: str) -> bool:
    """Whether a Docker engine answers at this address within a few seconds."""
    return succeeds("docker", "--host", host, "version", "--format", "{{.Server.Version}}", timeout=10)
