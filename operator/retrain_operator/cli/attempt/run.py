"""One run on this machine: each step a process of the trainer, and then the operator's own move for such a Job."""

import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from retrain_operator.cli.attempt.places import CannotTryError, Places
from retrain_operator.cli.call import (
    ANSWER_VARIABLE,
    TRIED_VARIABLE,
    WORKSPACE_VARIABLE,
    Call,
    Called,
    call,
    no_program,
    now,
)
from retrain_operator.cli.policy_file import Draft
from retrain_operator.cli.watching import Watching
from retrain_operator.decide.answers import parse
from retrain_operator.decide.manifest import task
from retrain_operator.decide.progress import progress
from retrain_operator.model.names import STEPS
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, PolicySnapshot, RunSpec, RunStatus
from retrain_operator.model.status import Cause
from retrain_operator.model.training import Container, Exited, Job, NotStarted
from retrain_operator.model.world import Run, RunWorld
from retrain_trainer.contract import TASK_VARIABLE

TRAINER = (sys.executable, "-P", "-m", "retrain_trainer")
"""The one that comes with the project; -P, as what lies in the folder one happens to stand in is no part of it."""
OF_THE_TRAINER = re.compile(r"""extra == ['"]trainer['"]""")
IN_A_POD = {
    "see the container's log": "see the end of its log",
    "The Job took": "The run took",
    "in its termination message": f"in the file that {ANSWER_VARIABLE} names",
}
"""Words that only make sense in a cluster, and those that stand for them here."""
NO_ANSWER = (Reason.ANSWER_MISSING, Reason.ANSWER_INVALID)
HINT = " That is a path in the trainer's pod; --data GLOB names a copy of the data on this machine."
CHECK = " To have every breach of the contract named: kubectl retrain contract check TRAINER."
OF_ANOTHER = re.compile("is no (version|manifest) of this trainer")
TRAINER_HINT = " If another trainer has made it, name that by --trainer."


@dataclass(frozen=True, slots=True)
class Tried:
    """A run that was tried, and how it ended. `log` is the end of what a failed step printed."""

    run: Run
    status: RunStatus
    outcome: Outcome
    reason: str
    message: str
    seconds: tuple[float, ...]
    log: str = ""


def attempt(draft: Draft, places: Places, command: tuple[str, ...], watching: Watching) -> Tried:
    """Run the three steps and judge the candidate. Nothing is left but in a store that was named.

    `command` is a trainer to call in place of the one that comes with the project, when there is one. Raises
    CannotTryError when it cannot even begin; whatever happens in a step is told by the outcome.
    """
    if not command:
        _require_trainer()
    elif missing := no_program(command[0]):
        raise CannotTryError(f"--trainer: {missing}.")
    places.require_store()
    with ExitStack() as stack:
        root = Path(stack.enter_context(TemporaryDirectory(prefix="retrain-try-")))
        run = _run(draft, places, root)
        stack.enter_context(watching)
        tried = _ended(run, tuple(_called(run, root, command or TRAINER, watching)))
    return _in_words_of(places, tried)


def _require_trainer() -> None:
    """Raise CannotTryError when packages of the extra `trainer` are missing."""
    try:
        wanted = [each for each in metadata.requires("retrain-operator") or () if OF_THE_TRAINER.search(each)]
    except metadata.PackageNotFoundError:
        return  # run from a checkout that nobody has installed; then imports tell what is missing
    names = (re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0] for each in wanted)
    missing = [name for name in names if not any(metadata.distributions(name=name))]
    if missing:
        told = f"The trainer needs {', '.join(missing)}, not installed here"
        raise CannotTryError(f"{told}: pip install '.[cli,trainer]' in a checkout.")


def _run(draft: Draft, places: Places, root: Path) -> Run:
    """A run as the operator would make it, with the places of this machine."""
    spec, at = places.spec(draft.spec, root), now()
    name = draft.name or "unnamed"
    return Run(
        namespace=draft.namespace,
        name=f"{name}-{secrets.token_hex(5)}",
        uid="try",
        resource_version="1",
        spec=RunSpec(
            policy=PolicySnapshot(name=name, uid="try", generation=1, spec=spec),
            cause=Cause(trigger="manual", message="Tried on this machine.", at=at),
            champion=places.model_in_service(spec.model.store),
            nonce=secrets.token_hex(16),
        ),
        status=RunStatus(),
        created=at,
    )


def _called(run: Run, root: Path, command: tuple[str, ...], watching: Watching) -> Iterator[Called]:
    """What came of each step, until one fails, or leaves no answer to go on with, or trainer.timeout is over."""
    trainer = run.spec.policy.spec.trainer
    workspace = root / "workspace"
    workspace.mkdir()
    variables = {
        **{each.name: each.value for each in trainer.env},
        **os.environ,
        TASK_VARIABLE: task(run).model_dump_json(by_alias=True, exclude_none=True),
        WORKSPACE_VARIABLE: str(workspace),
        ANSWER_VARIABLE: str(root / "answer"),
        TRIED_VARIABLE: run.spec.policy.name,
        "TMPDIR": str(root),
    }
    for step in STEPS:
        left = trainer.timeout - (now() - run.created)
        try:
            with watching.doing(step.capitalize()):
                called = call(Call((*command, step), variables, root / "answer"), left.total_seconds())
        except OSError as error:
            raise CannotTryError(f"The trainer cannot be started: {error.strerror or error}.") from None
        yield called
        if called.code != 0 or parse(run, called.answer.decode(errors="replace")) is None:
            return


def _ended(run: Run, calls: tuple[Called, ...]) -> Tried:
    """What the operator would make of it, had the Job of the run shown this."""
    last = calls[-1]
    containers = tuple(map(_exited, calls))
    waiting: tuple[Container, ...] = (NotStarted(),) * (len(STEPS) - len(calls))
    failed = "DeadlineExceeded" if last.code is None else "BackoffLimitExceeded" if last.code else ""
    job = Job("try", run.created, complete=not failed, failed=failed, containers=(*containers, *waiting))
    status = progress(RunWorld(now(), run, job)).status
    if failed and last.code is not None and parse(run, containers[-1].answer) is None:
        status = _without_a_word(status, STEPS[len(calls) - 1].capitalize(), last.code)
    seconds = tuple((each.ended - each.started).total_seconds() for each in calls)
    log = last.log if failed and not _ends_with(last.log, status.message) else ""
    if status.verdict and status.verdict.promote:
        return Tried(run, status, Outcome.SUCCEEDED, status.verdict.reason, status.verdict.message, seconds)
    assert status.outcome, "a Job that has ended ends its run, or there is a candidate to roll out"
    return Tried(run, status, status.outcome, status.reason, status.message, seconds, log)


def _ends_with(log: str, message: str) -> bool:
    """Whether a log says no more at its end than what is told anyway."""
    return log.rstrip().rpartition("\n")[2].endswith(message)


def _exited(called: Called) -> Exited:
    code = 137 if called.code is None else called.code
    return Exited(code, "", called.answer.decode(errors="replace"), called.started, called.ended)


def _without_a_word(status: RunStatus, step: str, code: int) -> RunStatus:
    """The operator sends people to the log of a container; here there is none."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    message = f"{step} {how} and left no word of its own."
    steps = (each.model_copy(update={"message": message}) if each.name == step else each for each in status.steps)
    return status.model_copy(update={"message": message, "steps": tuple(steps)})


def _in_words_of(places: Places, tried: Tried) -> Tried:
    """The same for people: the champion by the place it was named by, and a hint where the data was not found."""
    copy, store = tried.run.spec.champion, tried.run.spec.policy.spec.model.store

    def told(text: str) -> str:
        for of_a_pod, of_a_process in IN_A_POD.items():
            text = text.replace(of_a_pod, of_a_process)
        # Nobody knows the folder that stands for a store where none is named.
        text = text if places.store else text.replace(f" in the store {store}", "")
        return text.replace(copy.uri, places.champion) if copy and places.champion else text

    steps = tuple(step.model_copy(update={"message": told(step.message)}) for step in tried.status.steps)
    status = tried.status.model_copy(update={"steps": steps})
    return replace(tried, status=status, message=told(tried.message) + _hint(places, tried))


def _hint(places: Places, tried: Tried) -> str:
    """What to do about it on this machine."""
    if tried.reason in NO_ANSWER:
        return CHECK
    if tried.reason == Reason.STEP_FAILED and OF_ANOTHER.search(tried.message):
        return TRAINER_HINT
    if tried.reason != Reason.DATA_SOURCE_NOT_FOUND:
        return ""
    return HINT if places.data is None else f" With the folders in it: {places.deeper}." if places.deeper else ""
