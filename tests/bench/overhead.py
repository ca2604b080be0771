"""What the operator adds to a run: from the Job's creation to the rolled-out Deployment, beside kubectl doing the same.

Both sides run the same Job (three containers that do nothing) and roll out the same Deployment of two replicas on the
same cluster, in turns. kubectl's way is create, wait, set env, rollout status.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster import paths
from tests.e2e import install
from tests.e2e.stage import Json, Tenant, eventually

ROUNDS = 7
BOUND = 1.3


class Watch:
    """The moments at which the API server tells of a Job made and of a Deployment rolled out."""

    def __init__(self, tenant: Tenant) -> None:
        self.job_made = threading.Event()
        self.rolled_out = threading.Event()
        self.times: dict[str, float] = {}
        self._model = tenant.model()
        self._watches = [self._watch(tenant, "jobs", self._job), self._watch(tenant, "deployments", self._deployment)]

    def _watch(self, tenant: Tenant, kind: str, seen: Callable[[Json], None]) -> subprocess.Popen[str]:
        address = ["--kubeconfig", str(paths.kubeconfig()), "-n", tenant.namespace]
        command = [str(paths.kubectl()), *address, "get", kind, "--watch", "-o", "json", "--output-watch-events"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=_read, args=(process, seen), daemon=True).start()
        return process

    def _job(self, _: Json) -> None:
        self.times.setdefault("made", time.monotonic())
        self.job_made.set()

    def _deployment(self, body: Json) -> None:
        status, spec = body.get("status", {}), body["spec"]["template"]["spec"]["containers"][0]
        model = next(each["value"] for each in spec["env"] if each["name"] == "MODEL_URI")
        settled = status.get("observedGeneration") == body["metadata"]["generation"]
        whole = status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas") == 2
        if model != self._model and settled and whole:
            self.times.setdefault("rolled out", time.monotonic())
            self.rolled_out.set()

    def close(self) -> None:
        """End both watches."""
        for process in self._watches:
            process.terminate()
            process.wait()

    def seconds(self) -> float:
        """From the Job made to the Deployment rolled out, once both were seen."""
        assert self.rolled_out.wait(120), "the Deployment was not rolled out within 120 s"
        return self.times["rolled out"] - self.times["made"]


def _read(process: subprocess.Popen[str], seen: Callable[[Json], None]) -> None:
    """One event a line."""
    assert process.stdout is not None
    for line in process.stdout:
        seen(json.loads(line)["object"])


def by_operator(tenant: Tenant) -> tuple[float, Json]:
    """Seconds that a run takes, and the Job it made."""
    tenant.apply_policy("promote", triggers=[{"name": "never", "schedule": {"cron": "0 0 29 2 *"}}])
    eventually(lambda: tenant.policy().get("conditions"))
    watch = Watch(tenant)
    time.sleep(1)
    tenant.ask_for_a_run()
    try:
        seconds = watch.seconds()
    finally:
        watch.close()
    job = tenant.all_of("jobs")[0]
    tenant.ended()
    return seconds, job


def by_kubectl(tenant: Tenant, job: Json) -> float:
    """Seconds that the same takes by hand."""
    metadata = {"name": "by-hand", "labels": {"made": "by-hand"}}
    template = {"metadata": {"labels": {"made": "by-hand"}}, "spec": job["spec"]["template"]["spec"]}
    spec = {"backoffLimit": 0, "template": template}
    body = json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
    watch = Watch(tenant)
    time.sleep(1)
    tenant.kubectl("create", "-f", "-", stdin=body)
    tenant.kubectl("wait", "--for=condition=complete", "job/by-hand", "--timeout=60s")
    tenant.kubectl("set", "env", "deployment/churn-serving", "MODEL_URI=file:///models/churn/v-by-hand")
    tenant.kubectl("rollout", "status", "deployment/churn-serving", "--timeout=60s")
    try:
        return watch.seconds()
    finally:
        watch.close()


def main() -> int:
    """Print both medians and their ratio; 1 when the ratio is above the bound."""
    operator, hand = [], []
    with tempfile.TemporaryDirectory() as folder:
        install.operator(_folder(folder, "operator"))
        for turn in range(1, ROUNDS + 1):
            tenant, other = (install.tenant(_folder(folder, f"{side}-{turn}")) for side in ("a", "b"))
            seconds, job = by_operator(tenant)
            operator.append(seconds)
            hand.append(by_kubectl(other, job))
            print(f"{turn} of {ROUNDS}: operator {operator[-1]:.2f} s, kubectl {hand[-1]:.2f} s", flush=True)
            for each in (tenant, other):
                each.kubectl("delete", "namespace", each.namespace, "--wait=false")
    ratio = statistics.median(operator) / statistics.median(hand)
    print(f"median: operator {statistics.median(operator):.2f} s, kubectl {statistics.median(hand):.2f} s")
    print(f"ratio {ratio:.2f}, at most {BOUND}")
    return int(ratio > BOUND)


def _folder(parent: str, name: str) -> Path:
    folder = Path(parent) / name
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
