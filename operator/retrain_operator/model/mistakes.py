"""What pydantic finds wrong with a spec, in words for the person who wrote it: what is expected, never a pattern.

The operator says it of a policy that it cannot follow, and `kubectl retrain lint` of one that is not applied yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from retrain_operator.model.scalars import duration_text

Path = tuple[str | int, ...]

REQUIRED = "is required"
QUOTED_AT_MOST = 60
LABEL = "lower-case letters, digits and - only, such as churn-serving"
PATTERNS: Mapping[str, str] = {
    r"^([0-9]{1,6}(h|m|s))+$": "a duration such as 90s, 5m or 1h30m",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": LABEL,
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$": f"{LABEL} or churn.v2",
    r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$": "http:// or https:// with a host, perhaps a port, "
    "and nothing behind, such as https://prometheus.shop:9090",
    r"^[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*$": "an IANA time zone such as Europe/Berlin",
    r"^(file|s3)://[^\s?#%\\]+$": "a file:// or s3:// URI without spaces, ?, #, % and \\, such as file:///models/churn",
    r"^(file|s3)://[^\s?#%$\\]+$": "a file:// or s3:// URI without spaces, ?, #, %, dollar signs and \\, such as "
    "file:///models/churn",
    r"^[A-Z][A-Za-z0-9]{1,63}$": "the name of a scikit-learn class without its module, such as SGDClassifier",
    r"^[^\s]+$": "an image without spaces, such as retrain-trainer:0.1.0",
    r"^[0-9]+(\.[0-9]+)?m?$": "cores such as 500m or 2",
    r"^[0-9]+(\.[0-9]+)?(k|Ki|[MGT]i?)?$": "an amount of memory such as 512Mi or 4Gi",
    r"^/[A-Za-z0-9/_.-]*$": "a path that begins with / and has only letters, digits, _, . and -, such as /data",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and _ only, no digit first, such as MODEL_URI",
    r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9]+((alpha|beta)[0-9]+)?$": "an API version such as apps/v1",
    "^[A-Z][A-Za-z0-9]*$": "a kind as Kubernetes writes it, such as Deployment",
    r"^spec(\.[A-Za-z][A-Za-z0-9_-]*)+$": "a field below spec, such as spec.predictor.model.storageUri",
    r"^[a-z][a-z0-9_]{0,62}$": "lower-case letters, digits and _ only, a letter first, such as log_loss",
}
"""What a user may write where a field of the API has that pattern."""
_KINDS = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "model_type": "a mapping of fields",
    "dict_type": "a mapping of fields",
    "tuple_type": "a list",
    "list_type": "a list",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: in which field, and what it must be or have instead, to follow the field's name."""

    path: Path
    message: str
    unquoted: bool = False
    """Whether it must be text and only lacks the quotes: whoever knows what is written there can say it better."""

    @property
    def field(self) -> str:
        """The field as people write it: spec.triggers[0].schedule.cron."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).removeprefix(".")


def mistakes(error: ValidationError, *parents: str) -> tuple[Mistake, ...]:
    """All that pydantic found, in its order; `parents` lead to what was validated."""
    found = error.errors(include_url=False)
    return tuple(
        Mistake((*parents, *_location(each)), _message(each), unquoted=_is_unquoted(each))
        for each in found
        if not _is_an_echo(each, found)
    )


def _location(detail: ErrorDetails) -> Path:
    return tuple(part for part in detail["loc"] if part != "[key]")


def _is_an_echo(detail: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """Whether pydantic calls a list too short, or has no default, only because what it takes for that is wrong."""
    here = detail["loc"]
    return detail["type"] == "default_factory_not_called" or (
        detail["type"] == "too_short"
        and any(len(each["loc"]) > len(here) and each["loc"][: len(here)] == here for each in found)
    )


def _is_unquoted(detail: ErrorDetails) -> bool:
    return detail["type"] == "string_type" and isinstance(detail["input"], bool | int | float)


def in_quotes(text: str) -> str:
    """What is wrong with text that stands without quotes."""
    return f'must be text: write it in quotes, "{text}"'


def _message(detail: ErrorDetails) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    match kind:
        case "missing":
            return REQUIRED
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return f"must be {PATTERNS.get(context['pattern'], 'of another form')}; it is {quoted(given)}"
        case "enum" | "literal_error":
            return f"must be {str(context['expected']).replace(chr(39), '')}; it is {quoted(given)}"
        case "too_short" | "too_long" | "string_too_short" | "string_too_long":
            return _wrong_length(kind, context)
        case _ if kind in _KINDS:
            return _wrong_kind(_KINDS[kind], given)
        case _ if kind in _BOUNDS:
            bound, words = _BOUNDS[kind]
            return f"must be {words} {context[bound]}; it is {quoted(given)}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _wrong_length(kind: str, context: Mapping[str, Any]) -> str:
    what = "character" if kind.startswith("string") else "entry"
    if kind.endswith("long"):
        return f"may have at most {_counted(context['max_length'], what)}"
    return "must not be empty" if context["min_length"] == 1 else f"needs {_counted(context['min_length'], what)}"


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {'entries' if what == 'entry' else f'{what}s'}"


def _wrong_kind(expected: str, given: object) -> str:
    match given:
        case bool() | int() | float() if expected == "text":
            return in_quotes(quoted(given))
        case dict():
            return f"must be {expected}, not a mapping of fields"
        case list() | tuple():
            return f"must be {expected}, not a list"
        case None:
            return f"must be {expected}, not empty"
        case _:
            return f"must be {expected}; it is {quoted(given)}"


def quoted(given: object) -> str:
    """What a user wrote, short and on one line, whatever characters it has."""
    match given:
        case bool():
            return str(given).lower()
        case timedelta():
            return duration_text(given)
        case str() if len(given) > QUOTED_AT_MOST:
            return f"{given[:QUOTED_AT_MOST]!r}…"
        case _:
            return repr(given)[: 2 * QUOTED_AT_MOST]
