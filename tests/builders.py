"""Policies as facts, built by sentences: `a_policy().watching("drift", max=0.1).seeing("drift", 0.12)`.

Every step returns a new builder; `.world` is the frozen picture that the decisions take. Runs are built by `runs`.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from retrain_operator.decide.admit import admit
from retrain_operator.decide.report import report
from retrain_operator.decide.settle import settle
from retrain_operator.decide.start import Decision, decide
from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.policy import Cooldown, PolicySpec
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, PolicySnapshot, Result, RolloutRecord, RunSpec, RunState, RunStatus
from retrain_operator.model.scalars import duration
from retrain_operator.model.status import ActiveRun, Cause, PolicyStatus, RunSummary, TriggerStatus, Undo
from retrain_operator.model.world import Ask, Ended, Going, NoRun, Policy, PolicyRun, PolicyWorld
from retrain_trainer.contract import ModelRef

T0 = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
"""A Saturday morning, when every story begins."""

SPEC: dict[str, Any] = {
    "triggers": [{"name": "drift", "prometheus": {"query": "max(psi)", "healthyRange": {"max": 0.1}}}],
    "serviceAccountName": "retrain-runner",
    "data": {"source": "file:///data/batches/*.parquet", "label": "target"},
    "model": {"store": "file:///models/churn", "estimator": "SGDClassifier"},
    "trainer": {"image": "retrain-trainer:0.1.0"},
    "evaluation": {"gates": [{"metric": "accuracy", "threshold": 0.85}]},
    "rollout": {"targetRef": {"name": "churn-serving"}, "container": "server"},
}
"""The smallest policy."""

CANDIDATE = ModelRef(uri="file:///models/churn/v2", digest="sha256:" + "2" * 64)


def clock_time(text: str) -> datetime:
    """`10:05:00` on the day of T0, or `2024-06-02 00:00:00`; in UTC."""
    return datetime.fromisoformat(text if "-" in text else f"2024-06-01 {text}").replace(tzinfo=UTC)


def spec(**parts: Any) -> PolicySpec:
    """The smallest spec with parts of it, in the API's words, replaced or added."""
    return PolicySpec.model_validate(SPEC | parts)


def written(status: PolicyStatus) -> PolicyStatus:
    """The status as the API server gives it back: times to the second, nothing that is absent."""
    return PolicyStatus.model_validate(status.model_dump(mode="json", by_alias=True, exclude_none=True))


@dataclass(frozen=True)
class APolicy:
    """A policy in the middle of its life."""

    triggers: tuple[dict[str, Any], ...] = ()
    parts: dict[str, Any] = field(default_factory=dict)
    status: PolicyStatus = field(default_factory=PolicyStatus)
    now: datetime = T0
    run: PolicyRun = field(default_factory=NoRun)
    observations: dict[str, Observation] = field(default_factory=dict)
    asks: dict[str, Ask] = field(default_factory=dict)
    undo: Undo | None = None
    generation: int = 1
    created: datetime = T0

    @property
    def policy(self) -> Policy:
        triggers = {"triggers": self.triggers} if self.triggers else {}
        return Policy(
            namespace="shop",
            name="churn",
            uid="5bf57598-0bb5-4c0d-944a-67206f445c48",
            generation=self.generation,
            resource_version="1",
            spec=spec(**triggers, **self.parts),
            status=self.status,
            created=self.created,
            **self.asks,
        )

    @property
    def world(self) -> PolicyWorld:
        """The picture, as it was seen."""
        return PolicyWorld(self.now, self.policy, self.run, self.observations, self.undo)

    @property
    def settled(self) -> PolicyWorld:
        """The picture that the start chain is asked about."""
        return settle(self.world)

    @property
    def decision(self) -> Decision:
        """Whether a run starts now, and why or why not."""
        return decide(self.settled)

    def trigger(self, name: str) -> TriggerStatus:
        """Where one of its triggers stands now."""
        return next(each for each in self.settled.policy.status.triggers if each.name == name)

    # What its user wrote

    def watching(self, name: str, *, lasting: str = "0s", **healthy: float) -> Self:
        metric = {"query": f"max({name})", "healthyRange": healthy, "for": lasting}
        return replace(self, triggers=(*self.triggers, {"name": name, "prometheus": metric}))

    def by_the_clock(self, cron: str, name: str = "nightly", **schedule: str) -> Self:
        return replace(self, triggers=(*self.triggers, {"name": name, "schedule": {"cron": cron, **schedule}}))

    def counting(self, name: str, **growth: float) -> Self:
        """Also how much data there is: growthPercent=20, or growth=5000."""
        volume = {"query": f"sum({name})", **growth}
        return replace(self, triggers=(*self.triggers, {"name": name, "dataVolume": volume}))

    def needing_all(self) -> Self:
        return self.with_spec(triggerMode="All")

    def limited(self, **limits: Any) -> Self:
        """In the API's words: maxRuns=2, period="24h", failureLimit=3."""
        return self.with_spec(limits=limits)

    def with_spec(self, **parts: Any) -> Self:
        return replace(self, parts=self.parts | parts)

    def edited(self, **parts: Any) -> Self:
        """Another spec from now on, in the API's words."""
        triggers = parts.pop("triggers", self.triggers)
        return replace(self.with_spec(**parts), triggers=tuple(triggers), generation=self.generation + 1)

    def suspended(self) -> Self:
        return self.with_spec(suspend=True)

    def resting(self, after_success: str = "0s", after_rejection: str = "0s", after_failure: str = "0s") -> Self:
        rest = Cooldown.model_validate(
            {"afterSuccess": after_success, "afterRejection": after_rejection, "afterFailure": after_failure}
        )
        return self.with_spec(cooldown=rest.model_dump(by_alias=True))

    def asked_by_hand(self, value: str = "now please", by: str | None = None) -> Self:
        return replace(self, asks={"requested": Ask(value, by or "")} if value else {})

    # What happened to it

    def seeing(self, name: str, seen: float | Observation) -> Self:
        observation = Sample(self.now, seen) if isinstance(seen, int | float) else seen
        return replace(self, observations=self.observations | {name: observation})

    def silent(self, *names: str) -> Self:
        """The queries of these triggers give nothing."""
        unseen = NoData(self.now, Reason.NO_DATA, "The query returned no series.")
        return replace(self, observations=self.observations | dict.fromkeys(names, unseen))

    def unreachable(self, *names: str) -> Self:
        """The source of these triggers is down."""
        refused = "Prometheus at prometheus:9090 refused the connection."
        down = SourceError(self.now, Reason.SOURCE_UNREACHABLE, refused)
        return replace(self, observations=self.observations | dict.fromkeys(names, down))

    def later(self, span: str) -> Self:
        return replace(self, now=self.now + duration(span))

    def at(self, text: str) -> Self:
        return replace(self, now=clock_time(text))

    def created_at(self, text: str) -> Self:
        return replace(self, created=clock_time(text))

    def passed(self) -> Self:
        """After one pass with a target that is fit: its status is what that pass wrote."""
        world = self.settled
        status = report(world, admit(decide(world), None, world.now), None)
        return replace(self, status=written(status), run=world.run)

    def operator_restarted(self) -> Self:
        """What only the operator's memory held is gone."""
        return replace(self, observations={})

    def with_status(self, **parts: Any) -> Self:
        return replace(self, status=self.status.model_copy(update=parts))

    def claiming(self, run: PolicyRun, name: str = "churn-abcdefghij", trigger: str = "drift") -> Self:
        cause = Cause(trigger=trigger, message=f"{trigger} is 0.12, above 0.1.", at=self.now)
        return replace(self.with_status(active_run=ActiveRun(name=name, cause=cause)), run=run)

    def training(self) -> Self:
        """The run that it claimed exists and is under way."""
        return self.whose_run_is(Going(RunStatus(state=RunState.TRAINING), self.now)).passed()

    def run_ended(self, outcome: Outcome, reason: Reason = Reason.STEP_FAILED) -> Self:
        """The run that it claimed has ended just now; whoever passes sees it."""
        claim, policy = self.status.active_run, self.policy
        assert claim, "only a run that was claimed ends"
        snapshot = PolicySnapshot(name=policy.name, uid=policy.uid, generation=policy.generation, spec=policy.spec)
        run = RunSpec(policy=snapshot, cause=claim.cause, nonce="0123456789abcdef")
        told = RunStatus(state=RunState.ENDED, outcome=outcome, reason=reason, message="It ended.")
        more = {"start_time": claim.cause.at, "completion_time": self.now, "result": Result(candidate=CANDIDATE)}
        if outcome is Outcome.SUCCEEDED:
            about = {"target": 'Deployment "churn-serving"', "uid": "target-uid", "from_": "file:///models/churn/v1"}
            more["rollout"] = RolloutRecord(**about, to=CANDIDATE.uri, start_time=self.now, complete_time=self.now)
        told = told.model_copy(update=more)
        return self.whose_run_is(Ended(run, told, outcome, self.now))

    def whose_run_is(self, run: PolicyRun) -> Self:
        return replace(self, run=run)

    def after_a_run(self, outcome: Outcome, reason: Reason = Reason.STEP_FAILED) -> Self:
        """Its last run ended just now."""
        told = RunSummary(
            name="churn-lastrun",
            trigger="drift",
            cause="drift is 0.12, above 0.1.",
            outcome=outcome,
            reason=reason,
            message="It ended.",
            start_time=self.now,
            completion_time=self.now,
        )
        return self.with_status(last_run=told, history=(told, *self.status.history)[:10])


def a_policy() -> APolicy:
    """The smallest policy, just applied."""
    return APolicy()
