"""The first three steps of a run as people see them, told from the containers of its Job."""

from retrain_operator.decide.answers import parse
from retrain_operator.model.names import STEPS
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import StepName, StepState, StepStatus
from retrain_operator.model.training import Container, Exited, Job, NotStarted, Started
from retrain_operator.model.world import Run
from retrain_trainer.contract import Fault, TrainOutcome

KILLED = 137
"""Exit code of what was killed by SIGKILL."""
_NAMES = dict(zip(STEPS, StepName, strict=False))


def steps(run: Run, job: Job) -> tuple[StepStatus, ...]:
    """Collect, Train and Evaluate as the Job's newest pod shows them, and Deploy as it stands in the run.

    A pod in which nothing has started tells nothing yet, so what an earlier one showed is kept until it does.
    """
    before = tuple(_released(step) for step in run.status.steps)
    told_before = any(step.start_time for step in before)
    if not job.containers or (told_before and all(isinstance(each, NotStarted) for each in job.containers)):
        return before
    told = [_step(run, _NAMES[step], seen) for step, seen in zip(STEPS, job.containers, strict=True)]
    return (*told, before[-1])


def _released(step: StepStatus) -> StepStatus:
    return StepStatus(name=step.name) if step.state is StepState.BLOCKED else step


def _step(run: Run, name: StepName, container: Container) -> StepStatus:
    match container:
        case NotStarted(problem=None):
            return StepStatus(name=name)
        case NotStarted(problem=problem, detail=detail):
            return StepStatus(name=name, reason=problem or Reason.PENDING, message=detail)
        case Started(at=at):
            return StepStatus(name=name, state=StepState.RUNNING, reason=Reason.RUNNING, start_time=at)
        case Exited():
            return _exited(run, name, container)


def _exited(run: Run, name: StepName, container: Exited) -> StepStatus:
    said = parse(run, container.answer)
    message = said.message if said else ""
    state, reason = StepState.SUCCEEDED, "" if said is None or isinstance(said, Fault) else str(said.outcome)
    if reason == TrainOutcome.SKIPPED:
        state = StepState.SKIPPED
    if container.code:
        state, reason = StepState.FAILED, failure(container)
        message = message or failure_message(name, container)
    return StepStatus(
        name=name,
        state=state,
        reason=reason,
        message=message,
        start_time=container.started,
        completion_time=container.at,
    )


def failure(container: Exited) -> Reason:
    """Why a container that exited non-zero did."""
    return Reason.OUT_OF_MEMORY if container.reason == "OOMKilled" else Reason.STEP_FAILED


def failure_message(name: StepName, container: Exited) -> str:
    """What happened to a container that exited non-zero and left no word of its own, and where to look."""
    if failure(container) is Reason.OUT_OF_MEMORY:
        return f"{name} needed more memory than its limit: raise trainer.resources.limits.memory."
    if container.reason == "ContainerStatusUnknown":
        return f"{name} was lost with its node, or with what the node knew of it."
    if container.code == KILLED:
        more = "as is done to what takes too much memory: see trainer.resources.limits.memory and the pod's events."
        return f"{name} was killed (exit code {KILLED}), {more}"
    return f"{name} ended with exit code {container.code}; see the log of container {name.lower()} of its pod."
