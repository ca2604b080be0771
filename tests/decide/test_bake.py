"""The time after a rollout: only a breach that began with the model, and lasts, speaks against it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retrain_operator.decide.bake import BAKE_POLL
from retrain_operator.decide.moves import SetModel, Wait
from retrain_operator.model.reason import Reason
from retrain_operator.model.target import Broken, InService, OnHold, Progress, Trouble, Unsettled
from tests.builders import APolicy, clock_time
from tests.decide.case import case
from tests.decide.in_service import KEPT, PASSED, WATCHFUL, checked, followed, rolls_out, status_of, told_by
from tests.runs import NEW, OLD, TARGET, ARun

HEALTHY = WATCHFUL.seeing("drift", 0.02).seeing("accuracy", 0.9).passed()
BEGUN = followed(rolls_out(bake={"duration": "10m"}).serving(OLD.uri), HEALTHY).passed()
BAKING = BEGUN.serving(NEW.uri).passed()
"""Rolled out at 10:00, while all was healthy, and watched until 10:10."""
TO_HEAL = WATCHFUL.at("09:50:00").seeing("drift", 0.5).seeing("accuracy", 0.9).passed()
FOR_GOOD = "It is not rolled out again, nor is the same data trained on again in the same way."
WATCHED = "The model is in service and watched until 2024-06-01 10:10:00 UTC."
WATCHED_ON = "The model is in service and watched on, as not all of its triggers give a number yet."


def at(text: str, policy: APolicy = HEALTHY) -> ARun:
    """The run at a time of the day, at which the policy's triggers are checked and see what they saw before."""
    return checked(BAKING.at(text), policy)


def test_a_model_in_service_is_watched_first() -> None:
    move = BEGUN.serving(NEW.uri).move
    assert move.act == Wait(BAKE_POLL)
    assert (move.status.state, move.status.reason, move.status.message) == ("Baking", "Baking", WATCHED)
    assert move.status.rollout
    assert move.status.rollout.complete_time == clock_time("10:00:00")
    assert status_of(BAKING).outcome is None


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("while time is left", given=at("10:09:59"), then=WATCHED),
        case("a second look at the same facts", given=at("10:09:59").passed(), then=WATCHED),
        case("a breach that is not yet long enough is waited for",
             given=at("10:10:30", HEALTHY.at("10:10:00").seeing("accuracy", 0.5).passed()),
             then="The model is in service and watched on, as it is to be seen whether accuracy stays outside its "
                  "healthy range."),
        case("a doubt that nobody looks into any more ends like one that never had a number",
             given=replace(at("10:10:30", HEALTHY.at("10:10:00").seeing("accuracy", 0.5).passed()), observations={}),
             then=WATCHED_ON),
        case("no number is waited for, for as long again",
             given=at("10:19:59", HEALTHY.at("10:05:00").silent("drift").passed()), then=WATCHED_ON),
        case("nor does a source that is down end it",
             given=at("10:19:59", HEALTHY.at("10:05:00").unreachable("drift", "accuracy").passed()), then=WATCHED_ON),
        case("an operator that was down all the time has seen nothing yet",
             given=followed(BAKING, HEALTHY.at("10:15:00").operator_restarted()), then=WATCHED_ON),
        case("what was seen before the model was in service says nothing of it",
             given=followed(BAKING, HEALTHY.at("09:59:59").seeing("drift", 0.02).at("10:12:00")), then=WATCHED_ON),
        case("a policy that cannot be followed tells nothing", then=WATCHED_ON,
             given=replace(at("10:15:00"), policy=None)),
        case("a trigger that the policy has no longer tells nothing", then=WATCHED_ON,
             given=at("10:15:00", HEALTHY.at("10:05:00").edited(triggers=WATCHFUL.triggers[1:]).passed())),
    ],
)  # fmt: skip
def test_it_is_watched_on(given: ARun, then: str) -> None:
    assert isinstance(given.move.act, Wait)
    status = status_of(given)
    assert (status.state, status.message) == ("Baking", then)


def test_the_next_look_comes_when_the_time_is_up() -> None:
    assert at("10:09:58").move.act == Wait(timedelta(seconds=2))
    assert at("10:05:00").move.act == Wait(BAKE_POLL)


NO_NUMBER = "It was watched for 20m, at the end of which {} gave no number."


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("all stayed healthy", given=at("10:10:00"), then="Its triggers stayed healthy for 10m."),
        case("the breach that was to be healed takes its time to end",
             then="It was watched for 10m; what it was to heal in drift is not healed yet.",
             given=checked(followed(rolls_out(bake={"duration": "10m"}).serving(OLD.uri), TO_HEAL).passed()
                           .serving(NEW.uri).passed().at("10:10:00"), TO_HEAL)),
        case("a dent that was too short to fire", then="Its triggers stayed healthy for 10m.",
             given=at("10:10:00", HEALTHY.at("10:05:00").seeing("accuracy", 0.5).passed()
                      .later("30s").seeing("accuracy", 0.9).passed())),
        case("no number to the end", then=NO_NUMBER.format("drift"),
             given=at("10:20:00", HEALTHY.at("10:05:00").silent("drift").passed())),
        case("a policy that was gone to the end", then=NO_NUMBER.format("drift and accuracy"),
             given=replace(at("10:20:00"), policy=None, observations={})),
    ],
)  # fmt: skip
def test_it_stays(given: ARun, then: str) -> None:
    status = status_of(given)
    assert (status.outcome, status.reason) == ("Succeeded", "Promoted")
    assert status.message == f"The candidate is in service. {then} {PASSED}"


def test_where_nothing_measures_it_that_is_told() -> None:
    by_the_clock = {"triggers": WATCHFUL.triggers[2:]}
    run = BAKING.with_spec(**by_the_clock).at("10:10:00")
    told = "It was left alone for 10m, as no trigger of the policy measures it."
    assert status_of(run).message == f"The candidate is in service. {told} {PASSED}"


def test_how_much_data_there_is_says_nothing_of_the_model() -> None:
    grown = HEALTHY.counting("growth", growth=5).seeing("growth", 1).passed().seeing("growth", 100).passed()
    run = replace(at("10:05:00", grown), parts=BAKING.parts | {"triggers": grown.triggers})
    assert status_of(run).state == "Baking"


BREACHED = HEALTHY.at("10:05:00").seeing("drift", 0.5).passed()
LASTING = HEALTHY.at("10:05:00").seeing("accuracy", 0.5).passed().later("1m").seeing("accuracy", 0.5).passed()
BACK = ": the model before is put back."
CRASH = Trouble(
    Reason.CRASH_LOOP, 'container "server" of pod p ends with exit code 1; see kubectl logs p --previous', 3
)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a breach that began in service", given=followed(BAKING, BREACHED),
             then=("BakeBreached", "The model did not stay healthy in service (drift is 0.5, above 0.1)")),
        case("one that lasts for long enough", given=followed(BAKING, LASTING),
             then=("BakeBreached", "The model did not stay healthy in service (accuracy is 0.5, below 0.85)")),
        case("pods that crash",
             given=followed(BAKING.serving(NEW.uri, progress=Unsettled("1 of 2.", CRASH)), HEALTHY.at("10:05:00")),
             then=("CrashLoop", f"The model did not stay up in service: {CRASH.message}")),
        case("a workload that has given it up", then=("RolloutFailed", "The model did not stay up in service: it is "
                                                      "Stalled"),
             given=followed(BAKING.serving(NEW.uri, progress=Broken(Reason.ROLLOUT_FAILED, "it is Stalled")),
                            HEALTHY.at("10:05:00"))),
        case("a person who says no", given=told_by(at("10:05:00"), by="ann", reject=BAKING.run.name),
             then=("RejectedByUser", "ann rejected the candidate")),
        case("a person without a name", given=told_by(at("10:05:00"), reject=BAKING.run.name),
             then=("RejectedByUser", "Somebody rejected the candidate")),
        case("a person who wants an older version", given=told_by(at("10:05:00"), by="ann", undo_to="churn-before"),
             then=("Superseded", "ann asked for the model of churn-before instead of the candidate")),
    ],
)  # fmt: skip
def test_it_must_go(given: ARun, then: tuple[str, str]) -> None:
    assert given.move.act == SetModel(OLD.uri)
    status = status_of(given)
    assert (status.state, status.reason, status.message) == ("Deploying", then[0], then[1] + BACK)
    gone = status_of(given.passed().serving(OLD.uri))
    assert (gone.outcome, gone.reason) == ("RolledBack", then[0])
    assert gone.message == f"{then[1]}, so the model before is back. {KEPT} {FOR_GOOD}"


@pytest.mark.parametrize(
    "progress",
    [
        pytest.param(Unsettled("1 updated, 1 of 2 replicas are available."), id="a node that is drained"),
        pytest.param(
            Unsettled("1 of 2.", Trouble(Reason.IMAGE_PULL_FAILED, "no image")), id="no image on another node"
        ),
        pytest.param(
            Unsettled("1 of 2.", replace(CRASH, restarts=2)), id="a fall or two, as when its node starts anew"
        ),
        pytest.param(Unsettled("1 of 2.", replace(CRASH, restarts=0)), id="a sidecar that crashes"),
        pytest.param(OnHold(Reason.SCALED_TO_ZERO, "it is scaled to 0 replicas"), id="scaled to 0"),
        pytest.param(OnHold(Reason.ROLLOUT_PAUSED, "it is paused"), id="paused"),
        pytest.param(InService(), id="all is well"),
    ],
)
def test_what_is_no_fault_of_the_model_does_not_take_it_back(progress: Progress) -> None:
    run = followed(BAKING.serving(NEW.uri, progress=progress), HEALTHY.at("10:05:00"))
    assert status_of(run).state == "Baking"


def test_who_rejects_another_run_or_another_digest_rejects_not_this_one() -> None:
    assert status_of(told_by(at("10:05:00"), reject="churn-other")).state == "Baking"
    assert status_of(told_by(at("10:05:00"), reject=f"{BAKING.run.name}@{OLD.digest}")).state == "Baking"
    assert told_by(at("10:05:00"), reject=f"{BAKING.run.name}@{NEW.digest}").move.act == SetModel(OLD.uri)


def test_a_breach_that_ends_while_the_model_is_taken_back_changes_nothing() -> None:
    going = followed(BAKING, BREACHED).passed()
    healed = followed(going, BREACHED.later("5s").seeing("drift", 0.02))
    assert healed.move.act == SetModel(OLD.uri)
    assert status_of(healed).reason == "BakeBreached"


def test_a_breach_from_while_the_rollout_was_held_is_not_the_models() -> None:
    held = BEGUN.serving(NEW.uri, progress=OnHold(Reason.ROLLOUT_PAUSED, "it is paused")).passed()
    baking = held.at("15:00:00").serving(NEW.uri).passed()
    assert baking.status.state == "Baking"
    breached = HEALTHY.at("12:00:00").seeing("drift", 0.5).passed().at("15:01:00")
    assert status_of(followed(baking, breached.seeing("drift", 0.5))).state == "Baking"


# What is forbidden meanwhile


def test_a_model_that_may_not_be_watched_is_told_as_in_service() -> None:
    held = status_of(at("10:05:00").forbidden())
    assert (held.state, held.reason) == ("Blocked", "MissingPermission")
    assert held.message == (
        "The model is named in the target, but cannot be watched: ServiceAccount shop/retrain-runner may not patch "
        'deployments.apps "churn-serving". Grant it by a Role in namespace shop. The run goes on by itself once that '
        "is mended."
    )


def test_once_it_may_be_seen_again_it_is_watched_on_or_taken_back() -> None:
    blind = at("10:05:00").forbidden().passed()
    assert status_of(followed(blind.serving(NEW.uri), HEALTHY.at("10:06:00").seeing("drift", 0.02))).state == "Baking"
    breached = followed(blind.serving(NEW.uri), BREACHED.later("1m"))
    assert breached.move.act == SetModel(OLD.uri)
    assert status_of(breached).reason == "BakeBreached", "why it goes is told before it goes"
    assert status_of(breached.passed().serving(OLD.uri)).outcome == "RolledBack"


def test_somebody_else_who_puts_the_model_before_back_is_left_alone() -> None:
    status = status_of(at("10:05:00").serving(OLD.uri, manager="helm"))
    assert (status.outcome, status.reason) == ("RolledBack", "RevertedByManager")
    assert status.message == (
        f"helm put the model before back into {TARGET}; it is left as it is. Take the value of MODEL_URI out of the "
        f"chart, or let Helm's drift detection ignore it. {KEPT}"
    )
