"""How findings are told: one line each for people and for programs that read compilers' lines, or as JSON."""

import json
from dataclasses import asdict
from typing import TextIO

from rich.text import Text

from retrain_operator.cli.lint.findings import Finding, Report
from retrain_operator.cli.printing import printing

PIPE_WIDTH = 10_000


def tell(report: Report, out: TextIO) -> None:
    """Print the findings and a summary. A terminal gets colours and whole words; a pipe gets unbroken lines."""
    with printing(out, PIPE_WIDTH) as console:
        for finding in report.findings:
            console.print(_line(finding), crop=False)
        console.print(Text(summary(report), "red" if report.findings else "green"), crop=False)


def tell_json(report: Report, out: TextIO) -> None:
    """Print the findings as a list of objects with file, line, field, message and policy."""
    json.dump([asdict(finding) for finding in report.findings], out, indent=2)
    out.write("\n")


def summary(report: Report) -> str:
    """One line on all: 3 policies, no findings."""
    if not (report.policies or report.findings):
        return f"No RetrainPolicy in {_counted(report.files, 'file')}."
    found = _counted(len(report.findings), "finding") if report.findings else "no findings"
    return f"{_counted(report.policies, 'policy')}, {found}"


def _counted(count: int, word: str) -> str:
    if count == 1:
        return f"1 {word}"
    return f"{count or 'no'} {word.removesuffix('y')}ies" if word.endswith("y") else f"{count or 'no'} {word}s"


def _line(finding: Finding) -> Text:
    where = Text(f"{finding.file}:{finding.line}" if finding.line else finding.file, "bold")
    field = [Text(finding.field, "cyan")] if finding.field else []
    return Text(": ").join([where, *field, Text(finding.message)])
