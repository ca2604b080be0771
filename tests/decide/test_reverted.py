"""A model that somebody took out of service again: it is told, nothing fights it, and a person decides."""

import pytest

from retrain_operator.decide.admit import wants_target
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import ServedModel
from retrain_operator.model.target import Preflight, Serving
from tests.builders import T0
from tests.decide.test_preflight import BREACHED, ROLLOUT, told
from tests.runs import AT, NEW, OLD

CHAMPION = ServedModel(uri=NEW.uri, digest=NEW.digest, version="v2", run="churn-a", promoted_at=T0, before=OLD.uri)
IN_SERVICE = BREACHED.with_status(champion=CHAMPION)
REVERTED = Preflight(Serving("uid", "7", OLD.uri, AT, manager="argocd-controller"))


def test_a_champion_that_a_gitops_tool_took_out_is_told_and_nothing_fights_it() -> None:
    decision, status = told(IN_SERVICE, REVERTED)
    assert isinstance(decision, Hold)
    assert status.reason == Reason.REVERTED_BY_MANAGER
    assert status.message == (
        'argocd-controller put the model before v2 back into Deployment "churn-serving", where it is left. Let Argo CD '
        "leave it alone: in spec.ignoreDifferences of the Application name .spec.template.spec.containers[] | "
        'select(.name == "server").env[] | select(.name == "MODEL_URI").value of this Deployment under '
        "jqPathExpressions, and set the sync option RespectIgnoreDifferences=true. No run starts by itself until one "
        'is asked for: kubectl annotate retrainpolicy churn --overwrite retrain.dev/requestedAt="$(date)".'
    )


def test_whatever_another_manager_put_in_its_place_is_not_fought() -> None:
    """As a pipeline does that applies a manifest which has always named the first model."""
    first = Preflight(Serving("uid", "7", "file:///models/churn/v0", AT, manager="kubectl-client-side-apply"))
    decision, status = told(IN_SERVICE, first)
    assert isinstance(decision, Hold)
    assert status.message.startswith(
        "kubectl-client-side-apply set MODEL_URI of Deployment \"churn-serving\" to 'file:///models/churn/v0' in place "
        "of v2, where it is left. "
    )
    lost = BREACHED.resting().after_a_run(Outcome.FAILED, Reason.TARGET_CHANGED).later("1m").seeing("drift", 0.5)
    assert isinstance(told(lost, first)[0], Hold)


def test_whoever_asks_by_hand_gets_a_run_all_the_same() -> None:
    decision, status = told(IN_SERVICE.asked_by_hand(), REVERTED)
    assert isinstance(decision, Start)
    assert status.champion is None, "it is not in service, and whoever asks has seen that: nothing is held any more"


TAKEN_OUT = (
    BREACHED.resting().after_a_run(Outcome.ROLLED_BACK, Reason.REVERTED_BY_MANAGER).later("1m").seeing("drift", 0.5)
)


def test_after_a_run_whose_rollout_was_reverted_none_starts_by_itself_to_be_reverted_again() -> None:
    decision, status = told(TAKEN_OUT, REVERTED)
    assert isinstance(decision, Hold)
    ready = next(each for each in status.conditions if each.type == "Ready")
    assert (ready.status, ready.reason) == ("False", "RevertedByManager")
    assert status.message.startswith(
        "argocd-controller put the model before the candidate of run churn-lastrun back into Deployment "
        '"churn-serving", where it is left. Let Argo CD leave it alone: '
    )
    assert wants_target(TAKEN_OUT.seeing("drift", 0.02).settled, decision), "it is told whether a trigger fires or not"
    assert isinstance(told(TAKEN_OUT.asked_by_hand(), REVERTED)[0], Start)


def test_who_only_recommends_fights_nobody() -> None:
    only = {"rollout": ROLLOUT | {"mode": "RecommendOnly"}}
    assert isinstance(told(IN_SERVICE.with_spec(**only), REVERTED)[0], Start)
    assert isinstance(told(TAKEN_OUT.with_spec(**only), REVERTED)[0], Start)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(Serving("uid", "7", NEW.uri, AT, manager="argocd-controller"), id="the champion is in service"),
        pytest.param(Serving("uid", "7", OLD.uri, AT), id="nobody but us wrote it"),
    ],
)
def test_it_is_no_revert_when(seen: Serving) -> None:
    assert isinstance(told(IN_SERVICE, Preflight(seen))[0], Start)
