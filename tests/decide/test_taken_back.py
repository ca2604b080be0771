"""What a policy remembers of versions that were taken back, and of what the champion replaced."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retrain_operator.decide.settle import QUARANTINE
from retrain_operator.decide.start import Hold
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import PolicyStatus, Quarantined, Undo
from retrain_operator.model.world import Ended
from tests.builders import T0, APolicy, a_policy
from tests.coherent import assert_coherent
from tests.decide.case import case
from tests.decide.in_service import WATCHFUL, followed, rolls_out, status_of, told_by, undoing
from tests.runs import NEW, OLD, ARun

NAME = "churn-abcdefghij"
POLICY = a_policy().watching("drift", max=0.1).seeing("drift", 0.02)


def after(run: ARun, policy: APolicy = POLICY, name: str = NAME, trigger: str = "drift") -> PolicyStatus:
    """What the policy remembers once its run has come to the end that it comes to next."""
    status = status_of(run)
    assert status.outcome, status.message
    claimed = policy.claiming(Ended(run.run.spec, status, status.outcome, run.now), name=name, trigger=trigger)
    claim = claimed.status.active_run
    assert claim
    claimed = claimed.with_status(active_run=claim.model_copy(update={"undo": run.undo}))
    settled = claimed.settled.policy.status
    assert_coherent(claimed.passed().status)
    return settled


HEALTHY = WATCHFUL.seeing("drift", 0.02)
BAKED = followed(rolls_out(bake={"duration": "10m"}).serving(OLD.uri), HEALTHY).passed()
BAKING = BAKED.serving(NEW.uri).passed()
BREACHED = WATCHFUL.at("10:05:00").seeing("drift", 0.5)
REJECTED = told_by(BAKING, by="ann", reject=NAME)
STUCK = BAKED.serving(NEW.uri, available=1).passed().later("5m").passed()
BACK = undoing().serving(NEW.uri).passed().passed().serving(OLD.uri)
AGAIN = undoing("churn-now", NEW.uri, NEW.digest).serving(NEW.uri).passed().passed()
MINE = Quarantined(uri=NEW.uri, digest=NEW.digest, run=NAME, reason=Reason.BAKE_BREACHED, at=T0)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("it did not stay healthy", given=followed(BAKING, BREACHED).passed().serving(OLD.uri),
             then=[(NEW.uri, NEW.digest, "BakeBreached")]),
        case("a person said no to it", given=REJECTED.passed().serving(OLD.uri),
             then=[(NEW.uri, NEW.digest, "RejectedByUser")]),
        case("a person went back from it", given=BACK, then=[(NEW.uri, NEW.digest, "Undone")]),
        case("it never came up, which may be the cluster's fault", given=STUCK.serving(OLD.uri), then=[]),
        case("a GitOps tool took it out", given=BAKING.serving(OLD.uri, manager="argocd-controller"), then=[]),
        case("somebody set a third model", given=BAKING.serving("s3://else/where"), then=[]),
        case("it did not stay healthy, and somebody set a third model before it was put back",
             given=followed(BAKING, BREACHED).passed().serving("s3://else/where"),
             then=[(NEW.uri, NEW.digest, "TargetChanged")]),
        case("a person went back to where all is already", given=AGAIN, then=[]),
        case("a person went back to what nobody knows", given=undoing("x", None, None).serving(NEW.uri).passed(),
             then=[]),
        case("it stayed", given=BAKING.with_spec(triggers=WATCHFUL.triggers[2:]).later("10m"), then=[]),
    ],
)  # fmt: skip
def test_quarantined_is_what_was_in_service_and_had_to_go(given: ARun, then: list[tuple[str, str, str]]) -> None:
    quarantine = after(given).quarantine
    assert [(each.uri, each.digest, each.reason) for each in quarantine] == then
    assert all(each.run == NAME and each.at == given.now for each in quarantine)


def test_what_is_taken_back_twice_is_told_of_once_and_as_the_newest() -> None:
    other = MINE.model_copy(update={"uri": "s3://a/v9", "digest": "sha256:" + "9" * 64})
    quarantine = after(BACK.later("1h"), POLICY.with_status(quarantine=(other, MINE))).quarantine
    assert [(each.digest, each.reason) for each in quarantine] == [
        (NEW.digest, "Undone"),
        (other.digest, "BakeBreached"),
    ]


def test_the_oldest_of_many_is_forgotten() -> None:
    many = tuple(MINE.model_copy(update={"digest": f"sha256:{number:064}"}) for number in range(QUARANTINE))
    quarantine = after(BACK, POLICY.with_status(quarantine=many)).quarantine
    assert [each.digest for each in quarantine] == [NEW.digest, *(each.digest for each in many[:-1])]


def test_a_champion_remembers_what_it_replaced() -> None:
    champion = after(BAKING.with_spec(triggers=WATCHFUL.triggers[2:]).later("10m")).champion
    assert champion
    assert (champion.uri, champion.digest, champion.before) == (NEW.uri, NEW.digest, OLD.uri)
    first = rolls_out().with_no_champion()
    first = replace(first, status=first.status.model_copy(update={"rollout": None})).serving("").passed()
    champion = after(first.serving(NEW.uri)).champion
    assert champion
    assert champion.before == ""


def test_a_version_that_was_put_back_is_the_champion_with_the_digest_it_has() -> None:
    champion = after(BACK, name="churn-undo").champion
    assert champion
    assert (champion.uri, champion.digest, champion.version) == (OLD.uri, OLD.digest, "v1")
    assert (champion.before, champion.run) == (NEW.uri, "churn-undo")
    nameless = after(undoing("v1", digest=None).serving(NEW.uri).passed().passed().serving(OLD.uri)).champion
    assert nameless
    assert nameless.digest is None


@pytest.mark.parametrize("run", [BACK, undoing("x", None, None).serving(NEW.uri).passed()], ids=["done", "unknown"])
def test_going_back_is_neither_a_failure_nor_an_end_of_failures(run: ARun) -> None:
    status = after(run, POLICY.with_status(failures_in_a_row=3, observed_generation=1), trigger="undo")
    assert status.failures_in_a_row == 3


def test_a_version_that_was_put_back_learned_nothing_of_newer_data_and_healed_nothing() -> None:
    policy = POLICY.counting("growth", growth=50).seeing("growth", 100).passed().later("1m")
    policy = policy.seeing("growth", 120).seeing("drift", 0.5).passed().later("1m")
    claim = policy.status.active_run
    assert claim
    assert [volume.value for volume in claim.data_volumes] == [120]
    undo = claim.model_copy(update={"undo": Undo(to="v1", uri=OLD.uri, digest=OLD.digest)})
    status = status_of(BACK)
    ended = Ended(BACK.run.spec, status, Outcome.SUCCEEDED, policy.now)
    triggers = policy.with_status(active_run=undo).whose_run_is(ended).settled.policy.status.triggers
    assert [(each.name, each.ineffective_runs, each.baseline) for each in triggers] == [
        ("drift", 0, None),
        ("growth", 0, 100),
    ]


def test_after_it_the_policy_rests() -> None:
    policy = POLICY.resting(after_success="1h")
    status = after(BACK, policy, trigger="undo")
    decision = policy.with_status(**dict(status)).later("1m").decision
    assert isinstance(decision, Hold)
    assert decision.message.startswith(
        "The next run may start at 2024-06-01 11:00:00 UTC, 1h after a version was asked"
    )
    assert decision.recheck_at == T0 + timedelta(hours=1)
