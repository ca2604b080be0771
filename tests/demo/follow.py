"""Follows every run from its first step to its end, and takes the right to deploy away once, while a run trains.

A blocked run is left alone for some weeks of the stream; then the right is given back, and it is followed to its end.
"""

from dataclasses import dataclass, replace

from retrain_operator.model.run import RunState, RunStatus, StepState
from retrain_operator.model.status import Missing
from tests.demo.access import DemoError, wait_for
from tests.demo.observe import Eyes, Seen
from tests.demo.screen import Screen
from tests.demo.stage import set_deploy_verbs
from tests.demo.story import Block, Diary, RunTold, Target, blocked, healed

BLOCKED_WEEKS = 3
"""Weeks that are played while a run is blocked, before the right is given back."""
START_TIMEOUT = 45.0
RUN_TIMEOUT = 240.0
OVER = (StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.BLOCKED)


@dataclass(frozen=True)
class Open:
    """A run that has not ended: the week after which it was seen, and the Deployment before it."""

    name: str
    week: int
    before: Target
    block: Block | None = None


class Follower:
    """Sees runs come, go on and end. Ended ones are written into the diary."""

    def __init__(self, eyes: Eyes, screen: Screen, diary: Diary) -> None:
        self._eyes, self._screen, self._diary = eyes, screen, diary
        self._taken = False
        self._before = eyes.target()
        self._open: Open | None = None
        self._told: set[tuple[str, str]] = set()

    @property
    def blocked(self) -> bool:
        """Whether a run is being held back at this moment."""
        return self._open is not None

    def attend(self, week: int) -> None:
        """See what the operator does after this week; come back when it needs the stream to go on."""
        if self._open:
            if week - self._open.week >= BLOCKED_WEEKS:
                self._unblock(self._open)
            return
        name = self._active() or self._awaited()
        if name is None:
            self._before = self._eyes.target()
            return
        self.follow(name, week)

    def follow(self, name: str, week: int) -> None:
        """Follow one run until it has ended or is blocked."""
        self._told.clear()
        run = wait_for(
            lambda: self._eyes.run(name), START_TIMEOUT, lambda: f"RetrainRun {name} was claimed but not made"
        )
        self._screen.line(f"▼ week {week}: {run.cause.message} Run {name} starts.", "bold")
        self._watch(Open(name, week, self._before))

    def _active(self) -> str | None:
        active = self._eyes.policy().active_run
        return active.name if active else None

    def _awaited(self) -> str | None:
        """The run that must come now, because accuracy is unwell and nothing holds the policy; None if none must."""
        while self._unwell() and not self._eyes.resting():
            name = wait_for(self._started, START_TIMEOUT, self._no_start)
            if name:
                return name
        return None

    def _started(self) -> str | None:
        """The run that is under way; empty when accuracy is well again meanwhile; None to wait on."""
        return self._active() or (None if self._unwell() else "")

    def _unwell(self) -> bool:
        value = self._eyes.accuracy()
        return value is not None and value < self._eyes.healthy

    def _no_start(self) -> str:
        return f"Accuracy is {self._eyes.accuracy()}, yet no run starts. The policy says: {self._eyes.policy().message}"

    def _watch(self, run: Open) -> None:
        if run.block is None and self._wants_block():
            wait_for(lambda: self._training(run.name), RUN_TIMEOUT, lambda: f"Run {run.name} made no Job")
            self._screen.line("  Meanwhile somebody takes the right to deploy away:")
            self._screen.command(set_deploy_verbs("get"))
            self._taken = True
        seen = wait_for(lambda: self._stopped(run), RUN_TIMEOUT, lambda: self._stuck(run.name))
        if seen.status.state is RunState.BLOCKED:
            self._open = replace(run, block=self._block(seen))
            self._screen.line(f"⇒ Blocked. {seen.status.message}", "bold magenta")
            self._screen.line("  The model in service goes on serving, and so does the stream.")
            return
        self._open = None
        self._end(run, seen)

    def _wants_block(self) -> bool:
        return bool(healed(self._diary).proof) and not blocked(self._diary).proof

    def _training(self, name: str) -> Seen | None:
        seen = self._eyes.run(name)
        return seen if seen and (seen.status.job or seen.status.outcome) else None

    def _stopped(self, run: Open) -> Seen | None:
        """The run once it has ended or is blocked at the deploy; tells each step on the way."""
        seen = self._eyes.run(run.name)
        if seen is None:
            raise DemoError(f"RetrainRun {run.name} has vanished.")
        self._tell(seen.status)
        if seen.status.outcome or (seen.status.state is RunState.BLOCKED and run.block is None):
            return seen
        return None

    def _tell(self, status: RunStatus) -> None:
        for step in status.steps:
            if step.state in OVER and (step.name, step.state) not in self._told:
                self._told.add((step.name, step.state))
                # What the run says of itself is told in full when it stops.
                self._screen.step(step.name, step.state, "" if step.message in status.message else step.message)

    def _stuck(self, name: str) -> str:
        seen = self._eyes.run(name)
        said = f"{seen.status.state}: {seen.status.message}" if seen else "it has vanished"
        return f"Run {name} did not end. {said}"

    def _block(self, seen: Seen) -> Block:
        result, job = seen.status.result, seen.status.job
        assert result is not None, "a run is blocked at the deploy only with a result"
        assert result.candidate is not None, "a run is blocked at the deploy only with a candidate"
        assert job is not None, "a result comes from a Job"
        missing = tuple(map(_words, seen.status.missing))
        return Block(missing, seen.status.message, job.uid, result.candidate.digest, self._eyes.target())

    def _unblock(self, run: Open) -> None:
        self._screen.line(f"▲ week {run.week + BLOCKED_WEEKS}: the right is given back; nothing else is done.", "bold")
        self._give_back()
        self._watch(run)

    def _give_back(self) -> None:
        self._screen.command(set_deploy_verbs("get", "patch"))
        self._taken = False

    def _end(self, run: Open, seen: Seen) -> None:
        status = seen.status
        assert status.outcome is not None, "the run has ended"
        assert status.start_time is not None, "what has ended has started"
        assert status.completion_time is not None, "what has ended has a time of its end"
        told = RunTold(
            name=run.name,
            week=run.week,
            trigger=seen.cause.trigger,
            cause=seen.cause.message,
            outcome=status.outcome,
            message=status.message,
            before=run.before,
            after=self._eyes.target(),
            jobs=self._eyes.jobs(run.name),
            seconds=(status.completion_time - status.start_time).total_seconds(),
            block=run.block,
        )
        self._diary.runs.append(told)
        self._before = told.after
        style = "bold green" if told.promoted else "bold yellow"
        self._screen.line(f"⇒ {told.outcome}. {told.message}", style)
        if self._taken:
            self._screen.line("  Nothing was to be deployed, so the right was not missed. It is given back.")
            self._give_back()


def _words(right: Missing) -> str:
    group = f".{right.api_group}" if right.api_group else ""
    return f'{right.verb} {right.resource}{group} "{right.name}"'
