"""What happened in a demo, and whether all of it came that the demo promises: five beats, each with its proof.

A diary is written while the stream is replayed. The beats are read from it by functions that see nothing else.
"""

from dataclasses import dataclass, field
from statistics import fmean

ACCURACY = "accuracy"
"""Name of the policy's trigger that watches accuracy."""
MONTH = 4
"""Weeks after a promotion whose mean accuracy tells whether it helped."""


@dataclass(frozen=True)
class WeekTold:
    """Accuracy in one week: of the model in service, and of the first model, which is never retrained."""

    number: int
    served: float
    frozen: float
    blocked: bool = False


@dataclass(frozen=True)
class Target:
    """The serving Deployment as it was at some moment: the model it names, and the generation of its spec."""

    model: str
    digest: str
    generation: int


@dataclass(frozen=True)
class Block:
    """A run that was held back for want of a right: what it lacked, what it kept, and what went on serving."""

    missing: tuple[str, ...]
    message: str
    job: str
    candidate: str
    target: Target


@dataclass(frozen=True)
class RunTold:
    """One ended run, between the weeks `week` and `week + 1` of the stream."""

    name: str
    week: int
    trigger: str
    cause: str
    outcome: str
    message: str
    before: Target
    after: Target
    jobs: tuple[str, ...]
    seconds: float
    block: Block | None = None

    @property
    def promoted(self) -> bool:
        """Whether its candidate is in service now."""
        return self.outcome == "Succeeded"


@dataclass
class Diary:
    """All that happened, in its order."""

    healthy: float
    weeks: list[WeekTold] = field(default_factory=list)
    runs: list[RunTold] = field(default_factory=list)

    def mean(self, start: int, end: int) -> float | None:
        """Mean accuracy of the model in service over the weeks start..end-1; None when none of them was played."""
        played = [week.served for week in self.weeks if start <= week.number < end]
        return fmean(played) if played else None


@dataclass(frozen=True)
class Beat:
    """One promise of the demo. `proof` says how it was kept; it is empty while it is not."""

    promise: str
    proof: str = ""


def beats(diary: Diary) -> tuple[Beat, ...]:
    """The five promises, in the order in which they are told."""
    return (first_model(diary), healed(diary), rejected(diary), blocked(diary), deployed_later(diary))


def first_model(diary: Diary) -> Beat:
    """A run asked for by hand puts the first model in service."""
    promise = "A run that is asked for by hand puts the first model in service."
    first = next((run for run in diary.runs if run.trigger == "manual" and run.promoted), None)
    return Beat(promise, f"Run {first.name}." if first else "")


def healed(diary: Diary) -> Beat:
    """Accuracy left its healthy range, a run was promoted, and in the month after accuracy was back in it."""
    healthy = f"{diary.healthy:g}"
    promise = (
        f"Accuracy sinks below {healthy}, a run is promoted, and accuracy is {healthy} or more in the month after."
    )
    for run in diary.runs:
        after = diary.mean(run.week + 1, run.week + 1 + MONTH)
        if run.trigger == ACCURACY and run.promoted and not run.block and after is not None and after >= diary.healthy:
            return Beat(
                promise, f"Run {run.name} in week {run.week}: {run.cause} In the month after it was {after:.3f}."
            )
    return Beat(promise)


def rejected(diary: Diary) -> Beat:
    """A candidate that is not better changes nothing."""
    promise = "A candidate that is not better is rejected, and the Deployment is not touched."
    for run in diary.runs:
        if run.outcome == "Rejected" and run.before == run.after:
            return Beat(
                promise,
                f"Run {run.name} in week {run.week}; the Deployment is still at generation {run.after.generation}.",
            )
    return Beat(promise)


def blocked(diary: Diary) -> Beat:
    """Without the right to deploy, the run waits and says which right it lacks, and the model in service goes on."""
    promise = (
        "Without the right to patch the Deployment a run is Blocked, names that right, and the model in service stays."
    )
    for run in diary.runs:
        named = run.block and any(right.startswith("patch deployments.apps") for right in run.block.missing)
        if run.block and named and run.block.target == run.before and any(week.blocked for week in diary.weeks):
            served = sum(week.blocked for week in diary.weeks)
            return Beat(
                promise, f"Run {run.name} lacked: {', '.join(run.block.missing)}; {served} weeks were served meanwhile."
            )
    return Beat(promise)


def deployed_later(diary: Diary) -> Beat:
    """Once the right is back, the very model that was trained is rolled out, by the same Job."""
    promise = "Once the right is given back, the model that was trained before is deployed, with no second training."
    for run in diary.runs:
        if run.block and run.promoted and run.jobs == (run.block.job,) and run.after.digest == run.block.candidate:
            return Beat(
                promise, f"Run {run.name}: one Job, {run.block.job}, and digest {run.after.digest[:19]}… as trained."
            )
    return Beat(promise)
