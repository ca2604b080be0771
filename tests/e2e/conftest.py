"""The stage of the end-to-end stories: the operator as users install it, a real Prometheus, a tenant's namespace."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import install
from tests.e2e.stage import Tenant, kubectl


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The operator, put there by one worker at a time: of two that create the same object one would fail."""
    with (tmp_path_factory.getbasetemp().parent / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install.operator(tmp_path_factory.mktemp("operator"))


@pytest.fixture
def tenant(installed: None, tmp_path: Path) -> Iterator[Tenant]:
    made = install.tenant(tmp_path)
    yield made
    made.show()
    kubectl("delete", "namespace", made.namespace, "--wait=false")
