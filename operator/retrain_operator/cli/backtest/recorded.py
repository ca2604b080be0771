"""What a Prometheus recorded for each trigger of a policy, asked piece by piece while the progress is shown."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from retrain_operator.cli.backtest.series import Series
from retrain_operator.edges.prometheus import http_session
from retrain_operator.edges.recording import TIMEOUT, Archive, Recorded, RecordingError, Window
from retrain_operator.model.trigger import Trigger


@dataclass(frozen=True, slots=True)
class Source:
    """Which Prometheus is asked, and the headers that it is sent besides."""

    address: str
    headers: Mapping[str, str]


def fetch(triggers: Iterable[Trigger], window: Window, source: Source, console: Console) -> Series:
    """What each trigger's query gave at each moment; equal queries are asked once. Raises RecordingError.

    All are asked at the one address, whatever source they name. What they lack is noted on the console.
    """
    asked: dict[str, list[str]] = {}
    for trigger in triggers:
        if trigger.query:
            asked.setdefault(trigger.query.query, []).append(trigger.name)
    found = asyncio.run(_ask(asked, window, source, console))
    for query, names in asked.items():
        _note(", ".join(names), found[query], console)
    return Series(window.moments(), {name: found[query].values for query, names in asked.items() for name in names})


async def _ask(
    asked: Mapping[str, Sequence[str]], window: Window, source: Source, console: Console
) -> dict[str, Recorded]:
    pieces = list(window.pieces())
    found: dict[str, Recorded] = {}
    async with http_session(TIMEOUT) as session:
        archive = Archive(session, source.address, source.headers)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task("", total=len(asked) * len(pieces))
            for query, names in asked.items():
                progress.update(bar, description=f"Asking for {', '.join(names)}")
                parts = []
                for piece in pieces:
                    try:
                        parts.append(await archive.ask(query, piece))
                    except RecordingError as error:
                        raise RecordingError(f"{', '.join(names)}: {error}") from None
                    progress.advance(bar)
                values = [value for part in parts for value in part.values]
                found[query] = Recorded(values, sum(part.several for part in parts))
    return found


def _note(names: str, recorded: Recorded, console: Console) -> None:
    if recorded.several:
        note = f"its query gave several series at {recorded.several:,} checks, which count as no data; aggregate it."
        console.print(f"Note: {names}: {note}", highlight=False, markup=False, soft_wrap=True)
    elif all(value is None for value in recorded.values):
        note = "its query gave no number in all that time; check its labels, and how long Prometheus keeps its data."
        console.print(f"Note: {names}: {note}", highlight=False, markup=False, soft_wrap=True)
