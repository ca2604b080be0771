"""`python -m tests.cluster up|down|images|env`: the cluster for tests and demo."""

import argparse
import os
import shlex
import sys

from tests.cluster import paths
from tests.cluster.command import ClusterError


def main() -> int:
    """Run one command; what only a person can put right is printed and gives exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "images", "env"])
    command = parser.parse_args().command
    try:
        if command == "env":
            print_environment()
        else:
            run(command)
    except ClusterError as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; what is done is kept, and the same command goes on from there.", file=sys.stderr)
        return 130
    return 0


def run(command: str) -> None:
    """Do one command; each imports only what it needs, so that `up` on a running cluster is quick."""
    if command == "up":
        from tests.cluster.cluster import up  # noqa: PLC0415

        up()
    elif command == "down":
        from tests.cluster.cluster import down  # noqa: PLC0415

        down()
    else:
        from tests.cluster.images import load  # noqa: PLC0415

        load()


def print_environment() -> None:
    """Lines for `eval "$(python -m tests.cluster env)"`."""
    if not paths.docker_host_file().exists():
        raise ClusterError("There is no cluster.", todo="run `make cluster` first.")
    environment = {
        "KUBECONFIG": str(paths.kubeconfig()),
        "KUBECACHEDIR": str(paths.kubectl_cache()),
        "DOCKER_HOST": paths.docker_host(),
        "PATH": f"{paths.kubectl().parent}:{os.environ['PATH']}",
        **paths.images(),
    }
    for name, value in environment.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    sys.exit(main())
