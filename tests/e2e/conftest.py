"""The stage of the end-to-end stories: the operator as users install it, a real Prometheus, a tenant's namespace."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import install
from tests.e2e.stage import MONITORING, Tenant, kubectl


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> None:
    install.operator(tmp_path_factory.mktemp("operator"))


@pytest.fixture
def tenant(installed: None, tmp_path: Path) -> Iterator[Tenant]:
    made = install.tenant(tmp_path)
    yield made
    made.show()
    kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture
def metrics(installed: None) -> Iterator[Callable[[str], None]]:
    """Set what the exporter shows to Prometheus; nothing afterwards."""

    def set_to(text: str) -> None:
        write = f"printf '%s\\n' '{text}' > /srv/metrics.new && mv /srv/metrics.new /srv/metrics"
        kubectl("-n", MONITORING, "exec", "deployment/exporter", "--", "sh", "-c", write)

    set_to("")
    yield set_to
    set_to("")
