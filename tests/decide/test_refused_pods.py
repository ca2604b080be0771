"""A rollout whose new pods are refused says who refuses them, as the Deployment's own status tells it."""

from typing import Any

from retrain_operator.edges.readiness import progress
from retrain_operator.model.target import Unsettled
from tests.coherent import assert_coherent
from tests.runs import NEW, OLD, a_run

QUOTA = (
    'pods "churn-serving-7d9f-" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'
)
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"generation": 2},
    "spec": {"replicas": 2},
    "status": {
        "observedGeneration": 2,
        "replicas": 2,
        "availableReplicas": 2,
        "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}],
    },
}
REFUSED = f"no new pod of it can be made: {QUOTA.partition(' is forbidden: ')[2]}"


def test_while_new_pods_are_refused_the_run_says_by_whom() -> None:
    seen = progress(DEPLOYMENT)
    assert seen == Unsettled("0 of 2 replicas updated, 2 available, 2 old left.", refusal=QUOTA)
    landed = a_run().accepted().serving(OLD.uri).passed().serving(NEW.uri, progress=seen)
    status = landed.move.status
    assert_coherent(status)
    assert (status.state, status.reason) == ("Deploying", "QuotaExceeded")
    assert status.message == (
        'Waiting for the rollout of Deployment "churn-serving": 0 of 2 replicas updated, 2 available, 2 old left: '
        f"{REFUSED}."
    )
    late = landed.passed().later("5m")
    ended = late.passed().serving(OLD.uri).move.status
    assert (ended.outcome, ended.reason) == ("RolledBack", "QuotaExceeded")
    assert ended.message.startswith(f"The rollout was not complete after 5m: {REFUSED}, so the model before is back.")


def test_a_refusal_that_is_over_is_not_told() -> None:
    over = {**DEPLOYMENT["status"], "conditions": [{"type": "ReplicaFailure", "status": "False", "message": QUOTA}]}
    assert progress({**DEPLOYMENT, "status": over}) == Unsettled("0 of 2 replicas updated, 2 available, 2 old left.")
