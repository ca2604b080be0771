"""Objects of stories as the API server has them."""

from datetime import datetime
from typing import Any

from retrain_operator.model.scalars import time_text

Json = dict[str, Any]


def terminated(answer: str, at: datetime) -> Json:
    times = {"startedAt": time_text(at), "finishedAt": time_text(at)}
    return {"terminated": {"exitCode": 0, "reason": "Completed", "message": answer, **times}}


def deployment(model: str) -> Json:
    env = [{"name": "KEPT", "value": "as-it-was"}, {"name": "MODEL_URI", "value": model}]
    containers = [{"name": "sidecar", "image": "s"}, {"name": "server", "image": "i", "env": env}]
    template = {"metadata": {"labels": {"app": "churn"}}, "spec": {"containers": containers}}
    selector = {"matchLabels": {"app": "churn"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"replicas": 2, "selector": selector, "template": template},
    }


def managed(manager: str, at: datetime) -> Json:
    """An entry of managedFields: who names the model."""
    fields: Json = {"f:env": {'k:{"name":"MODEL_URI"}': {"f:value": {}}}}
    for word in ('k:{"name":"server"}', "f:containers", "f:spec", "f:template", "f:spec"):
        fields = {word: fields}
    return {"manager": manager, "operation": "Update", "time": time_text(at), "fieldsV1": fields}
