"""What defines kinds of others, as they publish it: their Go modules, pinned by version and sum, hold the YAML.

Only what defines them is installed. Their controllers are not, so that a story can play those.
"""

import json
from pathlib import Path

from tests.cluster.command import capture
from tests.cluster.tools import go
from tests.e2e.stage import eventually, kubectl

INFERENCE_SERVICE = (
    "github.com/kserve/kserve@v0.15.2",
    "h1:uph7Umk331fvBMrHHpTJNDt6+lf3IAuyiskaQw8wIAk=",
    "config/crd/full/serving.kserve.io_inferenceservices.yaml",
)
ROLLOUT = (
    "github.com/argoproj/argo-rollouts@v1.8.3",
    "h1:blbtQva4IK9r6gFh+dWkCrLnFdPOWiv9ubQYu36qeaA=",
    "manifests/crds/rollout-crd.yaml",
)


def define(module: str, checksum: str, file: str) -> None:
    """Install one definition, and return when the API server serves its kind. It stays: others may be using it."""
    answer = json.loads(capture(*go(), "mod", "download", "-json", module, timeout=600))
    assert answer["Sum"] == checksum, f"{module} is not what it was when it was pinned"
    where = str(Path(answer["Dir"]) / file)
    # By server-side apply: what KServe writes is too large for the annotation of a client's.
    kubectl("apply", "--server-side", "--force-conflicts", "-f", where)
    # Right after it was made it has no conditions at all, which kubectl takes for a mistake.
    eventually(lambda: kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", where))
