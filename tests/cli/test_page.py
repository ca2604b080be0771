"""The whole page of `kubectl retrain status`, and what is left out of it."""

from io import StringIO
from typing import Any

import pytest

from retrain_operator.cli.page import show
from retrain_operator.decide.grant import grant
from retrain_operator.model.access import OPERATOR, Account
from retrain_operator.model.status import Missing
from retrain_operator.model.world import InvalidPolicy, Policy, Run
from tests.cli.wire import CLAIM, STARTED, ended, policy, run, summary

CHAMPION = {
    "uri": "file:///data/models/churn-zzzzzzzzzz",
    "digest": f"sha256:{'0' * 64}",
    "version": "churn-zzzzzzzzzz",
    "run": "churn-zzzzzzzzzz",
    "promotedAt": "2024-05-30T10:00:00Z",
}
RUNNER = Account("shop", "retrain-runner")
PATCH = {"verb": "patch", "apiGroup": "apps", "resource": "deployments", "name": "churn-serving"}
MISSING = {"layer": "RBAC", "account": str(RUNNER), **PATCH}
LACKING = {"missing": [MISSING], "grant": grant(RUNNER, [Missing.model_validate(MISSING)], OPERATOR)}
MAY_NOT = 'ServiceAccount shop/retrain-runner may not patch deployments.apps "churn-serving".'


def shown(seen: Policy | InvalidPolicy, newest: Run | None) -> str:
    out = StringIO()
    show(seen, newest, out)
    return out.getvalue().removesuffix("\n")


def trigger(name: str, state: str, message: str) -> dict[str, Any]:
    return {"name": name, "state": state, "reason": "Breached", "message": message, "since": STARTED}


def ready(status: str, message: str) -> dict[str, Any]:
    return {"type": "Ready", "status": status, "reason": "X", "message": message, "lastTransitionTime": STARTED}


BLOCKED = """\
Status: Blocked
Last run: 2024-06-01 10:00:00
Detail: Training is complete and the candidate passed, but the deploy is forbidden.

Run: churn-abcdefghij
Cause: drift is 0.12, above 0.1.
  Collect   Succeeded  12 new batches with 34,000 rows.
  Train     Succeeded  Trained
  Evaluate  Succeeded  Evaluated
  Deploy    Blocked    ServiceAccount shop/retrain-runner may not patch deployments.apps "churn-serving".

Triggers:
  drift    Firing   drift is 0.12, above 0.1.
  nightly  Healthy  The next slot is 2024-06-02 00:00 UTC.

Champion: churn-zzzzzzzzzz, in service since 2024-05-30 10:00:00
Next schedule: 2024-06-02 00:00:00

Missing: patch deployments.apps "churn-serving" for ServiceAccount shop/retrain-runner
To grant it:

kubectl apply -f - <<'END'
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: retrain-runner-more-530cca8c, namespace: shop}
rules:
- apiGroups: [apps]
  resources: [deployments]
  verbs: [patch]
  resourceNames: [churn-serving]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: retrain-runner-more-530cca8c, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: retrain-runner-more-530cca8c}
subjects:
- {kind: ServiceAccount, name: retrain-runner, namespace: shop}
END"""


def test_a_blocked_run_with_all_there_is_to_tell() -> None:
    seen = policy(
        state="Blocked",
        activeRun=CLAIM,
        champion=CHAMPION,
        nextScheduleTime="2024-06-02T00:00:00Z",
        triggers=[
            trigger("drift", "Firing", "drift is 0.12, above 0.1."),
            trigger("nightly", "Healthy", "The next slot is 2024-06-02 00:00 UTC."),
        ],
        **LACKING,
    )
    newest = run(
        state="Blocked",
        startTime=STARTED,
        message="Training is complete and the candidate passed, but the deploy is forbidden.",
        steps=[
            {"name": "Collect", "state": "Succeeded", "message": "12 new batches with 34,000 rows."},
            {"name": "Train", "state": "Succeeded", "reason": "Trained"},
            {"name": "Evaluate", "state": "Succeeded", "reason": "Evaluated"},
            {"name": "Deploy", "state": "Blocked", "reason": "MissingPermission", "message": MAY_NOT},
        ],
    )
    assert shown(seen, newest) == BLOCKED


class Terminal(StringIO):
    """One that is 60 columns wide."""

    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_does_not_break_what_is_to_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    out = Terminal()
    show(policy(state="Blocked", activeRun=CLAIM, **LACKING), run(state="Blocked", startTime=STARTED), out)
    assert (
        "\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: retrain-runner-more-530cca8c}\n"
        in out.getvalue()
    )


def test_a_policy_without_a_run_says_only_what_there_is() -> None:
    seen = policy(message="All triggers are within their healthy ranges.")
    assert shown(seen, None) == (
        "Status: Idle\nDetail: All triggers are within their healthy ranges.\n\nChampion: none from this policy yet"
    )


def test_the_rest_after_a_run_is_told_while_it_lasts() -> None:
    times = {"cooldownUntil": "2024-06-01T16:04:00Z", "lastRun": summary("Rejected", "NotBetter", "Not better.")}
    assert "\nResting until: 2024-06-01 16:04:00" in shown(policy(state="CoolingDown", **times), None)
    assert "Resting" not in shown(policy(state="Idle", **times), None)


def test_the_newest_versions_that_were_taken_back_are_told() -> None:
    taken = [
        {**CHAMPION, "uri": f"file:///data/models/churn-{n}", "reason": "BakeBreached", "at": "2024-06-01T09:00:00Z"}
        for n in range(5)
    ]
    quarantine = [{name: each[name] for name in ("uri", "digest", "run", "reason", "at")} for each in taken]
    page = shown(policy(quarantine=quarantine), None)
    assert page.splitlines()[-4:] == [
        "Quarantined: churn-0, taken back 2024-06-01 09:00:00: BakeBreached",
        "Quarantined: churn-1, taken back 2024-06-01 09:00:00: BakeBreached",
        "Quarantined: churn-2, taken back 2024-06-01 09:00:00: BakeBreached",
        "Quarantined: 2 more, in status.quarantine",
    ]


def test_a_policy_that_is_not_ready_has_a_problem() -> None:
    message = 'Deployment "churn-serving" does not exist in this namespace.'
    assert f"\nProblem: {message}" in shown(policy(conditions=[ready("False", message)]), None)
    assert "Problem" not in shown(policy(conditions=[ready("True", message)]), None)


def test_an_invalid_policy_says_so_once() -> None:
    message = "The spec cannot be followed: nightly: timeZone 'Mars' is not an IANA time zone such as Europe/Berlin"
    assert (
        shown(policy(state="Invalid", message=message, conditions=[ready("False", message)]), None).count("Mars") == 1
    )


def test_a_spec_that_nobody_looked_at_is_noted() -> None:
    note = "Note: The operator has not looked at the newest spec yet."
    assert note in shown(policy(observedGeneration=0), None)
    assert note not in shown(policy(observedGeneration=1), None)


def test_what_a_trainer_says_cannot_play_tricks_on_the_terminal() -> None:
    page = shown(policy(), run(**ended("Failed", "StepFailed", "one\x1b[2Jtwo\nStatus: Completed [bold]x[/bold]")))
    assert page.splitlines()[1] == "Error: one[2Jtwo Status: Completed [bold]x[/bold]"
