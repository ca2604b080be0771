"""`kubectl retrain`: what a policy is doing, in words. kubectl finds it as the program kubectl-retrain on the PATH."""

import sys
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def retrain() -> None:
    """Tell what retraining policies are doing."""


@app.command()
def status(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the RetrainPolicy.")],
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Its namespace. Default: that of the context.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig. Default: the current one.")] = None,
    kubeconfig: Annotated[
        str | None, typer.Option(help="Kubeconfig file. Default: $KUBECONFIG, ~/.kube/config.")
    ] = None,
) -> None:
    """Tell how a policy stands, and why.

    The first lines say how its newest run went; then come the run's steps, the triggers, the model in service and, when
    the run is blocked, what it takes to go on. Times are UTC. Exits 1 when nothing can be told.
    """
    # The client takes longer to import than --help and a mistyped command should take.
    from retrain_operator.cli.cluster import CannotTellError, Place, look  # noqa: PLC0415
    from retrain_operator.cli.page import show  # noqa: PLC0415

    try:
        policy, run = look(name, Place(namespace, context, kubeconfig))
    except CannotTellError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    show(policy, run, sys.stdout)


def main() -> None:
    """The console script."""
    app(prog_name="kubectl retrain")
