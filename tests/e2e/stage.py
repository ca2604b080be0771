"""What the end-to-end stories do with a cluster, in words: apply, get, wait, and what people would see."""

import copy
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.cluster import paths

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MONITORING = "retrain-e2e"
REST = {"afterSuccess": "1h", "afterRejection": "1h", "afterFailure": "1h"}
FIRST = "file:///models/churn/v-first"
"""The model that a tenant's Deployment names at first."""
TARGET_REF: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server"}
JOBS, TARGET, LOOKS = 0, 1, 2
"""Rules of the account's Role in manifests/tenant: two that a run cannot do without, and that to see pods."""
T = TypeVar("T")
Json = dict[str, Any]


def kubectl(*words: str, stdin: str = "", check: bool = True) -> str:
    """What kubectl prints; when it fails, the test does, with its words."""
    command = [str(paths.kubectl()), "--kubeconfig", str(paths.kubeconfig()), *words]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=180, check=False)
    assert not check or done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}{done.stdout}"
    return done.stdout + ("" if check else done.stderr)


def eventually(look: Callable[[], T | None], seconds: float = 120) -> T:
    """The first answer of `look` that is neither None nor false; fails with its last words when none comes.

    How long something may take is generous: a busy machine, or a story that kills the operator, must decide nothing.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            found, doubt = look(), "nothing was found"
        except AssertionError as error:
            found, doubt = None, str(error)
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {doubt}")
        time.sleep(0.2)


@dataclass(frozen=True)
class Tenant:
    """One namespace with a Deployment to serve a model, and a policy to come."""

    namespace: str

    def kubectl(self, *words: str, stdin: str = "", check: bool = True) -> str:
        """What kubectl prints in this namespace."""
        return kubectl("--namespace", self.namespace, *words, stdin=stdin, check=check)

    def get(self, kind: str, name: str) -> Json:
        """The object as it is."""
        found: Json = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def all_of(self, kind: str) -> list[Json]:
        """All objects of a kind."""
        found: list[Json] = json.loads(self.kubectl("get", kind, "-o", "json"))["items"]
        return found

    def apply_policy(self, script: str = "promote", name: str = "churn", **changes: Any) -> None:
        """Apply a policy whose trainer follows a script. `changes` replace parts of its spec."""
        spec = {**policy_spec(script, self.namespace), **changes}
        body = {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "metadata": {"name": name}, "spec": spec}
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))

    def drift(self, value: float) -> None:
        """Let the exporter show this drift of the namespace to Prometheus from now on."""
        line = f'drift{{tenant="{self.namespace}"}} {value}'
        write = ["sh", "-c", f"echo '{line}' > /srv/{self.namespace}"]
        kubectl("-n", MONITORING, "exec", "deployment/exporter", "--", *write)

    def ask_for_a_run(self, name: str = "churn") -> None:
        """Ask by hand."""
        request = f"retrain.dev/requestedAt={time.time_ns()}"
        self.kubectl("annotate", "--overwrite", "retrainpolicy", name, request)

    def annotate(self, verb: str, value: str, name: str = "churn") -> None:
        """Say something to the operator by an annotation of ours."""
        self.kubectl("annotate", "--overwrite", "retrainpolicy", name, f"retrain.dev/{verb}={value}")

    def me(self) -> str:
        """Who the API server takes us for."""
        return kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")

    def policy(self, name: str = "churn") -> Json:
        """Status of the policy."""
        status: Json = self.get("retrainpolicy", name).get("status", {})
        return status

    def ready(self, name: str = "churn") -> Json:
        """The policy's condition Ready; empty while there is none."""
        conditions = self.policy(name).get("conditions", [])
        return next((each for each in conditions if each["type"] == "Ready"), {})

    def runs(self, name: str = "churn") -> list[Json]:
        """All runs of a policy, the oldest first."""
        own = [run for run in self.all_of("retrainruns") if run["spec"]["policy"]["name"] == name]
        return sorted(own, key=lambda run: str(run["metadata"]["creationTimestamp"]))

    def ended(self, runs: int = 1, seconds: float = 180, name: str = "churn") -> Json:
        """Status of a policy's newest ended run, once so many have ended."""

        def look() -> Json | None:
            all_runs: list[Json] = [run.get("status", {}) for run in self.runs(name)]
            ended = [status for status in all_runs if status.get("outcome")]
            assert len(ended) >= runs, f"{name}: {[status.get('message') for status in all_runs]}"
            return ended[-1]

        return eventually(look, seconds)

    def settled(self, name: str = "churn") -> Json:
        """Status of a policy, once it tells of its newest run as its last: a run ends a moment before that."""
        newest = self.runs(name)[-1]["metadata"]["name"]
        return eventually(lambda: (found := self.policy(name)).get("lastRun", {}).get("name") == newest and found)

    def model(self) -> str:
        """The model that the Deployment names."""
        container = self.get("deployment", "churn-serving")["spec"]["template"]["spec"]["containers"][0]
        return str(next(each["value"] for each in container["env"] if each["name"] == "MODEL_URI"))

    def allow(self, rule: int, *verbs: str) -> None:
        """Let the policy's account have these verbs of a rule of manifests/tenant, and no others."""
        patch = [{"op": "replace", "path": f"/rules/{rule}/verbs", "value": verbs}]
        self.kubectl("patch", "role", "retrain-runner", "--type=json", "-p", json.dumps(patch))

    def blocked(self, reason: str, seconds: float = 120) -> Json:
        """Status of the newest run, once it is held back for this reason."""

        def look() -> Json | None:
            status: Json = self.runs()[-1].get("status", {}) if self.runs() else {}
            assert status.get("state") == "Blocked", f"the run is not held back: {status}"
            return status if status["reason"] == reason else None

        return eventually(look, seconds)

    def show(self) -> str:
        """What a person sees of it, for the test's log."""
        seen = self.kubectl("get", "retrainpolicies,retrainruns,jobs,deployments")
        print(seen)
        return seen

    def describe(self) -> None:
        """What a person sees who looks closer, for the test's log."""
        self.show()
        print(self.kubectl("describe", "retrainpolicies,retrainruns", check=False))


def policy_spec(script: str, namespace: str) -> Json:
    """The spec of a policy whose trainer does nothing but answer, and whose metric is its namespace's own."""
    drift = {"query": f'drift{{tenant="{namespace}"}}', "healthyRange": {"max": 0.1}}
    return {
        "interval": "5s",
        "triggers": [{"name": "drift", "prometheus": drift}],
        "cooldown": {"afterSuccess": "0s", "afterRejection": "0s", "afterFailure": "0s"},
        "serviceAccountName": "retrain-runner",
        "data": {"source": "file:///data/*.parquet", "label": "target"},
        "model": {"store": "file:///models/churn", "estimator": "SGDClassifier"},
        "trainer": {
            "image": paths.images()["SCRIPTED_IMAGE"],
            "env": [{"name": "SCRIPT", "value": script}],
            "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "10m", "memory": "16Mi"}},
            "retries": 0,
        },
        "evaluation": {"gates": [{"metric": "accuracy", "threshold": 0.6}]},
        "rollout": copy.deepcopy(TARGET_REF),
    }


def asking(tenant: Tenant, **metric: object) -> list[Json]:
    """The trigger `drift` with other words than the usual ones."""
    query = f'drift{{tenant="{tenant.namespace}"}}'
    return [{"name": "drift", "prometheus": {"query": query, "healthyRange": {"max": 0.1}, **metric}}]


def stands(tenant: Tenant) -> tuple[str, str]:
    """State and reason of the first trigger."""
    first = (tenant.policy().get("triggers") or [{}])[0]
    return first.get("state", ""), first.get("reason", "")


def trains(tenant: Tenant) -> bool:
    """Whether the newest run's trainer is at work."""
    steps = tenant.runs()[-1].get("status", {}).get("steps", []) if tenant.runs() else []
    return any(step["name"] == "Train" and step["state"] == "Running" for step in steps)


def goes_on(tenant: Tenant, mended: float) -> Json:
    """The end of a run that was held back, in a time since `mended` that is printed."""
    ended = tenant.ended()
    took = time.monotonic() - mended
    print(f"mended to ended: {took:.1f} s")
    # It is looked at every 5 s, and a rollout takes 2 s; a busy machine must not decide a test.
    assert took < 60
    return ended
