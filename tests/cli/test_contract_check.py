"""Each way to break the contract is named: the step, what was expected, what came, and where that stands."""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from retrain_operator.cli.contract import runs
from retrain_operator.cli.contract.breach import Breach, See
from retrain_operator.cli.contract.runs import NotPossibleError, Runs
from retrain_operator.cli.contract.sample import Format
from retrain_operator.cli.contract.site import Command, Site
from retrain_operator.cli.contract.trial import Trial
from tests.cli.broken import AFTER

BROKEN = Path(__file__).with_name("broken.py")
PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
FIRST, AGAIN, ANEW, NEW = (
    "A first run, without a champion",
    "The same run again, in a new pod",
    "The same run from the start, in an empty store",
    "New batches, with a champion",
)
CHANGED, TRIED, NOTHING = "A champion that is not what the task says", "New data that was tried before", "No new data"
FEW, UNKNOWN = "Too few rows to compare models on", "A champion whose digest nobody knows"
MISSING, JUNK, LATER = "A source that is not there", "A batch that cannot be read", "A task with fields from later"
ENDED, SAME, ELSEWHERE = "Steps that are told to end", "Versions never change", "Nothing is written elsewhere"


@dataclass
class Broken:
    """The checks that a fault is put through, in their order; the last one finds it."""

    folder: Path
    seconds: float = 30
    found: dict[str, tuple[Breach, ...]] = field(default_factory=dict)

    def after(self, fault: str, *titles: str) -> str:
        """What the last of these checks says, as a line for each breach; those before it find nothing else."""
        site = Site(self.folder / "site")
        site.root.mkdir()
        site.prepare()
        trainer = Command((sys.executable, "-S", str(BROKEN), fault))
        checks = Runs(Trial(trainer, site, Format.CSV, self.seconds)).all()
        self.found = {title: tuple(checks[title]()) for title in titles}
        told = [f"{each.step}: {each.expected} | {each.came} | {each.see}" for each in self.found[titles[-1]]]
        return "\n".join(told).replace(str(site.root), "ROOT")


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Broken:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "SOON", 1.5)  # a fault that listens for SIGTERM takes its time to begin with that
    return Broken(tmp_path)


AT_ONCE = {
    "silent": "collect: an answer | exit code 0 and no answer | the-answers",
    "cut": 'collect: an answer that is one JSON object | text that is none: {"step": "collect", "outcome": "Collecte |',
    "a list": "collect: an answer that is one JSON object | text that is none: [1, 2] | the-answers",
    "long": "collect: an answer of at most 2,048 bytes | 2,",
    "another contract": 'collect: contract "retrain.dev/v1", or none | "retrain.dev/v2" | the-answers',
    "another run": 'collect: the task\'s run, "sample-first" | "yesterday" | the-answers',
    "no nonce": 'collect: the task\'s nonce, "nonce-of-sample-first-0123456789" | none | the-answers',
    "another step": 'collect: step "collect" | "train" | the-answers',
    "perhaps": "collect: outcome to be 'Collected', 'NoNewData', 'DataInvalid' or 'DataSourceNotFound' | \"Perhaps\"",
    "no outcome": "collect: outcome to be there | none | what-collect-answers",
    "wordy": 'collect: message: string should have at most 512 characters | "xxx',
    "speechless": "collect: a sentence for people in message | none | the-answers",
    "negative": "train: rows to be greater than or equal to 0 | -1 | what-train-answers",
    "decides with 3": "collect: exit code 0: an answer is a decision, and a decision is never repeated | exit code 3 |",
    "crash": "collect: an answer and exit code 0 | exit code 7 and no answer; its log ends: ",
    "fault with 0": "collect: an exit code other than 0 with a fault | exit code 0 | exit-codes",
    "fault with 1": 'collect: a decision | a fault: "The disk is full." | exit-codes',
    "no candidate": "evaluate: candidate to be there | none | what-evaluate-answers",
    "no score": "evaluate: a score of accuracy, which a gate asks for | scores of nothing | what-evaluate-answers",
    "another metric": "evaluate: a score of accuracy, which a gate asks for | scores of f1 | what-evaluate-answers",
    "not a number": "evaluate: scores.0.candidate to be a finite number | NaN | what-evaluate-answers",
    "champion of nothing": "evaluate: no champion, as the task names none | file:///a/b | what-evaluate-answers",
    "beside the store": "evaluate: a candidate in the store of the task, file://ROOT/store | file://ROOT/elsewhere |",
    "out of the store": "evaluate: a candidate in the store of the task, file://ROOT/store | file://ROOT/store/../else",
    "no folder": "evaluate: a folder file://ROOT/store/sample-first, as the answer says | there is none | the-store",
    "no manifest": "evaluate: a file manifest.json in file://ROOT/store/sample-first | there is none | the-store",
    "another digest": "evaluate: the candidate's digest to be that of its manifest.json, sha256:",
}


@pytest.mark.parametrize("fault", AT_ONCE)
def test_what_the_first_run_shows(broken: Broken, fault: str) -> None:
    said = broken.after(fault, FIRST)
    assert said.startswith(AT_ONCE[fault]), said
    assert said.count("\n") == 0, "one fault is one breach"


LATER_ON = {
    "never the same": (
        (FIRST, AGAIN),
        r"evaluate: the candidate that this run has committed, file://ROOT/store/sample-first \(sha256:\w{12}…\) \| ",
    ),
    "draws lots": (
        (FIRST, ANEW),
        r"evaluate: accuracy of the candidate to be 0\.\d+ once more: on the same data the same \(fix your",
    ),
    "overwrites": (
        (FIRST, NEW, SAME),
        r"evaluate: file://ROOT/store/sample-first to stay as it was committed \| another mod",
    ),
    "compares not": (
        (FIRST, NEW),
        r"evaluate: champion and improvement and lowerBound in the score of accuracy, as the tas",
    ),
    "wrong gain": (
        (FIRST, NEW),
        r"evaluate: an improvement of -?0(\.\d+)?: what the candidate has more \| 0\.5 \| wh",
    ),
    "bound above": (
        (FIRST, NEW),
        r"evaluate: a lowerBound of at most the improvement, -?0(\.\d+)? \| 0\.9 \| what-evaluate",
    ),
    "no reference": (
        (FIRST, NEW),
        r"evaluate: a reference: both models on the rows by which the champion was promoted \| none \| what-evaluate",
    ),
    "champion of nothing": (
        (FIRST, NEW),
        r"evaluate: the champion of the task, file://ROOT/store/sample-first \(sha256:\w{12}…\) \| file:///a/b \(sh",
    ),
    "one digest": (
        (FIRST, NEW),
        r"collect: another dataDigest once there is new data \| the same \| what-collect-answers",
    ),
    "pretends": (
        (FIRST, NEW, CHANGED),
        r"evaluate: a fault, or the digest that the champion's manifest really has \| the digest of the task, though",
    ),
    "always new": ((FIRST, NEW, TRIED), r"collect: outcome NoNewData \| Collected: No new data: an earlier run tried"),
    "eats anything": (
        (FIRST, JUNK),
        r"collect: outcome DataInvalid \| Collected: Batch week-99\.csv: expected CSV with num",
    ),
    "sure of itself": (
        (FEW,),
        r"evaluate: outcome Inconclusive \| Evaluated: 200 new rows are too few to train on some",
    ),
    "goes on": (
        (MISSING,),
        r"train: outcome Skipped \| Trained: Nothing to train\. Collect ended the run as DataSourceNot",
    ),
    "chokes": (
        (FIRST, LATER),
        r"collect: an answer and exit code 0 \| exit code 1 and no answer; its log ends: .*no such col",
    ),
    "wants a digest": (
        (FIRST, NEW, UNKNOWN),
        r"collect: an answer and exit code 0 \| exit code 1 and no answer; its log",
    ),
    "writes data": (
        (FIRST, ELSEWHERE),
        r"a step: writing in the workspace, /tmp and the store alone \| files among the batc",
    ),
    "writes here": (
        (FIRST, ELSEWHERE),
        r"a step: writing in the workspace, /tmp and the store alone \| model\.bin in the fol",
    ),
    "writes beside": (
        (FIRST, ELSEWHERE),
        r"a step: writing in the workspace, /tmp and the store alone \| cache beside the s",
    ),
    "leaves quietly": (
        (FIRST, ENDED),
        r"train: an exit code other than 0 of a step that was ended before it answered \| exit code 0 \| a-step",
    ),
}


@pytest.mark.parametrize("fault", LATER_ON)
def test_what_later_runs_show(broken: Broken, fault: str) -> None:
    titles, expected = LATER_ON[fault]
    said = broken.after(fault, *titles)
    assert re.match(expected, said), said


def test_no_new_data_is_said_to_the_end(broken: Broken) -> None:
    said = broken.after("always new", FIRST, NEW, NOTHING)
    assert said.startswith("collect: outcome NoNewData | Collected: No new data: the champion has seen all 8 batches")


def test_a_step_that_takes_too_long(broken: Broken) -> None:
    broken.seconds = 0.5
    assert broken.after("stuck", FIRST) == (
        "collect: an answer within 0.5 s (--timeout) | it was still at work, and was ended | three-calls"
    )


def test_a_step_that_does_not_hear(broken: Broken) -> None:
    broken.seconds = 5
    said = broken.after("deaf", FIRST, ENDED)
    assert said == "train: an end within 5 s of SIGTERM | it was still at work | a-step-that-is-ended"


def test_what_builds_on_a_run_that_failed_is_not_done(broken: Broken) -> None:
    with pytest.raises(NotPossibleError, match="it builds on a run that did not come to its end"):
        broken.after("silent", FIRST, AGAIN)


def test_every_fault_is_tried() -> None:
    elsewhere = {"deaf", "stuck"}
    assert set(AFTER) == {*AT_ONCE, *LATER_ON, *elsewhere}


def test_every_section_that_is_named_is_there() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {str(each) for each in See} <= anchors
