"""What an administrator sets, from environment variables, once at the start."""

import os
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """The operator's settings. Each is read from RETRAIN_<NAME>; a wrong one stops the start with pydantic's error."""

    model_config = ConfigDict(frozen=True)

    prometheus_address: str = Field("http://prometheus-operated.monitoring.svc:9090", pattern=r"^https?://[^\s@?#]+$")
    """Where triggers are asked: the base address of a Prometheus."""

    listen_port: int = Field(8080, ge=1, le=65535)
    """Port of /metrics and /healthz."""

    workers: int = Field(16, ge=1, le=256)
    """How many policies and runs are worked on at the same time."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process."""
    given = {
        name: environment[f"RETRAIN_{name.upper()}"]
        for name in Settings.model_fields
        if f"RETRAIN_{name.upper()}" in environment
    }
    return Settings.model_validate(given)
