"""The options of `kubectl retrain try`, each with what it means; what they ask for is done by `command`."""

import sys
from typing import Annotated, Literal

import typer

UNQUOTED = (
    "put a pattern in quotes, as in --data 'batches/*.csv': the shell makes many words of it, and these are left over"
)
File = Annotated[str, typer.Option("--filename", "-f", metavar="FILE", help="The policy, in YAML or JSON; - is stdin.")]
Name = Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Which policy, when FILE has several.")]
Champion = Annotated[
    str | None,
    typer.Option(metavar="URI", help="Folder of the version in service, to compare with. Default: there is none."),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="GLOB", help="Batches on this machine. Default: data.source, a path in the trainer's pod."),
]
Store = Annotated[
    str | None,
    typer.Option(metavar="URI", help="Where the candidate is kept, for good. Default: a folder that is removed."),
]
Trainer = Annotated[
    str, typer.Option(metavar="COMMAND", help="Your own trainer. Default: the one that comes with the project.")
]
Output = Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="What to print.")]


def try_policy(  # noqa: PLR0913  # each option is a parameter
    context: typer.Context,
    *,
    file: File,
    policy: Name = None,
    champion: Champion = None,
    data: Data = None,
    store: Store = None,
    trainer: Trainer = "",
    output: Output = "text",
) -> None:
    """Run a policy's three steps on this machine and tell the verdict. No cluster is asked.

    The very steps of the trainer and the very verdict of the operator; nothing is rolled out, and nothing is kept but
    in --store. Exits 0 when the candidate would be promoted, 1 when it would not, 2 when that could not be found out.
    """
    if context.args:
        words = " ".join(context.args[:3])
        raise typer.BadParameter(f"{UNQUOTED}: {words}", param_hint="--data" if data else None)
    # What a run takes is imported when there is one, not for --help or another command.
    from retrain_operator.cli.attempt import command  # noqa: PLC0415

    places = command.Places(data, store, champion)
    request = command.Request(file, policy, places, trainer, output == "json")
    raise typer.Exit(command.try_out(request, sys.stdout, sys.stderr))
