"""The options of `kubectl retrain contract check`, each with what it means; what they ask for is done by `runs`."""

import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

BREACHED, NOT_DONE, INTERRUPTED = 1, 2, 130

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
    from retrain_operator.cli.call import interruptible  # noqa: PLC0415  # not for --help
    from retrain_operator.cli.contract.examine import examine  # noqa: PLC0415
    from retrain_operator.cli.contract.sample import Format  # noqa: PLC0415
    from retrain_operator.cli.contract.site import CannotCheckError, Site, found  # noqa: PLC0415
    from retrain_operator.cli.contract.tell import breaches, tell, tell_json  # noqa: PLC0415
    from retrain_operator.cli.contract.trial import Trial  # noqa: PLC0415

    try:
        with interruptible(), TemporaryDirectory(prefix="retrain-check-") as root:
            examined = found(tuple(shlex.split(trainer[0]) if len(trainer) == 1 else trainer), image=image)
            trial = Trial(examined, Site(Path(root)), Format(written), timeout)
            checks = examine(trial, sys.stderr)
    except CannotCheckError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(NOT_DONE) from None
    except KeyboardInterrupt:
        typer.echo("Interrupted: the step under way was ended.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    (tell_json if output == "json" else tell)(examined.title, checks, sys.stdout)
    if breaches(checks):
        raise typer.Exit(BREACHED)
