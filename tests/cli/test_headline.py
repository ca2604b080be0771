"""The first lines, word by word, for all the ways a policy and its newest run can stand."""

import pytest

from retrain_operator.cli.headline import headline
from retrain_operator.model.world import InvalidPolicy, Policy, Run
from tests.cli.wire import CLAIM, STARTED, ended, policy, run, summary

LAST_RUN = "Last run: 2024-06-01 10:00:00"
WORSE = "accuracy is 0.81 against 0.86 of the champion (gain at least -0.06)."
NO_DATA = "There is nothing at file:///data/batches/*.parquet."
BROKE = "Train ended with exit code 1; see the log of container train of its pod."
UNDONE = "The rollout was not complete after 5m, so the model before is back."
FORBIDDEN = "the deploy is forbidden"

CASES: dict[str, tuple[Policy | InvalidPolicy, Run | None, list[str]]] = {
    "no run yet": (
        policy(message="All triggers are within their healthy ranges."),
        None,
        ["Status: Idle", "Detail: All triggers are within their healthy ranges."],
    ),
    "not even looked at": (policy(), None, ["Status: Idle", "Detail: No run has started yet."]),
    "claimed, not made": (
        policy(state="Training", activeRun=CLAIM),
        None,
        ["Status: Running", "Last run: 2024-06-01 09:59:58", "Detail: The run is about to be made."],
    ),
    "made, not started": (
        policy(state="Training", activeRun=CLAIM),
        run(),
        ["Status: Running", "Last run: 2024-06-01 09:59:55", "Detail: The run has just been made."],
    ),
    "under way": (
        policy(state="Training", activeRun=CLAIM),
        run(state="Training", startTime=STARTED, message="Train is under way."),
        ["Status: Running", LAST_RUN, "Detail: Train is under way."],
    ),
    "under way though suspended since": (
        policy(state="Suspended", activeRun=CLAIM),
        run(state="Deploying", startTime=STARTED, message="Waiting for the rollout."),
        ["Status: Running", LAST_RUN, "Detail: Waiting for the rollout."],
    ),
    "under way, after one that failed": (
        policy(activeRun=CLAIM, lastRun=summary("Failed", "StepFailed", BROKE)),
        run(state="Training", startTime=STARTED, message="Collect is under way."),
        ["Status: Running", LAST_RUN, "Detail: Collect is under way."],
    ),
    "in service, and watched": (
        policy(state="Baking", activeRun=CLAIM),
        run(state="Baking", startTime=STARTED, message="Watched until 10:30."),
        ["Status: Watching", LAST_RUN, "Detail: Watched until 10:30."],
    ),
    "blocked": (
        policy(state="Blocked", activeRun=CLAIM),
        run(state="Blocked", startTime=STARTED, message=FORBIDDEN),
        ["Status: Blocked", LAST_RUN, f"Detail: {FORBIDDEN}"],
    ),
    "succeeded": (
        policy(lastRun=summary("Succeeded", "Promoted", "The candidate is in service.")),
        run(**ended("Succeeded", "Promoted", "The candidate is in service.")),
        ["Status: Completed", LAST_RUN, "Outcome: Succeeded", "Detail: The candidate is in service."],
    ),
    "rejected": (
        policy(lastRun=summary("Rejected", "NotBetter", WORSE)),
        run(**ended("Rejected", "NotBetter", WORSE)),
        ["Status: Completed", LAST_RUN, "Outcome: Rejected", f"Detail: {WORSE}"],
    ),
    "ended, and the policy does not know yet": (
        policy(state="Training", activeRun=CLAIM),
        run(**ended("Rejected", "NotBetter", WORSE)),
        ["Status: Completed", LAST_RUN, "Outcome: Rejected", f"Detail: {WORSE}"],
    ),
    "ended, and the run is no longer kept": (
        policy(lastRun=summary("NoNewData", "NoNewData", "No new data.")),
        None,
        ["Status: Completed", LAST_RUN, "Outcome: NoNewData", "Detail: No new data."],
    ),
    "the data is not there": (
        policy(lastRun=summary("Failed", "DataSourceNotFound", NO_DATA)),
        run(**ended("Failed", "DataSourceNotFound", NO_DATA)),
        ["Status: Failed", "Error: Data source not found", f"Detail: {NO_DATA}", LAST_RUN],
    ),
    "a step broke": (
        policy(lastRun=summary("Failed", "StepFailed", BROKE)),
        None,
        ["Status: Failed", f"Error: {BROKE}", LAST_RUN, "Outcome: Failed"],
    ),
    "rolled back": (
        policy(lastRun=summary("RolledBack", "ProgressDeadlineExceeded", UNDONE)),
        run(**ended("RolledBack", "ProgressDeadlineExceeded", UNDONE)),
        ["Status: Failed", f"Error: {UNDONE}", LAST_RUN, "Outcome: RolledBack"],
    ),
    "suspended": (
        policy(state="Suspended", message="The policy is suspended."),
        None,
        ["Status: Suspended", "Detail: The policy is suspended."],
    ),
    "suspended after a run": (
        policy(state="Suspended", lastRun=summary("Rejected", "NotBetter", WORSE)),
        None,
        ["Status: Suspended", LAST_RUN, "Outcome: Rejected", f"Detail: {WORSE}"],
    ),
    "invalid": (
        policy(state="Invalid", message="The spec cannot be followed: time zone."),
        None,
        ["Status: Invalid", "Error: The spec cannot be followed: time zone."],
    ),
    "invalid after a run": (
        policy(state="Invalid", message="The spec cannot be followed.", lastRun=summary("Failed", "StepFailed", BROKE)),
        None,
        ["Status: Invalid", "Error: The spec cannot be followed.", LAST_RUN, "Outcome: Failed"],
    ),
}


@pytest.mark.parametrize(("seen", "newest", "lines"), CASES.values(), ids=CASES.keys())
def test_first_lines(seen: Policy | InvalidPolicy, newest: Run | None, lines: list[str]) -> None:
    assert [f"{key}: {value}" for key, value in headline(seen, newest)] == lines
