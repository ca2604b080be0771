"""What an administrator sets: read once, with a default for each, and a wrong one named."""

import pytest
from pydantic import ValidationError

from retrain_operator.settings import read_settings


def test_nothing_has_to_be_set() -> None:
    settings = read_settings({"PATH": "/bin"})
    assert (settings.listen_port, settings.workers) == (8080, 16)
    assert settings.prometheus_address == "http://prometheus-operated.monitoring.svc:9090"


def test_what_is_set_counts() -> None:
    given = {
        "RETRAIN_PROMETHEUS_ADDRESS": "https://metrics.example/prometheus",
        "RETRAIN_LISTEN_PORT": "9000",
        "RETRAIN_WORKERS": "4",
        "LISTEN_PORT": "1",
    }
    settings = read_settings(given)
    assert (settings.prometheus_address, settings.listen_port, settings.workers) == (
        "https://metrics.example/prometheus",
        9000,
        4,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROMETHEUS_ADDRESS", "prometheus:9090"),
        ("PROMETHEUS_ADDRESS", "http://user:password@prometheus:9090"),
        ("PROMETHEUS_ADDRESS", "http://prometheus:9090/?a=b"),
        ("PROMETHEUS_ADDRESS", ""),
        ("LISTEN_PORT", "0"),
        ("LISTEN_PORT", "http"),
        ("WORKERS", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        read_settings({f"RETRAIN_{name}": value})
    assert name.lower() in str(wrong.value)
