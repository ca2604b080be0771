"""All that `kubectl retrain status` tells of a policy on one page: parsed objects in, lines out."""

from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.table import Table
from rich.text import Text

from retrain_operator.cli.headline import Pair, clock, headline
from retrain_operator.cli.printing import printing
from retrain_operator.model.access import Right
from retrain_operator.model.plain import plain
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.status import PolicyState, PolicyStatus
from retrain_operator.model.world import InvalidPolicy, Policy, Run

LONGEST = 2048
PIPE_WIDTH = 10_000
QUARANTINED = 3
"""The newest of them are told."""
STYLES = {
    **dict.fromkeys(("Completed", "Succeeded", "Healthy"), "green"),
    **dict.fromkeys(("Failed", "Invalid", "Error"), "red"),
    **dict.fromkeys(("Blocked", "Firing", "NoData", "Rejected", "RolledBack"), "yellow"),
    **dict.fromkeys(("Running", "Watching", "Suspended"), "cyan"),
}
NOT_SEEN = (
    "The operator has not looked at the newest spec yet. If that stays so, see whether it runs: "
    "kubectl get pods -A -l app.kubernetes.io/name=retrain-operator"
)


def show(policy: Policy | InvalidPolicy, run: Run | None, out: TextIO) -> None:
    """Print the page. A terminal gets colours and tables that fit; whoever reads from a pipe gets unbroken lines."""
    with printing(out, PIPE_WIDTH) as console:
        for part in page(policy, run):
            console.print(part, crop=False, soft_wrap=isinstance(part, Text) and part.no_wrap is True)


def page(policy: Policy | InvalidPolicy, run: Run | None) -> Iterator[Text | Table]:
    """The parts of the page, in their order. `run` is the run under way or else the last one, if it still exists."""
    yield from map(_line, headline(policy, run))
    if run:
        yield Text()
        yield from map(_line, (("Run", run.name), ("Cause", run.spec.cause.message)))
        yield _table((step.name, step.state, step.message or step.reason) for step in run.status.steps)
    if policy.status.triggers:
        yield Text("\nTriggers:")
        yield _table((trigger.name, trigger.state, trigger.message) for trigger in policy.status.triggers)
    yield Text()
    yield from map(_line, _facts(policy))
    if policy.status.missing:
        yield from _missing(policy.status)


def _facts(policy: Policy | InvalidPolicy) -> Iterator[Pair]:
    status, model = policy.status, policy.status.champion
    champion = f"{model.version}, in service since {clock(model.promoted_at)}" if model else "none from this policy yet"
    yield "Champion", champion
    for version in status.quarantine[:QUARANTINED]:
        yield (
            "Quarantined",
            f"{version.uri.rstrip('/').rsplit('/')[-1]}, taken back {clock(version.at)}: {version.reason}",
        )
    if len(status.quarantine) > QUARANTINED:
        yield "Quarantined", f"{len(status.quarantine) - QUARANTINED} more, in status.quarantine"
    if status.state is PolicyState.COOLING_DOWN and status.cooldown_until:
        yield "Resting until", clock(status.cooldown_until)
    if isinstance(policy, Policy) and status.runs_remaining is not None:
        limits = policy.spec.limits
        yield "Runs left", f"{status.runs_remaining} of {limits.max_runs} within {duration_text(limits.period)}"
    if status.next_schedule_time:
        yield "Next schedule", clock(status.next_schedule_time)
    if status.state is not PolicyState.INVALID and (problem := _problem(status)):
        yield "Problem", problem
    if status.observed_generation < policy.generation:
        yield "Note", NOT_SEEN


def _problem(status: PolicyStatus) -> str:
    """Why the policy is not Ready; empty when it is."""
    return next((each.message for each in status.conditions if (each.type, each.status) == ("Ready", "False")), "")


def _missing(status: PolicyStatus) -> Iterator[Text]:
    yield Text()
    for right in status.missing:
        yield _line(
            ("Missing", f"{Right(right.verb, right.api_group, right.resource, right.name)} for {right.account}")
        )
    command = f"kubectl apply -f - <<'END'\n{status.grant}END"
    yield Text(f"To grant it:\n\n{command}", no_wrap=True)


def _line(pair: Pair) -> Text:
    key, value = pair[0], plain(pair[1], LONGEST)
    return Text(f"{key}: ").append(value, STYLES.get(value, ""))


def _table(rows: Iterable[tuple[str, str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, state, message in rows:
        table.add_row(f"  {name}", Text(state, STYLES.get(state, "")), Text(plain(message, LONGEST)))
    return table
