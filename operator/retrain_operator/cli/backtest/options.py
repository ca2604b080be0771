"""The options of `kubectl retrain backtest`, each with what it means; what they ask for is done by `command`."""

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

SPAN = re.compile(r"([0-9]{1,6}[wdhms])+")
SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]+)")


class Ending(StrEnum):
    """How runs are assumed to end."""

    SUCCEEDED = "Succeeded"
    REJECTED = "Rejected"
    FAILED = "Failed"


class Format(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Header:
    """One that is sent with each request."""

    name: str
    value: str


def span(text: str | timedelta) -> timedelta:
    """A time span from `7d`, `20m` or `1h30m`; a default passes as it is."""
    if isinstance(text, timedelta):
        return text
    if not SPAN.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no time span such as 7d, 12h or 1h30m.")
    return timedelta(seconds=sum(int(part[:-1]) * SECONDS[part[-1]] for part in re.findall("[0-9]+[wdhms]", text)))


def moment(text: str) -> datetime:
    """A time in ISO 8601, in UTC where it says no offset, to the second."""
    try:
        at = datetime.fromisoformat(text)
        return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time in ISO 8601 such as 2024-06-01T10:00:00Z.") from None


def header(text: str) -> Header:
    """An HTTP header. The text is not quoted in errors: it may hold a password."""
    found = HEADER.fullmatch(text)
    if not found:
        raise typer.BadParameter("a header is written as 'Name: value', such as 'Authorization: Bearer ...'.")
    return Header(found[1], found[2].rstrip())


File = Annotated[str, typer.Option("--filename", "-f", metavar="FILE", help="The policy, in YAML or JSON; - is stdin.")]
Name = Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Which policy, when FILE has several.")]
Recorded = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="CSV: column time (ISO 8601), then one for each trigger. Empty: no data."),
]
Since = Annotated[
    timedelta | None,
    typer.Option(parser=span, metavar="SPAN", help="Ask Prometheus for so much of the past, such as 7d."),
]
Address = Annotated[
    str | None,
    typer.Option("--prometheus", metavar="URL", help="The Prometheus to ask, whatever source the triggers name."),
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="TIME", help="Where --since ends. Default: now.")
]
Headers = Annotated[
    list[Header] | None,
    typer.Option("--header", parser=header, metavar="HEADER", help="Sent to Prometheus: 'Name: value'. Repeatable."),
]
Lasting = Annotated[
    timedelta,
    typer.Option(parser=span, metavar="SPAN", help="How long each run is assumed to take.", show_default="0s"),
]
Outcome = Annotated[Ending, typer.Option(help="How each run is assumed to end.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="What to print.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw a picture: FILE.png or FILE.html.")]


def backtest_policy(  # noqa: PLR0913  # each option is a parameter
    *,
    file: File,
    policy: Name = None,
    series: Recorded = None,
    since: Since = None,
    prometheus: Address = None,
    until: Until = None,
    headers: Headers = None,
    assume_run: Lasting = timedelta(0),
    assume_outcome: Outcome = Ending.SUCCEEDED,
    output: Output = Format.TEXT,
    plot: Plot = None,
) -> None:
    """Tell when a policy would have retrained, before it is applied.

    Values that were recorded, in a CSV file or by a Prometheus, go through the very decisions that the operator makes.
    No cluster is asked. Times are UTC. Exits 1 when nothing can be replayed.
    """
    # What a replay takes is imported when there is one, not for --help or another command.
    from retrain_operator.cli.backtest import command  # noqa: PLC0415

    if (series is None) == (since is None):
        raise typer.BadParameter("give the values by --series FILE, or ask for them by --since SPAN --prometheus URL.")
    if series and (prometheus or until or headers):
        raise typer.BadParameter("--prometheus, --until and --header belong to --since, not to --series.")
    sent = {each.name: each.value for each in headers or ()}
    source = command.Source(prometheus, sent) if prometheus else None
    values = series or command.Past(since or timedelta(0), until or _now(), source)
    assumed = command.Assumption(assume_run, command.Outcome(assume_outcome))
    request = command.Request(file, policy, values, assumed, output is Format.JSON, plot)
    try:
        command.backtest(request, sys.stdout, sys.stderr)
    except command.CannotBacktestError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  # a door reads the clock
