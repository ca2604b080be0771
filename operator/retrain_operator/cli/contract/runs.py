"""The runs that a trainer is put through, one check each, with what the contract expects of it there.

Those that come later build on what the first two have left in the store.
"""

import os
from collections.abc import Callable, Iterator

from retrain_operator.cli.contract import compared
from retrain_operator.cli.contract.breach import Breach, See, named
from retrain_operator.cli.contract.sample import FEW, FIRST_WEEKS, JUNK, NEW_WEEKS, write_batch
from retrain_operator.cli.contract.trial import Outcomes, Told, Trial
from retrain_operator.cli.contract.versions import content, folder_of, wrong_with_version
from retrain_operator.model.names import STEPS
from retrain_trainer.contract import Champion, Digest, Evaluated, ModelRef

GOES_ON: Outcomes = (("Collected",), ("Trained",), ("Evaluated",))
SOON, GRACE = 0.1, 30.0
"""Seconds after which a step is told to end at the soonest, and those that a pod then gives it."""
NO_DIGEST: Digest = f"sha256:{'0' * 64}"


class NotPossibleError(Exception):
    """Why a check cannot be done, in a few words."""


def ends(outcome: str) -> Outcomes:
    """What a run answers that collect has ended."""
    return ((outcome,), ("Skipped",), ("Skipped",))


class Runs:
    """The checks, in the order of `all`, which is the one to do them in."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.first: Told | None = None
        self.second: Told | None = None
        self.batches: dict[str, Digest] = {}
        self.committed: dict[str, dict[str, Digest]] = {}
        self.beside = set(os.listdir())  # noqa: PTH208  # names are all that is compared

    def all(self) -> dict[str, Callable[[], Iterator[Breach]]]:
        """Each check by its title."""
        return {
            "A first run, without a champion": self.begin,
            "The same run again, in a new pod": self.again,
            "The same run from the start, in an empty store": self.anew,
            "New batches, with a champion": self.go_on,
            "A champion that is not what the task says": self.changed_champion,
            "New data that was tried before": self.tried,
            "No new data": self.nothing,
            "A champion whose digest nobody knows": self.unknown,
            "A source that is not there": self.missing,
            "A batch that cannot be read": self.junk,
            "Too few rows to compare models on": self.few,
            "A task with fields from later": self.later,
            "Steps that are told to end": self.terminated,
            "Versions never change": self.unchanged,
            "Nothing is written elsewhere": self.elsewhere,
        }

    def begin(self) -> Iterator[Breach]:
        """Six batches, and no model yet."""
        self._write(FIRST_WEEKS)
        self.first = self.trial.run(self.trial.task("sample-first"), "first", GOES_ON)
        yield from self.first.breaches
        if evaluated := self.first.evaluated:
            yield from compared.alone(evaluated)
            self._remember(evaluated)

    def again(self) -> Iterator[Breach]:
        """The run as a lost pod repeats it: with an empty workspace, and its version in the store."""
        first, before = self._candidate(self.first), content(self.trial.site.store)
        told = self.trial.run(
            self.trial.task("sample-first"), "again", (GOES_ON[0], ("Trained", "Skipped"), GOES_ON[2])
        )
        yield from told.breaches
        if told.evaluated and told.evaluated.candidate != first:
            came = named(told.evaluated.candidate)
            yield Breach("evaluate", f"the candidate that this run has committed, {named(first)}", came, See.REPEATED)
        elif content(self.trial.site.store) != before:
            yield Breach("evaluate", "a store that stays as it was", "files in it are others now", See.REPEATED)

    def anew(self) -> Iterator[Breach]:
        """The run as it is done again when a pod was lost before its commit: on the same data, with nothing kept."""
        self._candidate(self.first)
        with self.trial.site.empty_store():
            told = self.trial.run(self.trial.task("sample-first"), "anew", GOES_ON)
        yield from told.breaches
        if self.first and self.first.evaluated and told.evaluated:
            yield from compared.repeated(self.first.evaluated, told.evaluated)

    def go_on(self) -> Iterator[Breach]:
        """Two more batches, beside the model of the first run."""
        champion = self._candidate(self.first)
        self._write(NEW_WEEKS)
        self.second = self.trial.run(self.trial.task("sample-second", _served(champion)), "second", GOES_ON)
        yield from self.second.breaches
        if evaluated := self.second.evaluated:
            yield from compared.with_champion(evaluated, champion)
            self._remember(evaluated)
        before, after = _new_data(self.first), _new_data(self.second)
        if before and before == after:
            yield Breach("collect", "another dataDigest once there is new data", "the same", See.COLLECT)

    def changed_champion(self) -> Iterator[Breach]:
        """The digest is what tells a trainer whether it has the model that is in service before it."""
        champion = self._candidate(self.first)
        task = self.trial.task("sample-changed", Champion(uri=champion.uri, digest=NO_DIGEST))
        called = self.trial.call(task, STEPS[0], "changed")
        for step in STEPS[1:]:
            if called.code != 0:
                return
            called = self.trial.call(task, step, "changed")
        if called.code == 0 and NO_DIGEST.encode() in called.answer:
            expected = "a fault, or the digest that the champion's manifest really has"
            yield Breach("evaluate", expected, "the digest of the task, though nothing has it", See.STORE)

    def tried(self) -> Iterator[Breach]:
        """What an earlier run has tried in vain is not tried again."""
        champion = self._candidate(self.first)
        known = _new_data(self.second)
        if known is None:
            raise NotPossibleError("collect gives no dataDigest for new data, as it may")
        task = self.trial.task("sample-tried", _served(champion), known)
        said, breaches = self.trial.step(task, "collect", "tried", "NoNewData")
        yield from breaches
        if said and getattr(said, "data_digest", None) not in (None, known):
            yield Breach("collect", "the same dataDigest while nothing new has come", "another one", See.COLLECT)

    def nothing(self) -> Iterator[Breach]:
        """The champion has seen every batch."""
        champion, before = self._candidate(self.second), content(self.trial.site.store)
        task = self.trial.task("sample-nothing", _served(champion))
        yield from self.trial.run(task, "nothing", ends("NoNewData")).breaches
        if content(self.trial.site.store) != before:
            yield Breach("evaluate", "no version of a run that has ended", "the store has changed", See.EVALUATE)

    def unknown(self) -> Iterator[Breach]:
        """The first champion of a policy may have been put into service by hand."""
        task = self.trial.task("sample-unknown", Champion(uri=self._candidate(self.second).uri))
        yield from self.trial.step(task, "collect", "unknown", "NoNewData", "Collected")[1]

    def missing(self) -> Iterator[Breach]:
        """A source that matches no file."""
        task = self.trial.task("sample-missing", folder="nowhere")
        yield from self.trial.run(task, "missing", ends("DataSourceNotFound")).breaches

    def junk(self) -> Iterator[Breach]:
        """One new batch is noise."""
        path = self.trial.site.data / f"week-99.{self.trial.format}"
        path.write_bytes(JUNK)
        path.chmod(0o644)
        champion = self.second.evaluated.candidate if self.second and self.second.evaluated else None
        task = self.trial.task("sample-junk", _served(champion) if champion else None)
        try:
            yield from self.trial.run(task, "junk", ends("DataInvalid")).breaches
        finally:
            path.unlink()

    def few(self) -> Iterator[Breach]:
        """Fewer rows than the task wants held out tell nothing of a model."""
        folder = self.trial.site.data / "few"
        folder.mkdir()
        write_batch(folder, FIRST_WEEKS[0], self.trial.format, FEW)
        self.batches = content(self.trial.site.data)
        expected: Outcomes = (("Collected",), ("Skipped",), ("Inconclusive",))
        yield from self.trial.run(self.trial.task("sample-few", folder="few"), "few", expected).breaches

    def later(self) -> Iterator[Breach]:
        """A newer operator may say more than this trainer knows."""
        self._candidate(self.first)
        _, breaches = self.trial.later().step(self.trial.task("sample-later"), "collect", "later", "Collected")
        yield from breaches

    def terminated(self) -> Iterator[Breach]:
        """A step is in the midst of its work when its container is ended; then it starts anew in the same pod."""
        self._candidate(self.first)
        task = self.trial.task("sample-ended")
        half = {step: max(took / 2, SOON) for step, took in self.trial.took.items()}
        yield from self.trial.step(task, "collect", "ended", "Collected")[1]
        for step, outcome in (("train", "Trained"), ("evaluate", "Evaluated")):
            called = self.trial.lasting(GRACE).call(task, step, "ended", half[step])
            if called.code is None:
                grace = min(GRACE, self.trial.seconds)
                yield Breach(step, f"an end within {grace:g} s of SIGTERM", "it was still at work", See.TERMINATED)
            elif called.code == 0 and not called.answer.strip():
                expected = "an exit code other than 0 of a step that was ended before it answered"
                yield Breach(step, expected, "exit code 0", See.TERMINATED)
            said, breaches = self.trial.step(task, step, "ended", outcome)
            yield from breaches
            if isinstance(said, Evaluated) and said.candidate:
                yield from wrong_with_version(said.candidate, task.model.store, self.trial.site.store)

    def unchanged(self) -> Iterator[Breach]:
        """What was put into service must be what is there after every later run."""
        self._candidate(self.first)
        store = self.trial.trainer.places(self.trial.site)[1]
        for uri, files in self.committed.items():
            folder = folder_of(ModelRef(uri=uri, digest=NO_DIGEST), store, self.trial.site.store)
            after = content(folder) if folder else {}
            if changed := sorted(name for name in files.keys() | after.keys() if files.get(name) != after.get(name)):
                came = f"another {', '.join(changed[:3])}"
                yield Breach("evaluate", f"{uri} to stay as it was committed", came, See.STORE)

    def elsewhere(self) -> Iterator[Breach]:
        """Of a command what can be seen of it; an image cannot even try."""
        where = "writing in the workspace, /tmp and the store alone"
        if content(self.trial.site.data) != self.batches:
            yield Breach("a step", where, "files among the batches were changed", See.CALLS)
        if strangers := self.trial.site.strangers():
            yield Breach("a step", where, f"{strangers[0]} beside the store", See.CALLS)
        if new := sorted(set(os.listdir()) - self.beside):  # noqa: PTH208  # as above
            yield Breach("a step", where, f"{new[0]} in the folder it is called in", See.CALLS)

    def _write(self, weeks: range) -> None:
        for week in weeks:
            write_batch(self.trial.site.data, week, self.trial.format)
        self.batches = content(self.trial.site.data)

    def _remember(self, evaluated: Evaluated) -> None:
        store = self.trial.trainer.places(self.trial.site)[1]
        folder = folder_of(evaluated.candidate, store, self.trial.site.store) if evaluated.candidate else None
        if evaluated.candidate and folder:
            self.committed[evaluated.candidate.uri] = content(folder)

    def _candidate(self, told: Told | None) -> ModelRef:
        if told is None or told.evaluated is None or told.evaluated.candidate is None:
            raise NotPossibleError("it builds on a run that did not come to its end")
        return told.evaluated.candidate


def _new_data(told: Told | None) -> Digest | None:
    """What collect says that is new."""
    return told.collected.data_digest if told and told.collected else None


def _served(candidate: ModelRef) -> Champion:
    return Champion(uri=candidate.uri, digest=candidate.digest)
