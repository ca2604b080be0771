"""What can go wrong between us and the API server: a few types, each made from one answer or from the lack of one.

A message is one sentence of ours, safe to show; what the API server said itself is kept apart in `detail`, bounded.
"""
# ruff: noqa: N818 -- named as what happened, in the API server's own words

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from retrain_operator.edges.request import Request
from retrain_operator.model.plain import plain

LONGEST_RETRY = 300.0

_Text = Annotated[str, AfterValidator(lambda text: plain(text, 512))]


class Cause(BaseModel):
    """One cause of a refusal, as the API server lists it."""

    reason: _Text = ""
    message: _Text = ""
    field: _Text = ""


class _Details(BaseModel):
    kind: _Text = ""
    group: _Text = ""
    name: _Text = ""
    causes: tuple[Cause, ...] = ()
    retry_after: float = Field(0, alias="retryAfterSeconds")


class _Status(BaseModel):
    """The part of `meta/v1 Status` that we read. An answer that is none becomes an empty one."""

    kind: Literal["Status"]
    reason: _Text = ""
    message: _Text = ""
    details: _Details = _Details()


class KubeError(Exception):
    """The API server did not do what was asked. `message` is our sentence, `detail` its own, on one line."""

    def __init__(self, request: Request, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.request = request
        self.message = message
        self.detail = detail


class NotFound(KubeError):
    """The object, the namespace it should be created in, or its whole kind does not exist."""


class Conflict(KubeError):
    """The object is not the one that was read: its resourceVersion or UID differs."""


class AlreadyExists(KubeError):
    """Another object has the name."""


class Expired(KubeError):
    """A list took so long that its continuation is gone."""


class Invalid(KubeError):
    """The API server does not accept the object or the request; asking again changes nothing."""


class Forbidden(KubeError):
    """Refused by impersonation, RBAC, quota, Pod Security or admission.

    `kind`, `group`, `name` and `causes` are those of Status.details. When the operator may not act as the account,
    `kind` is `serviceaccounts`, whatever was asked for.
    """

    def __init__(self, request: Request, message: str, detail: str = "", details: _Details | None = None) -> None:
        super().__init__(request, message, detail)
        details = details or _Details()
        self.kind, self.group, self.name, self.causes = details.kind, details.group, details.name, details.causes


class Throttled(KubeError):
    """The API server asks for patience of `retry_after` seconds."""

    def __init__(self, request: Request, message: str, detail: str, retry_after: float) -> None:
        super().__init__(request, message, detail)
        self.retry_after = retry_after


class Unavailable(KubeError):
    """The API server failed, or could not be reached. A write may have been done all the same."""


class TimedOut(Unavailable):
    """No answer came in time. A write may have been done all the same."""


def refusal(request: Request, code: int, body: bytes, retry_after: str = "") -> KubeError:
    """The error that an answer with status `code` is. `retry_after` is the answer's header of that name."""
    try:
        status = _Status.model_validate_json(body)
    except ValidationError:
        status = _Status(kind="Status")
    detail = status.message
    match code:
        case 403:
            who = request.account or "the operator"
            return Forbidden(request, f"The API server forbids {who} to {request}.", detail, status.details)
        case 404:
            return NotFound(request, _missing(request, status), detail)
        case 409 if status.reason == "AlreadyExists":
            return AlreadyExists(request, f"There already is {request.thing}.", detail)
        case 409:
            return Conflict(request, f"Since it was read, {request.thing} has changed; look again.", detail)
        case 410:
            return Expired(request, f"The list of {request.thing} took too long; start over.", detail)
        case 429:
            wait = _seconds(retry_after, status.details.retry_after)
            return Throttled(request, f"The API server is busy: {request} again in {wait:g} s.", detail, wait)
        case 401:
            words = "does not accept the operator's credentials (HTTP 401); renew its token or kubeconfig"
        case _ if 400 <= code < 500:
            return Invalid(request, f"The API server does not accept the request to {request} (HTTP {code}).", detail)
        case _:
            words = f"failed (HTTP {code}); ask again"
    return Unavailable(request, f"Asked to {request}, the API server {words}.", detail)


def _missing(request: Request, status: _Status) -> str:
    resource = request.resource
    if not status.details.name and not status.details.kind:
        group = f"{resource.group}/{resource.version}" if resource.group else resource.version
        return f"The API server does not serve {resource.plural} of {group}; install what defines them."
    if status.details.kind == "namespaces" and resource.plural != "namespaces":
        return (
            f"There is no namespace {request.namespace}; create it before you {request.verb} {resource.plural} in it."
        )
    return f"There is no {request.thing}."


def _seconds(header: str, detail: float) -> float:
    """How long to wait: as the header says, else the Status, else a second. Never longer than five minutes."""
    wait = float(header) if header.isascii() and header.isdigit() else detail
    return min(max(wait, 1.0), LONGEST_RETRY)
