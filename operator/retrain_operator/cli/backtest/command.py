"""From what was asked on the command line to what is printed: read the policy and its values, replay, tell."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from rich.console import Console

from retrain_operator.cli import policy_file
from retrain_operator.cli.backtest import series
from retrain_operator.cli.backtest.page import panels, show, summary
from retrain_operator.cli.backtest.recorded import Source, fetch
from retrain_operator.cli.backtest.series import Series, SeriesError
from retrain_operator.cli.backtest.story import Story, story
from retrain_operator.cli.policy_file import Draft, PolicyFileError
from retrain_operator.decide.replay import Assumption, Told, replay
from retrain_operator.edges.recording import RecordingError, Window
from retrain_operator.model.run import Outcome

__all__ = ["Assumption", "CannotBacktestError", "Outcome", "Past", "Request", "Source", "backtest"]

MOST_CHECKS = 2_000_000
"""More would take minutes and gigabytes."""
PICTURES = (".png", ".html")


class CannotBacktestError(Exception):
    """What is missing, wrong or does not answer, in a sentence."""


@dataclass(frozen=True, slots=True)
class Past:
    """Which time is asked for, and where; a policy with schedules alone needs no source."""

    since: timedelta
    until: datetime
    source: Source | None


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line."""

    file: str
    policy: str | None
    values: Path | Past
    assumed: Assumption
    as_json: bool
    plot: Path | None


def backtest(request: Request, out: TextIO, err: TextIO) -> None:
    """Print what the policy would have done. Raises CannotBacktestError. JSON stands alone on `out`."""
    if request.plot:
        _check_plot(request.plot)
    try:
        draft = policy_file.read(request.file, request.policy)
        seen = _values(draft, request.values, Console(file=err))
    except (PolicyFileError, SeriesError, RecordingError) as error:
        raise CannotBacktestError(str(error)) from None
    start, end = seen.times[0], seen.times[-1]
    told = list(replay(draft.applied(start), seen.rows(), end, request.assumed))
    summed = story(told, start, end)
    if request.as_json:
        _print_json(told, out)
    else:
        show(draft, seen, summed, request.assumed, out)
    if request.plot:
        _plot(request.plot, draft, seen, summed)


def _values(draft: Draft, values: Path | Past, console: Console) -> Series:
    triggers = draft.spec.triggers
    match values:
        case Path() as path:
            return series.read(path, triggers)
        case Past(since=since, until=until, source=source):
            asking = [trigger.name for trigger in triggers if trigger.query]
            count = since // draft.spec.interval + 1
            if count > MOST_CHECKS:
                words = f"{count:,} checks are too many, {MOST_CHECKS:,} the most; ask for a shorter --since."
                raise CannotBacktestError(words)
            if source is None and asking:
                words = f"--since needs --prometheus URL too: {', '.join(asking)} must be asked somewhere."
                raise CannotBacktestError(words)
            window = Window(until - (count - 1) * draft.spec.interval, draft.spec.interval, count)
            return fetch(triggers, window, source, console) if source else Series(window.moments(), {})


def _print_json(told: Iterable[Told], out: TextIO) -> None:
    """A list of objects, one on each line."""
    mark = "["
    for each in told:
        time = each.at.isoformat().replace("+00:00", "Z")
        line = {"time": time, "trigger": each.trigger, "value": each.value, "decision": each.decision}
        out.write(f"{mark}\n{json.dumps(line)}")
        mark = ","
    out.write("[]\n" if mark == "[" else "\n]\n")


def _check_plot(path: Path) -> None:
    """Told before the work rather than after it."""
    if path.suffix not in PICTURES:
        raise CannotBacktestError(f"--plot writes {' or '.join(PICTURES)}; {path} is neither.")
    if find_spec("matplotlib") is None:
        words = "--plot needs matplotlib, which is not installed: pip install '.[cli,plot]' in a checkout."
        raise CannotBacktestError(words)


def _plot(path: Path, draft: Draft, seen: Series, summed: Story) -> None:
    from retrain_operator.cli.backtest.picture import save  # noqa: PLC0415  # matplotlib is an extra, and takes seconds

    title = f"{draft.namespace}/{draft.name}: when it would have retrained"
    try:
        save(path, title, summary(summed), list(panels(draft.spec.triggers, seen, summed)), summed)
    except OSError as error:
        raise CannotBacktestError(f"{path} cannot be written: {error.strerror}.") from None
