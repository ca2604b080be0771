"""What numbers mean: each refusal with its words, either goal, and a No for whatever is missing."""

from typing import Any

import pytest

from retrain_operator.decide.verdict import verdict
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, VerdictRecord
from retrain_trainer.contract import (
    Champion,
    Evaluated,
    EvaluateOutcome,
    Evaluation,
    ModelRef,
    Reference,
    Score,
    Slice,
)
from retrain_trainer.contract.verdict import Ground
from tests.coherent import sentences
from tests.decide.case import case
from tests.runs import OLD, evaluation

CHAMPION = Champion(uri=OLD.uri, digest=OLD.digest)
FOREIGN = ModelRef(uri="file:///models/churn/v0", digest="sha256:" + "9" * 64)


def judging(*gates: dict[str, Any], **parts: Any) -> Evaluation:
    return Evaluation.model_validate({"gates": gates or ({"metric": "accuracy", "threshold": 0.85},), **parts})


def accuracy(candidate: float, champion: float | None = 0.8, lower_bound: float | None = 0.01) -> Score:
    improvement = None if champion is None else candidate - champion
    return Score(
        metric="accuracy", candidate=candidate, champion=champion, improvement=improvement, lower_bound=lower_bound
    )


def loss(candidate: float, champion: float, lower_bound: float) -> Score:
    return Score(metric="log_loss", candidate=candidate, champion=champion, improvement=0.1, lower_bound=lower_bound)


def error(candidate: float, champion: float) -> Score:
    return Score(metric="rmse", candidate=candidate, champion=champion, improvement=1, lower_bound=1)


def fell(candidate: float, champion: float, scale: float) -> Reference:
    return Reference(metric="rmse", candidate=candidate, champion=champion, scale=scale, holdout="sha256:" + "4" * 64)


def reference(candidate: float, champion: float, metric: str = "accuracy") -> Reference:
    return Reference(metric=metric, candidate=candidate, champion=champion, holdout="sha256:" + "4" * 64)


def scored(*scores: Score, **parts: Any) -> Evaluated:
    return evaluation(scores=scores, **parts)


LOW_LOSS = judging({"metric": "log_loss", "goal": "Minimize", "threshold": 0.5})
SLICED = judging(slices={"columns": ["region", "age"], "tolerance": 0.125})
NORTH = Slice(name="region=north", rows=1200, metric="accuracy", candidate=0.6, champion=0.75)
TWO = judging({"metric": "accuracy", "threshold": 0.85}, {"metric": "log_loss", "goal": "Minimize", "threshold": 0.5})


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("better, and above the threshold", given=(judging(), scored(accuracy(0.9, 0.8, 0.08))),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.08)."),
        case("exactly at the threshold", given=(judging(), scored(accuracy(0.85))),
             then="accuracy is 0.85 against 0.8 of the champion (gain at least +0.01)."),
        case("a smaller loss is better", given=(LOW_LOSS, scored(loss(0.3, 0.4, 0.05))),
             then="log_loss is 0.3 against 0.4 of the champion (gain at least +0.05)."),
        case("a loss exactly at its threshold", given=(LOW_LOSS, scored(loss(0.5, 0.6, 0.05))),
             then="log_loss is 0.5 against 0.6 of the champion (gain at least +0.05)."),
        case("both gates", given=(TWO, scored(accuracy(0.9), loss(0.3, 0.4, 0.05))),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.01). "
             "log_loss is 0.3 against 0.4 of the champion (gain at least +0.05)."),
        case("just as good on the old holdout", given=(judging(), scored(accuracy(0.9), reference=reference(0.8, 0.8))),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.01)."),
        case("a little worse on the old holdout, as far as is tolerated",
             given=(judging(referenceTolerance=0.25), scored(accuracy(0.9), reference=reference(0.5, 0.75))),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.01)."),
        case("a little worse on one slice, as far as is tolerated",
             given=(SLICED, scored(accuracy(0.9), worst_slice=NORTH.model_copy(update={"candidate": 0.625}))),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.01)."),
        case("a little off on the old holdout, in deviations of the label",
             given=(judging({"metric": "rmse"}), scored(error(200, 300), reference=fell(2941, 2933, 3000))),
             then="rmse is 200 against 300 of the champion (gain at least +1)."),
        case("the old holdout does not matter",
             given=(judging(referenceTolerance=1), scored(accuracy(0.9), reference=None)),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.01)."),
        case("slices that nobody asked for", given=(judging(), scored(accuracy(0.9), worst_slice=NORTH)),
             then="accuracy is 0.9 against 0.8 of the champion (gain at least +0.01)."),
    ],
)  # fmt: skip
def test_promoted(given: tuple[Evaluation, Evaluated], then: str) -> None:
    found = verdict(given[0], CHAMPION, given[1])
    assert (found.promote, found.outcome, found.reason, found.message) == (True, "Succeeded", "Promoted", then)
    sentences(found.message)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("below the threshold", given=(judging(), scored(accuracy(0.84))),
             then=("BelowThreshold", "accuracy of the candidate is 0.84, below the gate's 0.85.")),
        case("only just below it", given=(judging(), scored(accuracy(0.849999))),
             then=("BelowThreshold", "accuracy of the candidate is 0.849999, below the gate's 0.85.")),
        case("a loss above its threshold", given=(LOW_LOSS, scored(loss(0.6, 0.7, 0.05))),
             then=("BelowThreshold", "log_loss of the candidate is 0.6, above the gate's 0.5.")),
        case("less accurate than the champion", given=(judging(), scored(accuracy(0.86, 0.9, -0.06))),
             then=("NotBetter", "accuracy is 0.86 against 0.9 of the champion (gain at least -0.06). With 0.95 "
                   "confidence the gain must be more than 0.")),
        case("just as good is not better", given=(judging(), scored(accuracy(0.9, 0.9, 0.0))),
             then=("NotBetter", "accuracy is 0.9 against 0.9 of the champion (gain at least +0). With 0.95 confidence "
                   "the gain must be more than 0.")),
        case("better, but perhaps by chance", given=(judging(), scored(accuracy(0.91, 0.9, -0.002))),
             then=("NotBetter", "accuracy is 0.91 against 0.9 of the champion (gain at least -0.002). With 0.95 "
                   "confidence the gain must be more than 0.")),
        case("better, but by too little",
             given=(judging({"metric": "accuracy", "minImprovement": 0.02}, confidence=0.9),
                    scored(accuracy(0.93, 0.9, 0.02))),
             then=("NotBetter", "accuracy is 0.93 against 0.9 of the champion (gain at least +0.02). With 0.9 "
                   "confidence the gain must be more than 0.02.")),
        case("the second gate counts too", given=(TWO, scored(accuracy(0.9), loss(0.6, 0.7, 0.05))),
             then=("BelowThreshold", "log_loss of the candidate is 0.6, above the gate's 0.5.")),
        case("a metric that is missing", given=(TWO, scored(accuracy(0.9))),
             then=("MetricMissing", "The trainer did not report log_loss, which a gate asks for.")),
        case("nothing measured at all", given=(judging(), scored()),
             then=("MetricMissing", "The trainer did not report accuracy, which a gate asks for.")),
        case("no number of the champion", given=(judging(), scored(accuracy(0.9, None))),
             then=("MetricMissing", "The trainer did not compare accuracy with the champion's.")),
        case("no confidence bound", given=(judging(), scored(accuracy(0.9, 0.8, None))),
             then=("MetricMissing", "The trainer did not compare accuracy with the champion's.")),
        case("it forgot what the champion knew",
             given=(judging(), scored(accuracy(0.9), reference=reference(0.6, 0.8))),
             then=("ReferenceRegression", "On the holdout of the last promotion the candidate has accuracy 0.6, the "
                   "champion 0.8: worse by more than 0.15.")),
        case("it forgot, told by a loss",
             given=(LOW_LOSS, scored(loss(0.3, 0.4, 0.05), reference=reference(0.9, 0.4, "log_loss"))),
             then=("ReferenceRegression", "On the holdout of the last promotion the candidate has log_loss 0.9, the "
                   "champion 0.4: worse by more than 0.15.")),
        case("it gave up on a slice", given=(SLICED, scored(accuracy(0.9), worst_slice=NORTH)),
             then=("SliceRegression", "On the 1,200 rows with region=north the candidate has accuracy 0.6, the "
                   "champion 0.75: worse by more than 0.125.")),
        case("no slice was reported", given=(SLICED, scored(accuracy(0.9))),
             then=("MetricMissing", "The trainer reported no slice of region, age, which evaluation.slices asks for.")),
        case("nothing is known of the old holdout", given=(judging(), scored(accuracy(0.9), reference=None)),
             then=("MetricMissing", "The trainer did not score the candidate on the holdout of the last promotion, "
                   "which evaluation.referenceTolerance asks for (1 leaves it out).")),
        case("far off on the old holdout, in deviations of the label",
             given=(judging({"metric": "rmse"}), scored(error(200, 300), reference=fell(2500, 2000, 3000))),
             then=("ReferenceRegression", "On the holdout of the last promotion the candidate has rmse 2500, the "
                   "champion 2000: worse by more than 450 (0.15 deviations of the label).")),
        case("the champion itself", given=(judging(), scored(accuracy(0.9), candidate=OLD)),
             then=("SelfComparison", "Candidate and champion are the same version.")),
    ],
)  # fmt: skip
def test_rejected(given: tuple[Evaluation, Evaluated], then: tuple[str, str]) -> None:
    found = verdict(given[0], CHAMPION, given[1])
    assert (found.promote, found.outcome) == (False, Outcome.REJECTED)
    assert (found.reason, found.message) == then
    sentences(found.message)


NOT_COMPARED = f"The candidate was not compared with the model in service, {OLD.uri}."


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("compared with nothing", given=scored(accuracy(0.9), champion=None), then=NOT_COMPARED),
        case("compared with another model", given=scored(accuracy(0.9), champion=FOREIGN), then=NOT_COMPARED),
        case("compared with other bytes in the same place", then=NOT_COMPARED,
             given=scored(accuracy(0.9), champion=ModelRef(uri=OLD.uri, digest=FOREIGN.digest))),
        case("no candidate", given=scored(accuracy(0.9), candidate=None), then="The trainer named no candidate."),
        case("an evaluation that was skipped", given=scored(accuracy(0.9), outcome=EvaluateOutcome.SKIPPED),
             then="The trainer skipped the evaluation, though there was a candidate to evaluate."),
        case("one metric twice", given=scored(accuracy(0.5), accuracy(0.9)),
             then="The trainer reported a metric twice."),
    ],
)  # fmt: skip
def test_numbers_that_are_no_comparison_end_the_run_as_failed(given: Evaluated, then: str) -> None:
    found = verdict(judging(), CHAMPION, given)
    assert (found.promote, found.outcome, found.reason) == (False, "Failed", "AnswerInvalid")
    assert found.message == then


def test_a_champion_that_somebody_else_put_in_service_is_known_by_its_place() -> None:
    assert verdict(judging(), Champion(uri=OLD.uri), scored(accuracy(0.9))).promote


def test_a_holdout_too_small_is_inconclusive_in_the_trainers_words() -> None:
    said = "12 rows in the holdout, at least 1000 are needed."
    found = verdict(judging(), CHAMPION, evaluation(outcome=EvaluateOutcome.INCONCLUSIVE, message=said))
    assert (found.promote, found.outcome, found.reason) == (False, "Inconclusive", "HoldoutTooSmall")
    assert found.message == said


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("it passes its thresholds", given=(judging(), accuracy(0.9, None, None)),
             then=(True, "Promoted", "accuracy is 0.9.")),
        case("half a comparison says nothing", given=(judging(), accuracy(0.9, None, 0.1)),
             then=(True, "Promoted", "accuracy is 0.9.")),
        case("it does not", given=(judging(), accuracy(0.8, None, None)),
             then=(False, "BelowThreshold", "accuracy of the candidate is 0.8, below the gate's 0.85.")),
        case("the policy says to reject then", given=(judging(onMissingChampion="Reject"), accuracy(0.9, None, None)),
             then=(False, "NoChampion", "No model is in service, and evaluation.onMissingChampion says Reject.")),
    ],
)  # fmt: skip
def test_without_a_model_in_service(given: tuple[Evaluation, Score], then: tuple[bool, str, str]) -> None:
    found = verdict(given[0], None, scored(given[1], champion=None))
    assert (found.promote, found.reason, found.message) == then


def test_a_verdict_on_many_long_metrics_fits() -> None:
    names = [f"m{number}" + "x" * 60 for number in range(8)]
    scores = [Score(metric=name, candidate=0.123456, champion=0.0123456, lower_bound=0.0101) for name in names]
    found = verdict(judging(*({"metric": name} for name in names)), CHAMPION, scored(*scores))
    assert found.promote
    sentences(found.message)
    VerdictRecord(promote=True, reason=found.reason, message=found.message)


def test_every_ground_is_a_reason() -> None:
    assert {ground.value for ground in Ground} <= {reason.value for reason in Reason}


def test_slices_that_are_all_too_small_decide_nothing() -> None:
    few = NORTH.model_copy(update={"rows": 136})
    found = verdict(SLICED, CHAMPION, scored(accuracy(0.9), worst_slice=few))
    assert (found.promote, found.outcome, found.reason) == (False, Outcome.INCONCLUSIVE, Reason.HOLDOUT_TOO_SMALL)
    assert found.message == (
        "The largest slice, region=north, has 136 held-out rows, fewer than evaluation.slices.minRows 200."
    )
