"""What must be there before anything is trained: all that is missing in one list, and what holds only the deploy."""

from typing import Any

import pytest

from retrain_operator.decide.admit import TARGET_REASONS, admit
from retrain_operator.decide.preflight import for_undo, mounts, preflight_objection, target_verbs, training_rights
from retrain_operator.decide.report import report
from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.access import Account, Refusal, Right
from retrain_operator.model.status import PolicyStatus
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
from tests.builders import APolicy, a_policy, spec
from tests.coherent import assert_coherent, sentences
from tests.decide.case import case
from tests.runs import AT, OLD, PATCH

RUNNER = Account("shop", "retrain-runner")
WHO = "ServiceAccount shop/retrain-runner"
GET = Right("get", "apps", "deployments", "churn-serving")
SECRET, JOBS = Right("get", "", "secrets", "s3-key"), Right("create", "batch", "jobs")
FIT = Serving("uid", "7", OLD.uri, AT)
ROLLOUT: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server"}
BREACHED = a_policy().watching("drift", max=0.1).seeing("drift", 0.12)


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
