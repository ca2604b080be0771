"""Run now: a person asks with an annotation. Each new value is answered once, and nothing else is shifted by it."""

import pytest

from retrain_operator.decide.manifest import run_name
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.run import Outcome
from tests.builders import APolicy, a_policy, clock_time
from tests.coherent import assert_coherent
from tests.decide.case import case

CALM = a_policy().watching("drift", max=0.1).resting().seeing("drift", 0.02).passed()


def answered(policy: APolicy, outcome: Outcome = Outcome.REJECTED) -> APolicy:
    """The run that was asked for is over five minutes later."""
    assert isinstance(policy.decision, Start)
    over = policy.passed().training().later("5m").seeing("drift", 0.02).run_ended(outcome).passed()
    assert_coherent(over.status)
    return over


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("by kubectl", given="kubectl-annotate",
             then="A run was asked for by kubectl-annotate with the annotation retrain.dev/requestedAt."),
        case("by a GitOps controller", given="argocd-controller",
             then="A run was asked for by argocd-controller with the annotation retrain.dev/requestedAt."),
        case("by nobody knows whom", given=None,
             then="A run was asked for with the annotation retrain.dev/requestedAt."),
    ],
)  # fmt: skip
def test_who_asked_is_told_and_kept(given: str | None, then: str) -> None:
    asked = CALM.later("1m").asked_by_hand("2024-06-01T10:01:00Z", by=given)
    claim = asked.passed().status.active_run
    assert claim
    assert (claim.cause.trigger, claim.cause.message) == ("manual", then)
    assert (claim.cause.request, claim.cause.requested_by) == ("2024-06-01T10:01:00Z", given)
    assert claim.cause.at == clock_time("10:01:00")
    last = answered(asked).status.last_run
    assert last
    assert (last.trigger, last.cause) == ("manual", then)


def test_a_value_is_answered_once_and_echoed_from_its_claim_on() -> None:
    asked = CALM.asked_by_hand("monday")
    assert asked.passed().status.last_handled_request == "monday", "written together with the claim"
    over = answered(asked)
    for later in (over, over.later("1h"), over.operator_restarted().passed(), over.edited(suspend=False).passed()):
        assert not isinstance(later.decision, Start)
        assert later.status.last_handled_request == "monday"
    tuesday = answered(over.asked_by_hand("tuesday"))
    assert tuesday.status.last_handled_request == "tuesday"
    assert [run.trigger for run in tuesday.status.history] == ["manual", "manual"]


def test_any_new_value_will_do_even_one_of_long_ago() -> None:
    over = answered(answered(CALM.asked_by_hand("monday")).asked_by_hand("tuesday"))
    again = over.asked_by_hand("monday")
    assert isinstance(again.decision, Start)
    names = {run.name for run in answered(again).status.history}
    assert len(names) == 3, "the same words at another time are another run"


@pytest.mark.parametrize("nothing", ["", None])
def test_an_annotation_without_a_value_asks_for_nothing(nothing: str | None) -> None:
    over = answered(CALM.asked_by_hand("monday"))
    empty = over.asked_by_hand(nothing or "")
    assert not isinstance(empty.decision, Start)
    assert empty.passed().status.last_handled_request == "monday"


def test_a_claim_that_was_not_written_is_made_again_under_a_name_of_its_own_time() -> None:
    asked = CALM.asked_by_hand("monday")
    first, second = asked.decision, asked.later("1s").decision
    assert isinstance(first, Start)
    assert isinstance(second, Start)
    assert first.cause.request == second.cause.request
    assert run_name(asked.policy, first.cause) != run_name(asked.policy, second.cause)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_schedule_is_shifted(outcome: Outcome) -> None:
    nightly = CALM.edited(triggers=CALM.by_the_clock("0 12 * * *").triggers).passed()
    asked = answered(nightly.at("11:50:00").asked_by_hand("now"), outcome)
    assert asked.status.last_schedule_time is None
    assert asked.status.next_schedule_time == clock_time("12:00:00")
    noon = asked.at("12:00:00").decision
    assert isinstance(noon, Start)
    assert noon.cause.message == "The slot of 2024-06-01 12:00 UTC of nightly has come."


def test_a_slot_that_is_due_when_somebody_asks_is_served_after_that() -> None:
    nightly = CALM.edited(triggers=CALM.by_the_clock("0 12 * * *").triggers).passed()
    both = nightly.at("12:00:00").asked_by_hand("now").decision
    assert isinstance(both, Start)
    assert both.cause.trigger == "manual"
    next_one = answered(nightly.at("12:00:00").asked_by_hand("now")).status.active_run
    assert next_one
    assert next_one.cause.trigger == "nightly"


def test_who_asks_while_a_run_is_under_way_is_answered_after_it() -> None:
    busy = CALM.later("1m").seeing("drift", 0.2).passed().training().asked_by_hand("now").passed()
    assert isinstance(busy.decision, Hold)
    assert busy.status.last_handled_request is None
    over = busy.later("5m").seeing("drift", 0.02).run_ended(Outcome.REJECTED)
    decision = over.decision
    assert isinstance(decision, Start)
    assert decision.cause.request == "now"


def test_who_asks_while_it_is_suspended_is_answered_after_that() -> None:
    stopped = CALM.edited(suspend=True).asked_by_hand("now").passed()
    assert (stopped.status.state, stopped.status.last_handled_request) == ("Suspended", None)
    assert isinstance(stopped.edited(suspend=False).decision, Start)


def test_the_rest_after_it_is_as_after_any_other_run() -> None:
    over = answered(CALM.edited(cooldown={"afterRejection": "6h"}).asked_by_hand("now"))
    held = over.later("1m").seeing("drift", 0.2).decision
    assert isinstance(held, Hold)
    assert (held.reason, held.recheck_at) == ("CoolingDown", clock_time("16:05:00"))
