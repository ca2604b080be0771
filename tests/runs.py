"""Runs as facts, built by sentences: `a_run().with_job(exited(collected()), running())`.

Every step returns a new builder; `.world` is the frozen picture that the decisions take.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from retrain_operator.decide.ending import with_condition
from retrain_operator.decide.moves import Move
from retrain_operator.decide.progress import progress
from retrain_operator.model.access import Account, Refusal, Right
from retrain_operator.model.observation import Observation
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import (
    PolicySnapshot,
    Result,
    RolloutRecord,
    RunSpec,
    RunState,
    RunStatus,
    TakenBack,
    VerdictRecord,
)
from retrain_operator.model.scalars import duration
from retrain_operator.model.status import Cause, Undo
from retrain_operator.model.target import InService, Marks, NotLooked, Progress, Serving, Target, Trouble, Unsettled
from retrain_operator.model.training import Container, Exited, ForeignJob, Job, NoJob, NotStarted, Started, TrainingJob
from retrain_operator.model.world import Policy, Run, RunWorld
from retrain_trainer.contract import (
    Answer,
    Champion,
    Collected,
    CollectOutcome,
    Evaluated,
    EvaluateOutcome,
    HoldoutReport,
    ModelRef,
    Reference,
    Score,
    Trained,
    TrainOutcome,
)
from tests.builders import T0, clock_time, spec

NAME, NONCE = "churn-abcdefghij", "0123456789abcdef"
OLD = ModelRef(uri="file:///models/churn/v1", digest="sha256:" + "1" * 64)
NEW = ModelRef(uri="file:///models/churn/v2", digest="sha256:" + "2" * 64)
RUNNER = Account("shop", "retrain-runner")
TARGET = 'Deployment "churn-serving"'
AT = "/spec/template/spec/containers/1/env/1/value"
MARKS = Marks("/spec/template/metadata/annotations", digest=OLD.digest)
PATCH = Right("patch", "apps", "deployments", "churn-serving")

# What a trainer says


def collected(outcome: CollectOutcome = CollectOutcome.COLLECTED, message: str = "7 new batches.", **who: str) -> str:
    return _json(Collected(**_who(who), outcome=outcome, message=message, batches=7, rows=4704))


def trained(outcome: TrainOutcome = TrainOutcome.TRAINED, message: str = "Learned from 7 batches.", **who: str) -> str:
    return _json(Trained(**_who(who), outcome=outcome, message=message, batches=7, rows=3763))


def evaluation(**parts: Any) -> Evaluated:
    """What a trainer measured: 0.9 against the champion's 0.8, unless told otherwise."""
    told: dict[str, Any] = {
        **_who({}),
        "message": "Compared on 941 rows.",
        "outcome": EvaluateOutcome.EVALUATED,
        "candidate": NEW,
        "champion": Champion(uri=OLD.uri, digest=OLD.digest),
        "scores": (Score(metric="accuracy", candidate=0.9, champion=0.8, improvement=0.1, lower_bound=0.08),),
        "reference": Reference(metric="accuracy", candidate=0.8, champion=0.8, holdout="sha256:" + "4" * 64),
        "holdout": HoldoutReport(rows=941, blocks=15, digest="sha256:" + "3" * 64),
    }
    told["champion"] = OLD
    return Evaluated(**(told | parts))


def evaluated(**parts: Any) -> str:
    return _json(evaluation(**parts))


def skipped() -> tuple[str, str]:
    """What train and evaluate say when collect has ended the run."""
    nothing = {
        "scores": (),
        "candidate": None,
        "champion": None,
        "holdout": None,
        "reference": None,
        "message": "Nothing to do.",
    }
    return trained(TrainOutcome.SKIPPED, "Nothing to do."), evaluated(outcome=EvaluateOutcome.SKIPPED, **nothing)


def _who(given: dict[str, str]) -> dict[str, str]:
    return {"run": NAME, "nonce": NONCE} | given


def _json(answer: Answer) -> str:
    return answer.model_dump_json(by_alias=True, exclude_none=True)


# What its pod looks like


def exited(answer: str = "", *, code: int = 0, reason: str = "Completed", at: datetime = T0) -> Container:
    return Exited(code=code, reason=reason, answer=answer, started=at, at=at)


def running(at: datetime = T0) -> Container:
    return Started(at)


def waiting(problem: Reason | None = None, detail: str = "") -> NotStarted:
    return NotStarted(problem, detail)


@dataclass(frozen=True)
class ARun:
    """A run in the middle of its life."""

    parts: dict[str, Any] = field(default_factory=dict)
    champion: Champion | None = field(default_factory=lambda: Champion(uri=OLD.uri, digest=OLD.digest))
    status: RunStatus = field(default_factory=RunStatus)
    job: TrainingJob = field(default_factory=NoJob)
    target: Target = field(default_factory=NotLooked)
    now: datetime = T0
    policy: Policy | None = None
    observations: dict[str, Observation] = field(default_factory=dict)
    undo: Undo | None = None

    @property
    def run(self) -> Run:
        cause = Cause(trigger="drift", message="drift is 0.12, above 0.1.", at=T0)
        snapshot = PolicySnapshot(name="churn", uid="policy-uid", generation=1, spec=spec(**self.parts))
        about = RunSpec(policy=snapshot, cause=cause, champion=self.champion, nonce=NONCE, undo=self.undo)
        return Run("shop", NAME, "run-uid", "1", about, self.status, T0)

    @property
    def world(self) -> RunWorld:
        return RunWorld(self.now, self.run, self.job, self.target, self.policy, self.observations)

    @property
    def move(self) -> Move:
        """What it does next, as it would be written."""
        move = progress(self.world)
        return replace(move, status=with_condition(move.status, self.world))

    def passed(self) -> Self:
        """After one pass: its status is what that pass wrote and the API server gives back."""
        sent = self.move.status.model_dump(mode="json", by_alias=True, exclude_none=True)
        return replace(self, status=RunStatus.model_validate(sent))

    def later(self, span: str) -> Self:
        return replace(self, now=self.now + duration(span))

    def at(self, text: str) -> Self:
        return replace(self, now=clock_time(text))

    def with_spec(self, **parts: Any) -> Self:
        return replace(self, parts=self.parts | parts)

    def with_status(self, **parts: Any) -> Self:
        return replace(self, status=self.status.model_copy(update=parts))

    def with_no_champion(self) -> Self:
        return replace(self, champion=None)

    def going_back(self, to: str, uri: str | None, digest: str | None = None) -> Self:
        """It only puts a version back; the one it leaves is the candidate of other runs."""
        left = Champion(uri=NEW.uri, digest=NEW.digest)
        return replace(self, undo=Undo(to=to, uri=uri, digest=digest), champion=left)

    # Its Job

    def without_a_job(self) -> Self:
        return replace(self, job=NoJob())

    def with_a_foreign_job(self) -> Self:
        return replace(self, job=ForeignJob())

    def with_job(self, *containers: Container, uid: str = "job-1", complete: bool = False, failed: str = "") -> Self:
        created = self.job.created if isinstance(self.job, Job) and self.job.uid == uid else self.now
        return replace(self, job=Job(uid, created, complete, failed, containers))

    def trained_with(self, *answers: str) -> Self:
        """Its Job is complete, with these three answers."""
        return self.with_job(*(exited(answer, at=self.now) for answer in answers), complete=True)

    def accepted(self) -> Self:
        """The candidate has passed; the deploy is next."""
        compared = evaluated() if self.champion else evaluated(champion=None)
        done = self.without_a_job().passed().trained_with(collected(), trained(), compared).passed()
        assert done.status.state is RunState.DEPLOYING
        return done

    # Its target

    def serving(
        self,
        value: str,
        *,
        available: int = 2,
        uid: str = "target-uid",
        progress: Progress | None = None,
        manager: str = "",
    ) -> Self:
        """It names this model, and so many of its two replicas are available."""
        waiting = Unsettled(f"{available} of 2 replicas updated, {available} available.")
        progress = progress or (InService() if available == 2 else waiting)
        seen = Serving(uid, "7", value, AT, marks=MARKS, progress=progress, manager=manager)
        return replace(self, target=seen)

    def in_trouble(self, reason: Reason, message: str) -> Self:
        """Its pods suffer."""
        return self.serving(
            NEW.uri, progress=Unsettled("1 of 2 replicas updated, 1 available.", Trouble(reason, message))
        )

    def facing(self, target: Target) -> Self:
        return replace(self, target=target)

    def forbidden(self, right: Right = PATCH) -> Self:
        return self.facing(Refusal(RUNNER, right, lacking=(right,)))

    def rolling(self, *, undo: bool = False) -> Self:
        """The rollout to the candidate began just now."""
        about = {"target": TARGET, "uid": "target-uid", "from_": OLD.uri, "to": NEW.uri, "from_digest": OLD.digest}
        late = TakenBack(reason=Reason.PROGRESS_DEADLINE_EXCEEDED, message="The rollout was not complete after 5m")
        record = RolloutRecord(**about, start_time=self.now, taken_back=late if undo else None)
        return self.with_status(rollout=record)


def a_run() -> ARun:
    """A run of the smallest policy, just made, with a model in service."""
    return ARun()


def judged(promote: bool = True) -> dict[str, Any]:
    """The parts of a status that tell of a verdict."""
    verdict = VerdictRecord(promote=promote, reason=Reason.PROMOTED, message="accuracy is 0.9.")
    return {"verdict": verdict, "result": Result(candidate=NEW)}
