"""What a run is told of the data that need not be tried again: what the same recipe tried last, to no avail."""

import pytest

from retrain_operator.decide.recipe import known_data, recipe
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Cause, RunSummary
from retrain_operator.model.world import Policy
from retrain_trainer.contract import Champion
from tests.builders import CANDIDATE, T0, a_policy
from tests.decide.case import case

CAUSE = Cause(trigger="drift", message="drift is 0.2, above 0.1.", at=T0)
CHAMPION = Champion(uri=CANDIDATE.uri, digest=CANDIDATE.digest)
ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def ran(outcome: Outcome, data: str | None = ONE, champion: Champion | None = CHAMPION) -> RunSummary:
    """A run of the policy as it is, with this in service."""
    told = a_policy().after_a_run(outcome).status.last_run
    assert told
    return told.model_copy(update={"data_digest": data, "recipe": recipe(a_policy().policy.spec, champion)})


def after(*newest_first: RunSummary) -> Policy:
    return a_policy().with_status(history=newest_first).policy


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
    ],
)  # fmt: skip
def test_known_data(given: Policy, then: str | None) -> None:
    assert known_data(given, CAUSE, CHAMPION) == then


def test_a_person_may_have_it_tried_again() -> None:
    asked = CAUSE.model_copy(update={"request": "again"})
    assert known_data(after(ran(Outcome.REJECTED)), asked, CHAMPION) is None
