"""A policy as small as it may be, and a run of it, for tests to spoil."""

from typing import Any

Json = dict[str, Any]

API_VERSION = "retrain.dev/v1alpha1"


def policy(**spec: Any) -> Json:
    """The smallest policy there is, with parts of its spec replaced or added."""
    smallest = {
        "serviceAccountName": "retrain-runner",
        "triggers": [metric()],
        "data": {"source": "file:///data/batches/*.parquet", "label": "target"},
        "model": {"store": "file:///data/models", "estimator": "SGDClassifier"},
        "trainer": trainer(),
        "evaluation": {"gates": [{"metric": "accuracy"}]},
        "rollout": {"targetRef": {"name": "churn-serving"}, "container": "server"},
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "RetrainPolicy",
        "metadata": {"name": "churn"},
        "spec": {**smallest, **spec},
    }


def metric(name: str = "drift", **prometheus: Any) -> Json:
    """A trigger that asks Prometheus."""
    return {"name": name, "prometheus": {"query": "max(psi)", "healthyRange": {"max": 0.1}, **prometheus}}


def cron(expression: str) -> Json:
    """A trigger by the clock."""
    return {"name": "nightly", "schedule": {"cron": expression}}


def trainer(**fields: Any) -> Json:
    """The container that trains."""
    return {"image": "retrain-trainer:0.1.0", **fields}


def run() -> Json:
    """A run of the smallest policy, with a model before it."""
    snapshot = {"name": "churn", "uid": "5bf57598-0bb5-4c0d-944a-67206f445c48", "generation": 1}
    spec = policy(model={"store": "file:///data/models", "estimator": "SGDClassifier", "parameters": {"alpha": 0.1}})
    return {
        "apiVersion": API_VERSION,
        "kind": "RetrainRun",
        "metadata": {"name": "churn-abcdefghij"},
        "spec": {
            "policy": {**snapshot, "spec": spec["spec"]},
            "cause": {"trigger": "drift", "message": "drift is 0.12, above 0.1.", "at": "2024-06-01T10:00:00Z"},
            "nonce": "0123456789abcdef",
        },
    }
