"""What must be there before anything is trained: all that is missing in one list, and what holds only the deploy."""

from typing import Any

import pytest

from retrain_operator.decide.admit import TARGET_REASONS, admit, wants_target
from retrain_operator.decide.preflight import for_undo, mounts, preflight_objection, target_verbs, training_rights
from retrain_operator.decide.report import report
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.access import Account, Refusal, Right
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import PolicyStatus, ServedModel
from retrain_operator.model.target import (
    ContainerAbsent,
    FieldAbsent,
    KindUnknown,
    Mount,
    Preflight,
    Serving,
    TargetAbsent,
    VariableFromSource,
)
from retrain_operator.model.trainer import Trainer
from tests.builders import T0, APolicy, a_policy, spec
from tests.coherent import assert_coherent, sentences
from tests.decide.case import case
from tests.runs import AT, NEW, OLD, PATCH

RUNNER = Account("shop", "retrain-runner")
WHO = "ServiceAccount shop/retrain-runner"
GET = Right("get", "apps", "deployments", "churn-serving")
SECRET, JOBS = Right("get", "", "secrets", "s3-key"), Right("create", "batch", "jobs")
FIT = Serving("uid", "7", OLD.uri, AT)
ROLLOUT: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server"}
BREACHED = a_policy().watching("drift", max=0.1).seeing("drift", 0.12)
CHAMPION = ServedModel(uri=NEW.uri, digest=NEW.digest, version="v2", run="churn-a", promoted_at=T0, before=OLD.uri)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nothing is missing", given=Preflight(FIT), then=None),
        case("nothing was looked at", given=Preflight(), then=None),
        case("rights", given=Preflight(Refusal(RUNNER, GET, lacking=(SECRET, JOBS, GET)), (SECRET, JOBS, GET)),
             then=("MissingPermission", f'{WHO} may not get secrets "s3-key", create jobs.batch and get '
                   'deployments.apps "churn-serving". Grant it by a Role in namespace shop, or mend '
                   "spec.rollout.targetRef.name.")),
        case("all kinds of things at once", given=Preflight(ContainerAbsent(("web",)), (PATCH,),
             (Mount("PersistentVolumeClaim", "data"), Mount("Secret", "a"), Mount("Secret", "b"))),
             then=("MissingPermission", f'{WHO} may not patch deployments.apps "churn-serving". Grant it by a Role in '
                   'namespace shop. Deployment "churn-serving" has no container "server", but only "web". '
                   'PersistentVolumeClaim "data" and Secret "a", "b" do not exist in this namespace. Create them, or '
                   "mend spec.trainer.volumes.")),
        case("one claim", given=Preflight(FIT, (), (Mount("PersistentVolumeClaim", "data"),)),
             then=("VolumeNotFound", 'PersistentVolumeClaim "data" does not exist in this namespace. Create it, or '
                   "mend spec.trainer.volumes.")),
        case("the account", given=Preflight(Refusal(RUNNER, JOBS, account_exists=False)),
             then=("ServiceAccountNotFound",
                   f"{WHO} does not exist. Create it, or name another in spec.serviceAccountName.")),
        case("the door", given=Preflight(Refusal(RUNNER, JOBS, impersonated=False)),
             then=("MissingPermission", f"The operator may not act as {WHO}: apply manifests/tenant in namespace shop "
                   "to let it in.")),
        case("the Deployment", given=Preflight(TargetAbsent()),
             then=("TargetNotFound", 'Deployment "churn-serving" does not exist in this namespace.')),
        case("its kind", given=Preflight(KindUnknown()),
             then=("TargetKindUnknown", "The API server serves no namespaced kind Deployment of apps/v1. Install what "
                   "defines it.")),
        case("a value, where the variable comes from elsewhere", given=Preflight(VariableFromSource()),
             then=("EnvFromSource", 'Container "server" of Deployment "churn-serving" takes "MODEL_URI" from elsewhere '
                   "(valueFrom), so there is no value to change. Give it a value of its own, or name another variable "
                   "in rollout.env.")),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_at_once(given: Preflight, then: tuple[str, str] | None) -> None:
    objection = preflight_objection(BREACHED.policy, given)
    assert (objection and (objection.reason, objection.message)) == then
    if objection:
        sentences(objection.message)
        assert objection.holds


def test_a_path_that_leads_nowhere_is_named() -> None:
    rollout = {"targetRef": {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "churn"}}
    policy = a_policy().with_spec(rollout=rollout | {"path": "spec.predictor.model.storageUri"}).policy
    objection = preflight_objection(policy, Preflight(FieldAbsent()))
    assert objection
    assert (objection.reason, objection.message) == (
        "FieldNotFound",
        'InferenceService "churn" has no text at spec.predictor.model.storageUri, and nothing there that could hold '
        "one. Mend rollout.path.",
    )


def told(policy: APolicy, seen: Preflight) -> tuple[Start | Hold, PolicyStatus]:
    objection = preflight_objection(policy.settled.policy, seen)
    decision = admit(policy.decision, objection, policy.now)
    status = report(policy.settled, decision, objection)
    assert_coherent(status)
    return decision, status


def test_every_right_that_is_missing_stands_in_the_list_with_a_role_to_paste() -> None:
    _, status = told(BREACHED, Preflight(FIT, (SECRET, PATCH)))
    assert [(each.verb, each.api_group, each.resource, each.name) for each in status.missing] == [
        ("get", "", "secrets", "s3-key"),
        ("patch", "apps", "deployments", "churn-serving"),
    ]
    assert "kind: Role\n" in status.grant
    assert "resourceNames: [churn-serving]" in status.grant
    assert "kind: RoleBinding\n" in status.grant
    assert told(BREACHED, Preflight(FIT))[1].grant == ""


def test_a_missing_right_to_deploy_holds_training_back_unless_the_policy_only_warns() -> None:
    lacking = Preflight(FIT, (PATCH,))
    decision, status = told(BREACHED, lacking)
    assert isinstance(decision, Hold)
    assert (status.state, status.reason) == ("Idle", "MissingPermission")
    decision, status = told(BREACHED.with_spec(rollout=ROLLOUT | {"preflight": "Warn"}), lacking)
    assert isinstance(decision, Start)
    ready = next(each for each in status.conditions if each.type == "Ready")
    assert (ready.status, ready.reason) == ("True", "Watching")
    assert ready.message.endswith(
        f'Its deploy will be held back: {WHO} may not patch deployments.apps "churn-serving". Grant it by a Role in '
        "namespace shop."
    )
    assert status.missing
    pods = Preflight(FIT, (PATCH, Right("list", "", "pods")))
    assert isinstance(told(BREACHED.with_spec(rollout=ROLLOUT | {"preflight": "Warn"}), pods)[0], Start)


@pytest.mark.parametrize(
    "seen",
    [Preflight(FIT, (PATCH, SECRET)), Preflight(FIT, (), (Mount("Secret", "a"),)), Preflight(TargetAbsent(), (PATCH,))],
)
def test_what_training_needs_holds_it_back_even_where_the_policy_only_warns(seen: Preflight) -> None:
    assert isinstance(told(BREACHED.with_spec(rollout=ROLLOUT | {"preflight": "Warn"}), seen)[0], Hold)


def test_which_rights_are_asked_for() -> None:
    volumes = [{"mountPath": "/a", "secret": "key"}, {"mountPath": "/b", "configMap": "map"}]
    volumes += [{"mountPath": f"/{name}", "persistentVolumeClaim": "data"} for name in "cd"]
    trainer = Trainer.model_validate({"image": "i", "volumes": volumes})
    assert [str(right) for right in training_rights(trainer)] == [
        "create jobs.batch",
        'get secrets "key"',
        'get configmaps "map"',
        "delete jobs.batch",
    ]
    assert mounts(trainer) == (
        Mount("Secret", "key"),
        Mount("ConfigMap", "map"),
        Mount("PersistentVolumeClaim", "data"),
    )
    assert target_verbs(spec().rollout) == ("get", "patch")
    assert target_verbs(spec(rollout=ROLLOUT | {"mode": "RecommendOnly"}).rollout) == ("get",)


# A model that somebody took out of service again

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
    ("given", "then"),
    [
        case("no Job is made", given=Preflight(FIT, (JOBS, Right("delete", "batch", "jobs"))), then=None),
        case("nothing is mounted", given=Preflight(FIT, (SECRET,), (Mount("Secret", "s3-key"),)), then=None),
        case("the target is changed", given=Preflight(FIT, (SECRET, PATCH)),
             then=f'{WHO} may not patch deployments.apps "churn-serving". Grant it by a Role in namespace shop.'),
        case("and must be there", given=Preflight(TargetAbsent(), (JOBS,)),
             then='Deployment "churn-serving" does not exist in this namespace.'),
        case("the account, too", given=Preflight(Refusal(RUNNER, JOBS, account_exists=False)),
             then=f"{WHO} does not exist. Create it, or name another in spec.serviceAccountName."),
    ],
)  # fmt: skip
def test_what_only_training_needs_keeps_nobody_from_going_back(given: Preflight, then: str | None) -> None:
    objection = preflight_objection(BREACHED.policy, for_undo(given))
    assert (objection and objection.message) == then


@pytest.mark.parametrize(
    "refused", ["exceeded quota: small", 'violates PodSecurity "restricted"', "maximum cpu usage per Pod", "no"]
)
def test_a_policy_that_is_not_ready_for_any_such_reason_is_looked_at_again(refused: str) -> None:
    objection = preflight_objection(BREACHED.policy, Preflight(Refusal(RUNNER, GET, detail=refused)))
    assert objection
    assert objection.reason in TARGET_REASONS


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(Serving("uid", "7", NEW.uri, AT, manager="argocd-controller"), id="the champion is in service"),
        pytest.param(Serving("uid", "7", OLD.uri, AT), id="nobody but us wrote it"),
    ],
)
def test_it_is_no_revert_when(seen: Serving) -> None:
    assert isinstance(told(IN_SERVICE, Preflight(seen))[0], Start)
