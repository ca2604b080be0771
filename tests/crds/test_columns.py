"""`kubectl get` reads well: the columns people ask for first, on a terminal of 80 columns."""

import json
import re
from typing import Any

import pytest

from tests.crds import samples
from tests.crds.conftest import BY_HAND, Kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("quiet")]

AT = "2024-06-01T10:00:00Z"
READY = {"type": "Ready", "status": "True", "reason": "Watching", "message": "All is well.", "lastTransitionTime": AT}
LAST = {"name": "churn-abcdefghij", "trigger": "drift", "cause": "drift is 0.12, above 0.1."}
POLICY = {
    "state": "CoolingDown",
        "reason": "CoolingDown",
    "message": "The next run may start at 2024-06-01 16:00:00 UTC.",
    "conditions": [READY],
    "champion": {
        "uri": "file:///data/models/v000012-abcdefghij",
        "digest": f"sha256:{'0' * 64}",
        "version": "v000012-abcdefghij",
        "run": "churn-abcdefghij",
        "promotedAt": AT,
    },
    "lastRun": {
        **LAST, "outcome": "Succeeded", "reason": "Promoted", "message": "It is in service.",
        "startTime": AT, "completionTime": AT,
    },
    "nextScheduleTime": "2099-06-02T00:00:00Z",
}  # fmt: skip
RUN = {"state": "Ended", "outcome": "RolledBack", "reason": "ProgressDeadlineExceeded", "message": "The model is back."}


@pytest.fixture(scope="module")
def shop(kubectl: Kubectl, namespace: str) -> str:
    for body, status in ((samples.policy(), POLICY), (samples.run(), RUN)):
        _make(kubectl, namespace, body, status)
    return namespace


def _make(kubectl: Kubectl, namespace: str, body: dict[str, Any], status: dict[str, Any]) -> None:
    assert kubectl("apply", "-n", namespace, *BY_HAND, "-f", "-", body=body).returncode == 0
    patch = f"--patch={json.dumps({'status': status})}"
    thing = (body["kind"], body["metadata"]["name"], "-n", namespace)
    written = kubectl("patch", *thing, *BY_HAND, "--subresource=status", "--type=merge", patch)
    assert written.returncode == 0, written.stderr


def shown(kubectl: Kubectl, *what: str) -> list[list[str]]:
    """The cells of what `kubectl get` shows, with its header first. None of them may be empty."""
    return [re.split(r"\s{3,}", line.rstrip()) for line in kubectl("get", *what).stdout.splitlines()]


def test_policies(kubectl: Kubectl, shop: str) -> None:
    header, row = shown(kubectl, "rtp", "-n", shop)
    assert header == ["NAME", "STATE", "READY", "CHAMPION", "OUTCOME", "LAST RUN", "AGE"]
    assert row[:5] == ["churn", "CoolingDown", "True", "v000012-abcdefghij", "Succeeded"]
    assert row[5].endswith("d"), "a run of 2024 ended so many days ago"


def test_runs(kubectl: Kubectl, shop: str) -> None:
    header, row = shown(kubectl, "rtr", "-n", shop)
    assert header == ["NAME", "TRIGGER", "STATE", "OUTCOME", "REASON", "AGE"]
    assert row[:5] == ["churn-abcdefghij", "drift", "Ended", "RolledBack", "ProgressDeadlineExceeded"]


@pytest.mark.parametrize("kind", ["retrainpolicies", "retrainruns"])
def test_a_row_fits_80_columns(kubectl: Kubectl, shop: str, kind: str) -> None:
    assert [line for line in kubectl("get", kind, "-n", shop).stdout.splitlines() if len(line.rstrip()) > 80] == []


def test_wide_tells_what_comes_next_and_why(kubectl: Kubectl, shop: str) -> None:
    policies = kubectl("get", "retrain", "-n", shop, "-o", "wide").stdout
    assert "2099-06-02T00:00:00Z   CoolingDown   The next run may start at 2024-06-01 16:00:00 UTC." in policies
    assert "churn    The model is back." in policies
