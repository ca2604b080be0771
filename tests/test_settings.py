"""What an administrator sets: read once, with a default for each, and a wrong one named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from retrain_operator.model.access import Account
from retrain_operator.settings import SettingsError, read_settings


def test_nothing_has_to_be_set() -> None:
    settings = read_settings({"PATH": "/bin"})
    assert (settings.listen_port, settings.workers) == (8080, 16)
    assert settings.prometheus_address == "http://prometheus-operated.monitoring.svc:9090"
    assert settings.sources is None
    assert settings.operator == Account("retrain-system", "retrain-operator")


def test_what_is_set_counts() -> None:
    given = {
        "RETRAIN_PROMETHEUS_ADDRESS": "https://metrics.example/prometheus",
        "RETRAIN_LISTEN_PORT": "9000",
        "RETRAIN_WORKERS": "4",
        "RETRAIN_SOURCES": "/etc/retrain/sources/sources.yaml",
        "RETRAIN_NAMESPACE": "ml",
        "RETRAIN_SERVICE_ACCOUNT": "retrainer",
        "LISTEN_PORT": "1",
    }
    settings = read_settings(given)
    assert (settings.prometheus_address, settings.listen_port, settings.workers) == (
        "https://metrics.example/prometheus",
        9000,
        4,
    )
    assert settings.sources == Path("/etc/retrain/sources/sources.yaml")
    assert settings.operator == Account("ml", "retrainer")


A_URL = "must be an http or https URL without user, query or fragment, such as http://prometheus.monitoring:9090"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROMETHEUS_ADDRESS", "prometheus:9090", A_URL),
        ("PROMETHEUS_ADDRESS", "http://user:canary@prometheus:9090", A_URL),
        ("PROMETHEUS_ADDRESS", "http://prometheus:9090/?a=b", A_URL),
        ("PROMETHEUS_ADDRESS", "http://prometheus:99999", A_URL),
        ("PROMETHEUS_ADDRESS", "http://prome theus", A_URL),
        ("PROMETHEUS_ADDRESS", "", A_URL),
        ("LISTEN_PORT", "0", "must be at least 1; it is '0'"),
        ("LISTEN_PORT", "http", "should be a valid integer"),
        ("WORKERS", "0", "must be at least 1; it is '0'"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read_settings({f"RETRAIN_{name}": value})
    assert str(wrong.value).startswith(f"RETRAIN_{name} ")
    assert told in str(wrong.value)
    assert "canary" not in str(wrong.value)


def test_the_operator_does_not_start_with_a_mistake_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("sources: [{name: default, adress: http://prometheus:9090}]")
    environment = {**os.environ, "RETRAIN_SOURCES": str(tmp_path / "sources.yaml")}
    command = [sys.executable, "-m", "retrain_operator"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{tmp_path}/sources.yaml: sources[0] has no field 'adress'; its fields are name, address, basic, bearer, tls, "
        "tenantHeader, namespaces.\n"
    )
