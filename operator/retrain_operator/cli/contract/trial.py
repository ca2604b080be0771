"""A trainer under examination: its steps called one by one in a pod's folders, and what is wrong with each call."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from retrain_operator.cli.call import Called, call
from retrain_operator.cli.contract.breach import Breach, See
from retrain_operator.cli.contract.judge import SECTIONS, Said, judge
from retrain_operator.cli.contract.sample import Format, sample_task
from retrain_operator.cli.contract.site import CannotCheckError, Site, Trainer
from retrain_operator.cli.contract.versions import wrong_with_version
from retrain_operator.model.names import STEPS
from retrain_trainer.contract import Champion, Collected, Digest, Evaluated, Task

Outcomes = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Which outcomes of collect, train and evaluate are right."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answers of a run as far as it came, and what was wrong with them."""

    answers: dict[str, Said]
    breaches: tuple[Breach, ...]

    @property
    def collected(self) -> Collected | None:
        """The answer of collect."""
        said = self.answers.get("collect")
        return said if isinstance(said, Collected) else None

    @property
    def evaluated(self) -> Evaluated | None:
        """The answer of evaluate, when it is Evaluated."""
        said = self.answers.get("evaluate")
        return said if isinstance(said, Evaluated) and said.candidate else None


@dataclass(frozen=True, slots=True)
class Trial:
    """What is examined, where, on batches of which format, and how long a step may take."""

    trainer: Trainer
    site: Site
    format: Format
    seconds: float
    more: dict[str, Any] = field(default_factory=dict)
    """Fields that the task has beside those of the contract."""
    took: dict[str, float] = field(default_factory=dict)
    """Seconds that each step took when it was last called."""

    def later(self) -> "Trial":
        """The same with tasks as a later operator may write them: there is more in each block of them."""
        return replace(self, more={"fromLater": {"a": [1, None]}})

    def lasting(self, seconds: float) -> "Trial":
        """The same with no more than so many seconds for a step."""
        return replace(self, seconds=min(seconds, self.seconds))

    def task(
        self, run: str, champion: Champion | None = None, known: Digest | None = None, *, folder: str = ""
    ) -> Task:
        """The task of a run, in the trainer's own places. `folder` is one below that of the batches."""
        data, store = self.trainer.places(self.site)
        source = "/".join(part for part in (data, folder, f"*.{self.format}") if part)
        return sample_task(run, source, store, champion, known)

    def call(self, task: Task, step: str, pod: str, terminate_after: float | None = None) -> Called:
        """Call one step in the workspace of a pod. CannotCheckError when there is no starting it."""
        written = task.model_dump(mode="json", by_alias=True, exclude_none=True)
        blocks = {name: {**block, **self.more} for name, block in written.items() if isinstance(block, dict)}
        text = json.dumps({**written, **blocks, **self.more})
        this = self.trainer.call(self.site, step, text, self.site.workspace(pod))
        try:
            return call(this, self.seconds, terminate_after=terminate_after)
        except OSError as error:
            raise CannotCheckError(f"The trainer cannot be started: {error.strerror or error}.") from None

    def step(self, task: Task, step: str, pod: str, *expected: str) -> tuple[Said | None, list[Breach]]:
        """Call one step and judge what came, the outcome too: it must be one of the expected."""
        called = self.call(task, step, pod)
        self.took[step] = (called.ended - called.started).total_seconds()
        said, breaches = judge(task, step, called, self.seconds)
        if said and said.outcome not in expected:
            came = f"{said.outcome}: {said.message}"
            breaches.append(Breach(step, f"outcome {' or '.join(expected)}", came, SECTIONS[step]))
        return said, breaches

    def run(self, task: Task, pod: str, expected: Outcomes) -> Told:
        """Call the three steps, until one does not do what is expected: what follows would suffer from it only."""
        answers: dict[str, Said] = {}
        for step, outcome in zip(STEPS, expected, strict=True):
            said, breaches = self.step(task, step, pod, *outcome)
            if said:
                answers[step] = said
            if breaches:
                return Told(answers, tuple(breaches))
        told = Told(answers, ())
        return Told(answers, tuple(self._wrong_with_candidate(task, told)))

    def _wrong_with_candidate(self, task: Task, told: Told) -> list[Breach]:
        said = told.answers["evaluate"]
        if not isinstance(said, Evaluated) or said.outcome != "Evaluated":
            return []
        if said.candidate is None:
            return [Breach("evaluate", "candidate to be there", "none", See.EVALUATE)]
        return list(wrong_with_version(said.candidate, task.model.store, self.site.store))
