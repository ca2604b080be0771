"""The options of `kubectl retrain contract check`, each with what it means; what they ask for is done by `command`."""

import sys
from typing import Annotated, Literal

import typer

contract = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The contract with your own trainer.")


@contract.callback()
def of_trainers() -> None:
    """Tell whether a trainer of your own keeps the contract that docs/contract.md describes."""


@contract.command("check")
def check_contract(
    trainer: Annotated[
        list[str],
        typer.Argument(metavar="TRAINER", help="A command, in quotes where it has options of its own, or an image."),
    ],
    *,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long each step may take.")] = 60,
    written: Annotated[
        Literal["csv", "parquet"], typer.Option("--format", help="How the batches of the sample are written.")
    ] = "csv",
    image: Annotated[bool, typer.Option("--image", help="TRAINER is an image, whatever programs there are.")] = False,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="What to print.")] = "text",
) -> None:
    """Run a trainer's steps on sample data, and name each breach of the contract.

    A command is called as it is; an image as in a pod: no root, nothing to write to but its workspace and its store, no
    network. Exits 0 without a breach, 1 with any, 2 when nothing could be checked.
    """
    # What a check takes is imported when there is one, not for --help or another command.
    from retrain_operator.cli.contract import command  # noqa: PLC0415

    request = command.Request(tuple(trainer), image, command.Format(written), timeout, output == "json")
    raise typer.Exit(command.check(request, sys.stdout, sys.stderr))
