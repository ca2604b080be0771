"""The options of `kubectl retrain try`, each with what it means; what they ask for is done by `run`."""

import shlex
import sys
from typing import Annotated, Literal

import typer

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
    str | None, typer.Option(metavar="COMMAND", help="Your own trainer. Default: the one that comes with the project.")
]
Output = Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="What to print.")]

PROMOTED, NOT_PROMOTED, NOT_DONE, INTERRUPTED = 0, 1, 2, 130


def try_policy(  # noqa: PLR0913  # each option is a parameter
    *,
    file: File,
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
    # What a run takes is imported when there is one, not for --help or another command.
    from retrain_operator.cli.attempt.page import show  # noqa: PLC0415
    from retrain_operator.cli.attempt.places import CannotTryError, Places  # noqa: PLC0415
    from retrain_operator.cli.attempt.run import attempt  # noqa: PLC0415
    from retrain_operator.cli.attempt.tell import tell_json  # noqa: PLC0415
    from retrain_operator.cli.call import interruptible  # noqa: PLC0415
    from retrain_operator.cli.policy_file import PolicyFileError, read  # noqa: PLC0415
    from retrain_operator.cli.watching import Watching  # noqa: PLC0415
    from retrain_operator.model.run import Outcome  # noqa: PLC0415

    places = Places(data, store, champion)
    try:
        with interruptible():
            watching = Watching(sys.stderr, ("Collect", "Train", "Evaluate"))
            tried = attempt(read(file, policy), places, tuple(shlex.split(trainer or "")), watching)
    except (PolicyFileError, CannotTryError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(NOT_DONE) from None
    except KeyboardInterrupt:
        typer.echo("Interrupted: the step under way was ended.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    (tell_json if output == "json" else show)(tried, places, sys.stdout)
    if tried.log:
        typer.echo(f"\nThe end of the log:\n{tried.log.rstrip()}", err=True)
    if tried.outcome is not Outcome.SUCCEEDED:
        raise typer.Exit(NOT_DONE if tried.outcome is Outcome.FAILED else NOT_PROMOTED)
