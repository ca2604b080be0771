"""What a run is told of the data that need not be tried again: what the same recipe tried last, to no avail."""

import pytest

from retrain_operator.decide.recipe import known_data, recipe
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Cause, Quarantined, RunSummary
from retrain_operator.model.world import Policy
from retrain_trainer.contract import Champion, ModelRef
from tests.builders import CANDIDATE, T0, a_policy
from tests.decide.case import case

CAUSE = Cause(trigger="drift", message="drift is 0.2, above 0.1.", at=T0)
CHAMPION = Champion(uri=CANDIDATE.uri, digest=CANDIDATE.digest)
MADE = ModelRef(uri="file:///models/churn/v3", digest="sha256:" + "3" * 64)
ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def ran(
    outcome: Outcome,
    data: str | None = ONE,
    champion: Champion | None = CHAMPION,
    reason: Reason = Reason.STEP_FAILED,
    candidate: ModelRef | None = None,
) -> RunSummary:
    """A run of the policy as it is, with this in service."""
    told = a_policy().after_a_run(outcome, reason).status.last_run
    assert told
    told = told.model_copy(update={"candidate": candidate})
    return told.model_copy(update={"data_digest": data, "recipe": recipe(a_policy().policy.spec, champion)})


def after(*newest_first: RunSummary) -> Policy:
    return a_policy().with_status(history=newest_first).policy


def quarantining(*newest_first: RunSummary) -> Policy:
    gone = Quarantined(uri=MADE.uri, digest=MADE.digest, run="churn-lastrun", reason=Reason.BAKE_BREACHED, at=T0)
    return a_policy().with_status(history=newest_first, quarantine=(gone,)).policy


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("no run yet", given=after(), then=None),
        case("rejected", given=after(ran(Outcome.REJECTED)), then=ONE),
        case("not told apart", given=after(ran(Outcome.INCONCLUSIVE)), then=ONE),
        case("it failed, which says nothing of the data", given=after(ran(Outcome.FAILED)), then=None),
        case("another model was in service", given=after(ran(Outcome.REJECTED, champion=None)), then=None),
        case("rejected in another way", then=None,
             given=a_policy().with_spec(evaluation={"gates": [{"metric": "f1"}]})
             .with_status(history=(ran(Outcome.REJECTED),)).policy),
        case("the newest counts", given=after(ran(Outcome.REJECTED, OTHER), ran(Outcome.REJECTED)), then=OTHER),
        case("a run that found no data at all forgets nothing",
             given=after(ran(Outcome.NO_NEW_DATA, None), ran(Outcome.REJECTED)), then=ONE),
        case("it was found known so often that the history tells of nothing else",
             given=after(*[ran(Outcome.NO_NEW_DATA)] * 10), then=ONE),
        case("promoted", given=after(ran(Outcome.SUCCEEDED, candidate=MADE)), then=None),
        case("recommended, and waits to be committed", then=ONE,
             given=after(ran(Outcome.SUCCEEDED, reason=Reason.RECOMMENDED, candidate=MADE))),
        case("recommended and committed, so that another model is in service", then=None,
             given=after(ran(Outcome.SUCCEEDED, champion=None, reason=Reason.RECOMMENDED, candidate=MADE))),
        case("taken back after it had been in service",
             given=quarantining(ran(Outcome.ROLLED_BACK, candidate=MADE)), then=ONE),
        case("rolled back before it was in service", given=after(ran(Outcome.ROLLED_BACK, candidate=MADE)), then=None),
        case("promoted, and a person went back from it",
             given=quarantining(ran(Outcome.SUCCEEDED, candidate=MADE)), then=ONE),
        case("a way back, which learned from nothing", then=None,
             given=after(ran(Outcome.SUCCEEDED, None, reason=Reason.UNDONE, candidate=MADE))),
    ],
)  # fmt: skip
def test_known_data(given: Policy, then: str | None) -> None:
    assert known_data(given, CAUSE, CHAMPION) == then


def test_a_person_may_have_it_tried_again() -> None:
    asked = CAUSE.model_copy(update={"request": "again"})
    assert known_data(after(ran(Outcome.REJECTED)), asked, CHAMPION) is None
