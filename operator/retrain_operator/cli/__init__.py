"""`kubectl retrain`: what a policy is doing, in words. kubectl finds it as the program kubectl-retrain on the PATH."""

import sys
from typing import Annotated, Literal

import typer

from retrain_operator.cli.attempt.options import AsWritten, try_policy
from retrain_operator.cli.backtest.options import backtest_policy
from retrain_operator.cli.contract.options import contract

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def retrain() -> None:
    """Tell what retraining policies are doing, and what they would do."""


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


@app.command("lint")
def lint_files(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Files that may have policies in them.")
    ] = None,
    filename: Annotated[
        list[str] | None,
        typer.Option(
            "--filename", "-f", help="File or folder with policies, or - for standard input. May be repeated."
        ),
    ] = None,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="How findings are told.")] = "text",
) -> None:
    """Tell what is wrong with policies that are still files. No cluster is asked.

    Finds what the API server would refuse, what the operator could not follow (cron, time zone, PromQL), and what
    contradicts itself. Objects of other kinds are left out. Exits 1 when something is wrong, and when there is no
    policy at all in what -f names, folders aside.
    """
    named = filename or []
    if not (named or files):
        raise typer.BadParameter("name a file or a folder, or - for standard input", param_hint="-f")
    from retrain_operator.cli.lint.files import is_folder  # noqa: PLC0415
    from retrain_operator.cli.lint.findings import lint  # noqa: PLC0415
    from retrain_operator.cli.lint.tell import summary, tell, tell_json  # noqa: PLC0415

    report = lint([*named, *(files or ())])
    (tell_json if output == "json" else tell)(report, sys.stdout)
    if output == "json" and not report.policies:
        typer.echo(summary(report), err=True)
    if report.findings or not (report.policies or all(is_folder(each) for each in named)):
        raise typer.Exit(1)


app.command("backtest")(backtest_policy)
app.command("try", cls=AsWritten, context_settings={"allow_extra_args": True})(try_policy)
app.add_typer(contract, name="contract")


def main() -> None:
    """The console script."""
    app(prog_name="kubectl retrain")
