"""The same loop with nothing scripted: the real trainer on real files, the real server, and a concept that turns."""

import json
from pathlib import Path

import pytest

from tests.cluster import paths
from tests.e2e import install
from tests.e2e.stage import HERE, Json, Tenant, eventually, kubectl

pytestmark = pytest.mark.cluster

TRAINING: Json = {
    "data": {
        "source": "file:///data/*.parquet",
        "label": "churned",
        "timeColumn": "time",
        "holdout": {"fraction": 0.3, "minRows": 1000, "minBlocks": 2},
    },
    "model": {"store": "file:///models/churn", "estimator": "LogisticRegression", "mode": "Refit", "window": 10},
    "evaluation": {"gates": [{"metric": "accuracy", "threshold": 0.7}]},
}


@pytest.fixture
def real(installed: None, tmp_path: Path) -> Tenant:
    return install.tenant(tmp_path, "real.yaml")


def write(tenant: Tenant, first: int, last: int, angle: int) -> None:
    program = (HERE / "batches.py").read_text()
    command = ["exec", "-i", "writer", "--", "python3", "-", "/data", str(first), str(last), str(angle)]
    tenant.kubectl(*command, stdin=program)


def run(tenant: Tenant, number: int) -> Json:
    tenant.ask_for_a_run()
    ended = tenant.ended(runs=number, seconds=120)
    print(ended["message"])
    return ended


def answers(tenant: Tenant, *row: float) -> int:
    """What the served model says of one row that begins with these features."""
    tensor = {"name": "input", "shape": [1, 4], "datatype": "FP64", "data": [*row, 0.0, 0.0]}
    address = f"/api/v1/namespaces/{tenant.namespace}/services/churn-serving:8080/proxy/v2/models/churn/infer"
    said = tenant.kubectl("create", "--raw", address, "-f", "-", stdin=json.dumps({"inputs": [tensor]}))
    return int(json.loads(said)["outputs"][0]["data"][0])


def test_the_real_trainer_learns_a_concept_that_turned_and_keeps_a_worse_model_out(real: Tenant) -> None:
    trainer = {
        "image": paths.images()["TRAINER_IMAGE"],
        "volumes": [
            {"mountPath": "/data", "persistentVolumeClaim": "data", "readOnly": True},
            {"mountPath": "/models", "persistentVolumeClaim": "models"},
        ],
    }
    real.kubectl("wait", "--for=condition=Ready", "pod/writer", "--timeout=60s")
    real.apply_policy("promote", trainer=trainer, **TRAINING)

    missing = run(real, 1)
    assert (missing["outcome"], missing["reason"]) == ("Failed", "DataSourceNotFound")
    assert missing["message"].startswith("Data source not found: file:///data/*.parquet matches no file.")

    write(real, 0, 10, angle=0)
    first = run(real, 2)
    assert (first["outcome"], first["reason"]) == ("Succeeded", "Promoted")
    assert [answers(real, 1.0, 2.0), answers(real, 1.0, -3.0)] == [1, 1]

    write(real, 10, 20, angle=35)
    second = run(real, 3)
    assert second["outcome"] == "Succeeded", second["message"]
    assert second["result"]["champion"] == first["result"]["candidate"]
    assert second["result"]["scores"][0]["lowerBound"] > 0
    assert [answers(real, 1.0, 2.0), answers(real, 1.0, -3.0)] == [1, 0]

    write(real, 20, 24, angle=35)
    third = run(real, 4)
    assert third["outcome"] == "Rejected", third["message"]
    assert real.model() == second["result"]["candidate"]["uri"]
    eventually(lambda: real.policy().get("champion", {}).get("uri") == real.model())
    real.show()
    kubectl("delete", "namespace", real.namespace, "--wait=false")
