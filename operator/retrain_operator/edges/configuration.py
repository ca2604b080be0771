"""The sources that an administrator names, from a YAML file: where each is, how it is asked, and who may ask it.

Material that is secret stands in files of its own that the configuration names; it is read anew whenever it is used.
"""

import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from yarl import URL

from retrain_operator.model.mistakes import mistakes, quoted
from retrain_operator.model.scalars import Name
from retrain_operator.settings import Address, SettingsError

DEFAULT = "default"
"""The source of triggers that name none."""
_OURS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "cookie"}
)
_OURS |= {"expect", "host", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}


def _file(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _header(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) or name.lower() in _OURS:
        raise ValueError("must be the name of a header that tells tenants apart, such as X-Scope-OrgID")
    return name


def _template(text: str) -> str:
    if not re.fullmatch(r"([!-z|~]|\{namespace\}){1,256}", text):
        raise ValueError('must be text in ASCII without spaces, where "{namespace}" stands for the policy\'s namespace')
    return text


def place_of(address: str) -> str:
    """Host and port of an address, as allowedAddresses has them. ValueError if it is no URL."""
    url = URL(address)
    return f"{url.host_subcomponent}:{url.port}"


def _place(text: str) -> str:
    with suppress(ValueError):
        if re.fullmatch(r"[a-z0-9.:\[\]-]+", text) and place_of(f"http://{text}") == text:
            return text
    raise ValueError("must be a host in lower case and a port, such as prometheus.shop:9090")


_File = Annotated[Path, AfterValidator(_file)]
_Place = Annotated[str, AfterValidator(_place)]


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _knows_all_fields(cls, given: object) -> object:
        fields = [str(field.alias) for field in cls.model_fields.values()]
        if isinstance(given, dict) and (unknown := [name for name in given if name not in fields]):
            raise ValueError(f"has no field {quoted(unknown[0])}; its fields are {', '.join(fields)}")
        return given


class Basic(_Block):
    """A user name, and the file with its password."""

    username: str = Field(min_length=1)
    password_file: _File


class Bearer(_Block):
    """The file with a token."""

    token_file: _File


class Tls(_Block):
    """Files in PEM: the authority to trust instead of the system's, and a certificate of ours with its key."""

    ca_file: _File | None = None
    cert_file: _File | None = None
    key_file: _File | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("certFile and keyFile go together")
        if self.ca_file is None and self.cert_file is None:
            raise ValueError("needs caFile, or certFile and keyFile, or all three")
        return self


class TenantHeader(_Block):
    """A header that tells the source whose data may be seen. `{namespace}` in its value is that of the policy."""

    name: Annotated[str, AfterValidator(_header)]
    value: Annotated[str, AfterValidator(_template)]

    @property
    def tells_who_asks(self) -> bool:
        """Whether it differs from namespace to namespace."""
        return "{namespace}" in self.value

    def of(self, namespace: str) -> dict[str, str]:
        """The header for policies of a namespace."""
        return {self.name: self.value.replace("{namespace}", namespace)}


class ConfiguredSource(_Block):
    """One source."""

    name: Name
    address: Address
    basic: Basic | None = None
    bearer: Bearer | None = None
    tls: Tls | None = None
    tenant_header: TenantHeader | None = None
    namespaces: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """Whose policies may name it; None for all."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.basic and self.bearer:
            raise ValueError("has both basic and bearer; leave one of them")
        if self.tls and not self.address.startswith("https:"):
            raise ValueError("has tls, so its address must begin with https")
        return self


class Configuration(_Block):
    """All that may be asked."""

    sources: tuple[ConfiguredSource, ...] = ()
    allowed_addresses: tuple[_Place, ...] = ()
    """Host and port of what all policies may name by address."""
    tenant_addresses: dict[Name, tuple[_Place, ...]] = {}
    """What only policies of one namespace may name as well, by the namespace."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        counted = Counter(each.name for each in self.sources)
        if twice := [name for name, count in counted.items() if count > 1]:
            raise ValueError(f'two sources are called "{twice[0]}"')
        return self


def read_configuration(path: Path | None, default_address: str) -> Configuration:
    """The configuration in a file, if there is one. Without a source called default, it is the one at that address.

    SettingsError names the field and the mistake.
    """
    configuration = _parsed(path) if path else Configuration()
    if any(each.name == DEFAULT for each in configuration.sources):
        return configuration
    default = ConfiguredSource(name=DEFAULT, address=default_address)
    return configuration.model_copy(update={"sources": (*configuration.sources, default)})


def _parsed(path: Path) -> Configuration:
    try:
        said = yaml.safe_load(path.read_bytes())
        return Configuration.model_validate({} if said is None else said)
    except OSError as error:
        raise SettingsError(f"RETRAIN_SOURCES: {path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}{where}: this is not YAML.") from None
    except ValidationError as error:
        wrong = "; ".join(f"{each.field} {each.message}".strip() for each in mistakes(error))
        raise SettingsError(f"{path}: {wrong}.") from None
