"""What an administrator sets, from environment variables, once at the start."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from yarl import URL

from retrain_operator.model.access import OPERATOR, Account
from retrain_operator.model.mistakes import mistakes
from retrain_operator.model.scalars import DottedName, Name


class SettingsError(Exception):
    """The operator cannot start as it is configured. The text names the setting and the mistake."""


def _base_address(text: str) -> str:
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    extra = url.user or url.password or url.query_string or url.fragment or any(each.isspace() for each in text)
    if url.scheme not in ("http", "https") or not url.host or extra:
        raise ValueError(
            "must be an http or https URL without user, query or fragment, such as http://prometheus.monitoring:9090"
        )
    return text


Address = Annotated[str, AfterValidator(_base_address)]
"""Where the pages of a Prometheus begin, with or without a path."""


class Settings(BaseModel):
    """The operator's settings. Each is read from RETRAIN_<NAME>."""

    model_config = ConfigDict(frozen=True)

    prometheus_address: Address = "http://prometheus-operated.monitoring.svc:9090"
    """The source that triggers ask which name none, unless the file of sources names a default."""

    sources: Path | None = None
    """The file that names the sources."""

    listen_port: int = Field(8080, ge=1, le=65535)
    """Port of /metrics and /healthz."""

    workers: int = Field(16, ge=1, le=256)
    """How many policies and runs are worked on at the same time."""

    namespace: Name = OPERATOR.namespace
    """Where the operator runs."""

    service_account: DottedName = OPERATOR.name
    """What it runs as there."""

    @property
    def operator(self) -> Account:
        """Whom a tenant lets in."""
        return Account(self.namespace, self.service_account)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. SettingsError names a wrong one."""
    given = {
        name: environment[f"RETRAIN_{name.upper()}"]
        for name in Settings.model_fields
        if f"RETRAIN_{name.upper()}" in environment
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"RETRAIN_{each.field.upper()} {each.message}" for each in mistakes(error))
        raise SettingsError(f"{wrong}.") from None
