"""Policies and runs with a status, read from what the API server would send."""

from typing import Any

from retrain_operator.edges import objects
from retrain_operator.model.world import InvalidPolicy, Policy, Run
from tests.crds import samples

Json = dict[str, Any]

SERVER = {"namespace": "shop", "resourceVersion": "1", "creationTimestamp": "2024-06-01T09:00:00Z", "generation": 1}
STARTED, ENDED = "2024-06-01T10:00:00Z", "2024-06-01T10:04:00Z"
CAUSE = {"trigger": "drift", "message": "drift is 0.12, above 0.1.", "at": "2024-06-01T09:59:58Z"}
NAME = "churn-abcdefghij"
CLAIM = {"name": NAME, "cause": CAUSE}


def policy(**status: Any) -> Policy | InvalidPolicy:
    """A policy with this status, as its newest generation was seen."""
    body = samples.policy()
    body["metadata"] |= {**SERVER, "uid": "5bf57598-0bb5-4c0d-944a-67206f445c48"}
    return objects.policy({**body, "status": {"observedGeneration": 1, **status}})


def run(**status: Any) -> Run:
    """A run of that policy with this status, made five seconds before its start."""
    body = samples.run()
    body["metadata"] |= {**SERVER, "uid": "1", "creationTimestamp": "2024-06-01T09:59:55Z"}
    read = objects.run({**body, "status": status})
    assert read is not None
    return read


def summary(outcome: str, reason: str, message: str) -> Json:
    """What a policy keeps of an ended run."""
    told = {"name": NAME, "trigger": "drift", "cause": CAUSE["message"]}
    times = {"startTime": STARTED, "completionTime": ENDED}
    return {**told, "outcome": outcome, "reason": reason, "message": message, **times}


def ended(outcome: str, reason: str, message: str) -> Json:
    """The status of an ended run."""
    times = {"startTime": STARTED, "completionTime": ENDED}
    return {"state": "Ended", "outcome": outcome, "reason": reason, "message": message, **times}
