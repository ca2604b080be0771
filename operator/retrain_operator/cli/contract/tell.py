"""The list of checks, for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TextIO

from rich.table import Table
from rich.text import Text

from retrain_operator.cli.contract.breach import Breach, Check
from retrain_operator.cli.printing import printing

WIDTH = 80
"""Of the page where it is no terminal's that decides."""
PAGE = "docs/contract.md"


def tell(title: str, checks: Sequence[Check], out: TextIO) -> None:
    """Print a line for each check, and below it what was expected and what came instead."""
    table = Table.grid(padding=(0, 2))
    for check in checks:
        table.add_row(_mark(check), Text(check.title))
        if check.skipped:
            table.add_row("", Text(check.skipped, "dim"))
        for breach in check.breaches:
            table.add_row("", _told(breach))
    with printing(out, WIDTH) as console:
        console.print(Text(f"Trainer: {title}\n"))
        console.print(table)
        console.print(Text(f"\n{summary(checks)}", "red" if breaches(checks) else "green"))


def tell_json(title: str, checks: Sequence[Check], out: TextIO) -> None:
    """Print one object: trainer, kept, and checks with their breaches."""
    told = [{**asdict(check), "breaches": [_object(each) for each in check.breaches]} for check in checks]
    json.dump({"trainer": title, "kept": not breaches(checks), "checks": told}, out, indent=2)
    out.write("\n")


def breaches(checks: Sequence[Check]) -> int:
    """How many there are."""
    return sum(len(check.breaches) for check in checks)


def summary(checks: Sequence[Check]) -> str:
    """One line on all."""
    count, done = breaches(checks), sum(not check.skipped for check in checks)
    many = f"{done} of {len(checks)} checks" if done < len(checks) else f"{done} checks"
    if not count:
        return f"No breach of the contract in {many}."
    return f"{count} {'breach' if count == 1 else 'breaches'} of the contract in {many}."


def _mark(check: Check) -> Text:
    if check.breaches:
        return Text("BREACH", "bold red")
    return Text("skipped", "dim") if check.skipped else Text("ok", "green")


def _told(breach: Breach) -> Table:
    table = Table.grid(padding=(0, 1))
    for name, words in (
        (breach.step, ""),
        ("  expected", breach.expected),
        ("  came", breach.came),
        ("  see", f"{PAGE}#{breach.see}"),
    ):
        table.add_row(Text(name), Text(words))
    return table


def _object(breach: Breach) -> dict[str, str]:
    return {**asdict(breach), "see": f"{PAGE}#{breach.see}"}
