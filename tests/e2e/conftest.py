"""The stage of the end-to-end stories: the operator as users install it, a real Prometheus, a tenant's namespace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import install
from tests.e2e.stage import Tenant, kubectl


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers have in common."""
    return tmp_path_factory.getbasetemp().parent


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> None:
    """The operator, put there by one worker at a time: of two that create the same object one would fail."""
    with install.alone(shared):
        install.operator(tmp_path_factory.mktemp("operator"))


@pytest.fixture
def tenant(installed: None, tmp_path: Path) -> Iterator[Tenant]:
    made = install.tenant(tmp_path)
    yield made
    made.describe()
    kubectl("delete", "namespace", made.namespace, "--wait=false")
