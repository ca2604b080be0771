"""Small values that stand in many places of the API: names, durations, times, sentences.

Each carries its own schema, so that a field's type is all that a custom resource definition needs to know of it.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema

DURATION = r"^([0-9]{1,6}(h|m|s))+$"
LONGEST_DURATION = 32
_UNITS = {"h": 3600, "m": 60, "s": 1}


def duration(value: object) -> timedelta:
    """A time span from `90s`, `5m` or `1h30m`; a timedelta passes as it is. ValueError names what was written."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or len(value) > LONGEST_DURATION or not re.fullmatch(DURATION, value):
        raise ValueError(f"{value!r} is not a duration such as 90s, 5m or 1h30m")
    return timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)(h|m|s)", value)))


def duration_text(span: timedelta) -> str:
    """The shortest writing that `duration` reads back, such as 1h30m. Fractions of a second are dropped."""
    seconds = int(span.total_seconds())
    parts = [f"{seconds // 3600}h", f"{seconds % 3600 // 60}m", f"{seconds % 60}s"]
    return "".join(part for part in parts if part[0] != "0") or "0s"


def time_text(at: datetime) -> str:
    """RFC 3339 in UTC to the second, as Kubernetes writes times."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION, "maxLength": LONGEST_DURATION}),
]
Time = Annotated[
    AwareDatetime,
    AfterValidator(lambda at: at.astimezone(UTC)),
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 64}),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=63)]
"""An RFC 1123 label: what most Kubernetes objects are called."""

DottedName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", min_length=1, max_length=253),
]
"""An RFC 1123 subdomain: what Deployments, Secrets and ConfigMaps may be called."""

CamelWord = Annotated[str, Field(pattern="^[A-Za-z]*$", max_length=64)]
Sentence = Annotated[str, Field(max_length=1024)]
