"""The page says of every gate whether it is met, by the verdict the operator will come to."""

from dataclasses import replace

import numpy as np
import pytest

from retrain_trainer.contract import Gate, Goal, Reference, Score, Slice, Slices
from retrain_trainer.report.gather import Found, view
from retrain_trainer.report.notes import notes
from retrain_trainer.report.page import page
from retrain_trainer.report.view import GateView
from tests.trainer.pages import DIGEST, Made, found_of, said_of

PLAIN = Made()
KEPT = GateView(
    "accuracy on the holdout of the last promotion: worse than the champion by at most 0.15",
    "0.8000, champion 0.8000",
    passed=True,
)
CLASSES = np.array(["down", "up"])


def found(made: Made = PLAIN, **evaluation: object) -> Found:
    return found_of([said_of(3000, CLASSES), said_of(3000, CLASSES, 1)], made, **evaluation)


def saying(base: Found, **fields: object) -> Found:
    return replace(base, said=base.said.model_copy(update=fields), report=base.report.model_copy(update=fields))


def test_each_gate_is_judged_alone() -> None:
    gates = (
        Gate(metric="accuracy", threshold=0.9),
        Gate(metric="accuracy", min_improvement=0.02),
        Gate(metric="log_loss", goal=Goal.MINIMIZE, threshold=0.3),
    )
    judged = view(found(gates=gates)).judgement
    assert judged.gates == (
        GateView(
            "accuracy: at least 0.9000 and better than the champion by more than 0 with 0.95 confidence",
            "0.8000, gain at least +0.0100",
            passed=False,
        ),
        GateView(
            "accuracy: better than the champion by more than 0.02 with 0.95 confidence",
            "0.8000, gain at least +0.0100",
            passed=False,
        ),
        GateView(
            "log_loss: at most 0.3000 and better than the champion by more than 0 with 0.95 confidence",
            "not measured",
            passed=False,
        ),
        KEPT,
    )
    assert (judged.promote, judged.ground) == (False, "BelowThreshold")
    assert judged.message == "accuracy of the candidate is 0.8, below the gate's 0.9."


def test_a_gate_that_is_met_is_met_whatever_the_others_say() -> None:
    gates = (Gate(metric="accuracy", threshold=0.7), Gate(metric="f1"))
    assert [gate.passed for gate in view(found(gates=gates)).judgement.gates] == [True, False, True]


def test_all_that_is_asked_of_a_first_version_is_its_threshold() -> None:
    judged = view(found(Made(champion=False), gates=(Gate(metric="accuracy", threshold=0.7),))).judgement
    assert judged.promote
    assert judged.gates == (GateView("accuracy: at least 0.7000", "0.8000", passed=True),)


def test_the_reference_holdout_is_a_gate_of_its_own() -> None:
    reference = Reference(metric="accuracy", candidate=0.6, champion=0.8, holdout=DIGEST)
    seen = view(saying(found(), reference=reference))
    assert seen.judgement.ground == "ReferenceRegression"
    assert seen.judgement.gates == (
        GateView(
            "accuracy: better than the champion by more than 0 with 0.95 confidence",
            "0.8000, gain at least +0.0100",
            passed=True,
        ),
        GateView(
            "accuracy on the holdout of the last promotion: worse than the champion by at most 0.15",
            "0.6000, champion 0.8000",
            passed=False,
        ),
    )


def test_slices_are_a_gate_and_a_table() -> None:
    slices = (
        Slice(name="region=<north>", rows=400, metric="accuracy", candidate=0.5, champion=0.8),
        Slice(name="region=south", rows=20, metric="accuracy", candidate=0.9, champion=0.8),
    )
    base = found(slices=Slices(columns=("region",)))
    judged = replace(
        base,
        said=base.said.model_copy(update={"worst_slice": slices[0]}),
        report=base.report.model_copy(update={"slices": slices}),
    )
    seen = view(judged)
    assert seen.judgement.ground == "SliceRegression"
    assert seen.judgement.gates[-1] == GateView(
        "no slice of region: worse than the champion by more than 0.1",
        "region=<north>: 0.5000, champion 0.8000",
        passed=False,
    )
    text = page(seen)
    assert "region=&lt;north&gt;" in text
    assert "few rows, not judged" in text


def test_what_no_gate_asks_for_is_worth_a_look_when_it_got_worse() -> None:
    worse = Score(metric="recall", candidate=0.5, champion=0.7, improvement=-0.2, lower_bound=-0.3)
    base = found()
    seen = view(replace(base, report=base.report.model_copy(update={"scores": (*base.said.scores, worse)})))
    assert notes(seen)[0] == "No gate asks for recall, in which the candidate is worse than the champion."
    assert "Better with 0.95 confidence: accuracy. Worse: recall." in page(seen)


def test_what_training_and_data_say_is_worth_a_look() -> None:
    seen = view(found(Made(features=20, batches=9, put_back=2, left_out=2)))
    assert notes(seen)[-3:] == [
        "2 batches were put back: batch0 and batch1.",
        "2 batches were left out, the first of them: Batch broken0, check nulls: expected fewer, seen more.",
        "7 columns have moved far from the champion's data: column19, column18, column17 and 4 more.",
    ]


def test_a_model_that_never_says_a_class_is_worth_a_look() -> None:
    one = said_of(3000, CLASSES)
    one.said[:] = "down"
    assert "The candidate never says up." in notes(view(found_of([one], Made(champion=False))))


@pytest.mark.parametrize(("candidate", "passed"), [(0.41, True), (0.7, False)])
def test_a_loss_on_the_reference_holdout_is_read_the_right_way(candidate: float, passed: bool) -> None:
    gates = (Gate(metric="log_loss"),)
    reference = Reference(metric="log_loss", candidate=candidate, champion=0.4, holdout=DIGEST)
    row = view(saying(found(gates=gates), reference=reference)).judgement.gates[-1]
    assert row.asked.startswith("log_loss on the holdout of the last promotion")
    assert row.passed is passed


def test_an_error_on_the_reference_holdout_counts_in_deviations_of_the_label() -> None:
    gates = (Gate(metric="rmse"),)
    reference = Reference(metric="rmse", candidate=2941, champion=2933, scale=3000, holdout=DIGEST)
    row = view(saying(found(gates=gates), reference=reference)).judgement.gates[-1]
    assert row.asked.endswith("worse than the champion by at most 0.15 deviations of the label")
    assert row.passed


def test_a_reference_holdout_that_nobody_scored_is_a_gate_that_is_not_met() -> None:
    row = view(saying(found(), reference=None)).judgement.gates[-1]
    assert (row.seen, row.passed) == ("not measured", False)
