"""The options of `kubectl retrain try`, each with what it means; what they ask for is done by `command`."""

import sys
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

MANY_WORDS = "the shell makes many words of it, and these are left over"
INSTEAD = {
    "--data": f"put a pattern in quotes, as in --data 'batches/*.csv': {MANY_WORDS}",
    "--champion": f"name one version and no pattern: {MANY_WORDS}",
    "--store": f"name one folder and no pattern: {MANY_WORDS}",
    "--trainer": "put the command in quotes, as in --trainer 'python3 trainer.py': these words are left over",
}
"""What to write, by the option that words are left over behind."""
NAMED_AT_MOST = 3
AS_WRITTEN = "retrain.as_written"
# Each is a list only to see that it is given twice.
Files = Annotated[
    list[str], typer.Option("--filename", "-f", metavar="FILE", help="The policy, in YAML or JSON; - is stdin.")
]
Name = Annotated[
    list[str] | None, typer.Option("--policy", metavar="NAME", help="Which policy, when FILE has several.")
]
Champion = Annotated[
    list[str] | None,
    typer.Option(metavar="URI", help="Folder of the version in service, to compare with. Default: there is none."),
]
Data = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="Batches on this machine. Default: data.source, a path in the trainer's pod."),
]
Store = Annotated[
    list[str] | None,
    typer.Option(metavar="URI", help="Where the candidate is kept, for good. Default: a folder that is removed."),
]
Trainer = Annotated[
    list[str] | None,
    typer.Option(metavar="COMMAND", help="Your own trainer. Default: the one that comes with the project."),
]
Output = Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="What to print.")]


class AsWritten(TyperCommand):
    """A command that knows how its words were written, for those that belong to no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the words before they are parsed."""
        ctx.meta[AS_WRITTEN] = list(args)
        return super().parse_args(ctx, args)


def try_policy(  # noqa: PLR0913  # each option is a parameter
    context: typer.Context,
    *,
    file: Files,
    policy: Name = None,
    champion: Champion = None,
    data: Data = None,
    store: Store = None,
    trainer: Trainer = None,
    output: Output = "text",
) -> None:
    """Run a policy's three steps on this machine and tell the verdict. No cluster is asked.

    The very steps of the trainer and the very verdict of the operator; nothing is rolled out, and nothing is kept but
    in --store. Exits 0 when the candidate would be promoted, 1 when it would not, 2 when that could not be found out.
    """
    if context.args:
        raise _left_over(context.args, context.meta[AS_WRITTEN])
    path, name, trained_by = _once("--filename", file), _once("--policy", policy), _once("--trainer", trainer)
    places = _once("--data", data), _once("--store", store), _once("--champion", champion)
    # What a run takes is imported when there is one, not for --help or another command.
    from retrain_operator.cli.attempt import command  # noqa: PLC0415

    request = command.Request(path or "", name, command.Places(*places), trained_by or "", output == "json")
    raise typer.Exit(command.try_out(request, sys.stdout, sys.stderr))


def _once(option: str, given: list[str] | None) -> str | None:
    """What an option was given, None when it was not; BadParameter when that is nothing, or more than one thing."""
    if not given:
        return None
    if len(given) > 1:
        raise typer.BadParameter(f"give it once; it is given as {' and '.join(given)}", param_hint=option)
    if not given[0].strip():
        raise typer.BadParameter("it is empty; name something, or leave it out", param_hint=option)
    return given[0]


def _left_over(words: list[str], written: list[str]) -> typer.BadParameter:
    """Words that belong to no option are told of the one that they stand behind."""
    last = max(place for place, each in enumerate(written) if each == words[-1])
    before = (each.partition("=")[0] for each in reversed(written[:last]))
    option = next((each for each in before if each.strip("-") and each.startswith("-")), None)
    told = " ".join(words[:NAMED_AT_MOST])
    instead = INSTEAD.get(option or "", "these words belong to no option; put a pattern or a command in quotes")
    return typer.BadParameter(f"{instead}: {told}", param_hint=option)
