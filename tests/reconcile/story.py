"""A namespace in which stories happen: the operator's passes, a trainer, a Deployment, and time, all moved by hand."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.kube import Kube
from retrain_operator.edges.request import DEPLOYMENTS, JOBS, PODS, POLICIES, RUNS, SERVICE_ACCOUNTS
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.names import RUN_LABEL
from retrain_operator.model.observation import Observation, Sample
from retrain_operator.model.run import RunStatus
from retrain_operator.model.scalars import duration, time_text
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.world import Policy
from retrain_operator.queue import Key
from retrain_operator.reconcile import Reconciler
from tests.builders import SPEC, T0
from tests.reconcile.api import Api, Killed
from tests.reconcile.bodies import deployment, managed, terminated
from tests.runs import NAME, NONCE, OLD, collected, evaluated, trained

Json = dict[str, Any]
POLICY = Key("policy", "shop", "churn")
DRIFT = {"name": "drift", "prometheus": {"query": "max(psi)", "healthyRange": {"max": 0.1}}}
NO_REST = {"afterSuccess": "0s", "afterRejection": "0s", "afterFailure": "0s"}
GOOD = (collected(), trained(), evaluated())


class Seen:
    """What the scheduler knows, as the story has it."""

    def __init__(self) -> None:
        self.watched: set[Key] = set()
        self.newest: dict[str, Observation] = {}

    def watch(self, key: Key, policy: Policy) -> bool:
        assert policy.name == key.name
        new = key not in self.watched
        self.watched.add(key)
        return new

    def forget(self, key: Key) -> None:
        self.watched.discard(key)

    def observations(self, key: Key) -> Mapping[str, Observation]:
        return self.newest if key in self.watched else {}


class Story:
    """One policy, its target, and the operator."""

    def __init__(self, *, model: str = OLD.uri, **spec: Any) -> None:
        self.now = T0
        self.api = Api(lambda: self.now)
        self.seen = Seen()
        self.answers = GOOD
        self.operator = self.an_operator()
        self.kills = 0
        self.api.put(SERVICE_ACCOUNTS, "retrain-runner", {})
        self.api.put(DEPLOYMENTS, "churn-serving", deployment(model))
        self.available()
        self.api.put(POLICIES, "churn", {"spec": SPEC | {"triggers": [DRIFT], "cooldown": NO_REST} | spec})

    def an_operator(self) -> Reconciler:
        """A fresh process: it knows nothing but what the API server tells."""
        self.telemetry = Telemetry()
        kube = cast("Kube", self.api)
        return Reconciler(Cluster(kube), Tenant(kube), self.seen, self.telemetry, lambda: self.now)

    # Time and metrics

    def later(self, span: str) -> "Story":
        self.now += duration(span)
        return self

    def seeing(self, value: float) -> "Story":
        """The trigger is checked, a moment later."""
        self.later("5s")
        self.seen.newest["drift"] = Sample(self.now, value)
        return self

    # The operator

    async def until_quiet(self, passes: int = 60) -> "Story":
        """Passes about everything until none changes anything any more. A killed operator is started again."""
        for _ in range(passes):
            before = (self.api.version, self.kills)
            for key in (POLICY, *(Key("run", "shop", run["metadata"]["name"]) for run in self.api.find(RUNS)), POLICY):
                await self.one_pass(key)
            if before == (self.api.version, self.kills):
                return self
        raise AssertionError(f"no end of changes: {self.api.writes[-6:]}")

    async def one_pass(self, key: Key) -> timedelta | None:
        try:
            return await self.operator(key)
        except Killed:
            self.kills += 1
            self.api.kill_at = None
            self.seen.watched.clear()
            self.operator = self.an_operator()
            return timedelta(0)

    async def until_deployed(self) -> "Story":
        """The trainer has done its part, and nobody else."""
        await self.until_quiet()
        self.train()
        return await self.until_quiet()

    async def to_the_end(self) -> "Story":
        """Until nobody has anything to do: trainer and Deployment do their part whenever the operator is quiet."""
        before = -1
        while before != self.api.version:
            before = self.api.version
            await self.until_quiet()
            self.later("1s")
            self.train()
            await self.until_quiet()
            self.later("1s")
            self.available()
        return self

    # Everybody else

    def train(self) -> None:
        """Every Job that has not ended comes to its end, with the trainer's answers."""
        for job in self.api.find(JOBS):
            if not job.get("status"):
                env = job["spec"]["template"]["spec"]["containers"][0]["env"]
                nonce = env[-1]["value"].partition('"nonce":"')[2].partition('"')[0]
                said = [each.replace(NAME, job["metadata"]["name"]).replace(NONCE, nonce) for each in self.answers]
                self.pod(job, [terminated(answer, self.now) for answer in said])
                job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
                self.api.changed(job)

    def pod(self, job: Json, states: list[Json]) -> None:
        """The Job's pod, with its containers in these states."""
        name = job["metadata"]["name"]
        owner = {"uid": job["metadata"]["uid"], "controller": True}
        labels = {"batch.kubernetes.io/job-name": name, RUN_LABEL: name}
        steps = zip(("collect", "train", "evaluate"), states, strict=True)
        told = [{"name": step, "image": "i", "state": state} for step, state in steps]
        status = {"initContainerStatuses": told[:2], "containerStatuses": told[2:], "phase": "Running"}
        self.api.put(
            PODS, f"{name}-pod", {"metadata": {"labels": labels, "ownerReferences": [owner]}, "status": status}
        )

    def available(self) -> None:
        """The Deployment's rollout is complete."""
        target, replicas = self.target, 2
        known = {"updatedReplicas": replicas, "availableReplicas": replicas, "replicas": replicas}
        status = {**known, "observedGeneration": target["metadata"]["generation"]}
        if target.get("status") != status:
            target["status"] = status
            self.api.changed(target)

    def stuck(self) -> None:
        """The Deployment's new pods do not become ready."""
        self.target["status"] |= {"observedGeneration": self.target["metadata"]["generation"], "updatedReplicas": 1}
        self.api.changed(self.target)

    def gives_up(self) -> None:
        """Its controller has given the rollout up."""
        late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        self.target["status"] |= {"observedGeneration": self.target["metadata"]["generation"], "conditions": [late]}
        self.api.changed(self.target)

    def ask(self, value: str = "now") -> "Story":
        """Somebody asks for a run by hand."""
        return self.says("requestedAt", value)

    def says(self, word: str, value: str) -> "Story":
        """Somebody writes an annotation on the policy, or with an empty value takes it away."""
        policy, key = self.api.objects["retrainpolicies", "shop", "churn"], f"retrain.dev/{word}"
        policy["metadata"].setdefault("annotations", {})[key] = value
        fields: Json = {"f:metadata": {"f:annotations": {f"f:{key}": {}}}}
        wrote = {"manager": "kubectl-annotate", "time": time_text(self.now), "fieldsV1": fields}
        policy["metadata"]["managedFields"] = [wrote]
        self.api.changed(policy)
        return self

    def sets(self, manager: str, model: str) -> "Story":
        """A field manager names another model in the target."""
        target = self.target
        target["spec"]["template"]["spec"]["containers"][1]["env"][1]["value"] = model
        target["metadata"]["managedFields"] = [managed(manager, self.now)]
        self.api.changed(target, spec=True)
        return self

    # How it stands

    @property
    def target(self) -> Json:
        return self.api.objects["deployments", "shop", "churn-serving"]

    @property
    def serving(self) -> str:
        """The model in service."""
        return str(self.target["spec"]["template"]["spec"]["containers"][1]["env"][1]["value"])

    @property
    def policy(self) -> PolicyStatus:
        return PolicyStatus.model_validate(self.api.objects["retrainpolicies", "shop", "churn"].get("status", {}))

    @property
    def runs(self) -> list[RunStatus]:
        return [RunStatus.model_validate(run.get("status", {})) for run in self.api.find(RUNS)]

    @property
    def name(self) -> str:
        """The name of its only run."""
        (run,) = self.api.find(RUNS)
        return str(run["metadata"]["name"])

    @property
    def run(self) -> RunStatus:
        (status,) = self.runs
        return status

    @property
    def ready(self) -> tuple[str, str]:
        """The policy's condition Ready: its status and reason."""
        (found,) = (each for each in self.policy.conditions if each.type == "Ready")
        return found.status, found.reason

    @property
    def ended(self) -> dict[str, int]:
        """How many runs the operator's own metrics count, by outcome."""
        lines = [line for line in self.telemetry.text().decode().splitlines() if "runs_total{" in line]
        return {line.partition('outcome="')[2].partition('"')[0]: int(float(line.split()[-1])) for line in lines}

    def count(self, write: str) -> int:
        """How often something was written."""
        return self.api.writes.count(write)
