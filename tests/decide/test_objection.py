"""What keeps a target from being rolled out to: whose refusal it is, and what lifts it."""

import pytest

from retrain_operator.decide.objection import refusal_objection, start_objection, target_objection
from retrain_operator.model.access import Account, Refusal, Right
from retrain_operator.model.status import Missing
from retrain_operator.model.target import ContainerAbsent, NotLooked, Serving, Target, TargetAbsent, VariableAbsent
from tests.builders import spec
from tests.coherent import sentences
from tests.decide.case import case

ROLLOUT = spec().rollout
RUNNER = Account("shop", "retrain-runner")
GET = Right("get", "apps", "deployments", "churn-serving")
PATCH = Right("patch", "apps", "deployments", "churn-serving")
SECRET = Right("get", "", "secrets", "s3-key")
ACCOUNT = "ServiceAccount shop/retrain-runner"
QUOTA = 'jobs.batch "churn-x" is forbidden: exceeded quota: one, requested: count/jobs.batch=1, used: 1, limited: 1'
PODS = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'


def serving(value: str) -> Serving:
    return Serving("uid", "7", value, "/spec/model")


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("it does not exist", given=TargetAbsent(),
             then=("TargetNotFound", 'Deployment "churn-serving" does not exist in this namespace.')),
        case("it has other containers", given=ContainerAbsent(("web", "proxy")),
             then=("ContainerNotFound",
                   'Deployment "churn-serving" has no container "server", but only "web", "proxy".')),
        case("the variable is another's", given=VariableAbsent(("PORT",)),
             then=("EnvNotFound", 'Container "server" of Deployment "churn-serving" has no plain variable "MODEL_URI", '
                   'but only "PORT". Add it, with an empty value when there is no model yet.')),
        case("there is no variable at all", given=VariableAbsent(()),
             then=("EnvNotFound", 'Container "server" of Deployment "churn-serving" has no plain variable "MODEL_URI", '
                   "but none at all. Add it, with an empty value when there is no model yet.")),
        case("of many names the first few are told", given=ContainerAbsent(tuple("abcdefghijk")),
             then=("ContainerNotFound", 'Deployment "churn-serving" has no container "server", but only "a", "b", "c", '
                   '"d", "e", "f", "g", "h" and 3 more.')),
        case("the account does not exist", given=Refusal(RUNNER, GET, account_exists=False, lacking=(GET,)),
             then=("ServiceAccountNotFound",
                   f"{ACCOUNT} does not exist. Create it, or name another in spec.serviceAccountName. It also lacks "
                   'the right to get deployments.apps "churn-serving".')),
        case("nothing else is known of an account that does not exist",
             given=Refusal(RUNNER, GET, account_exists=False),
             then=("ServiceAccountNotFound",
                   f"{ACCOUNT} does not exist. Create it, or name another in spec.serviceAccountName.")),
        case("the operator may not act as it", given=Refusal(RUNNER, GET, impersonated=False),
             then=("MissingPermission", f"The operator may not act as {ACCOUNT}: apply manifests/tenant in namespace "
                   "shop to let it in.")),
        case("it lacks a right", given=Refusal(RUNNER, PATCH, lacking=(PATCH,)),
             then=("MissingPermission", f'{ACCOUNT} may not patch deployments.apps "churn-serving". '
                   "Grant it by a Role in namespace shop.")),
        case("it lacks two", given=Refusal(RUNNER, PATCH, lacking=(GET, PATCH)),
             then=("MissingPermission", f'{ACCOUNT} may not get deployments.apps "churn-serving" and patch '
                   'deployments.apps "churn-serving". Grant it by a Role in namespace shop, or mend '
                   "spec.rollout.targetRef.name.")),
        case("it lacks a right in the core group", given=Refusal(RUNNER, SECRET, lacking=(SECRET,)),
             then=("MissingPermission",
                   f'{ACCOUNT} may not get secrets "s3-key". Grant it by a Role in namespace shop.')),
        case("a quota is used up", given=Refusal(RUNNER, Right("create", "batch", "jobs"), detail=QUOTA),
             then=("QuotaExceeded", f"The API server refused to create jobs.batch: {QUOTA}.")),
        case("Pod Security", given=Refusal(RUNNER, Right("create", "batch", "jobs"), detail=PODS),
             then=("PodSecurity", f"The API server refused to create jobs.batch: {PODS}.")),
        case("a webhook", given=Refusal(RUNNER, PATCH, detail="admission webhook denied the request: not on Fridays"),
             then=("AdmissionDenied", 'The API server refused to patch deployments.apps "churn-serving": admission '
                   "webhook denied the request: not on Fridays.")),
        case("who says nothing", given=Refusal(RUNNER, PATCH), then=("AdmissionDenied", "The API server refused to "
             'patch deployments.apps "churn-serving" and does not say why.')),
    ],
)  # fmt: skip
def test_each_layer_has_its_reason_and_its_way_out(given: Target, then: tuple[str, str]) -> None:
    objection = target_objection(ROLLOUT, given)
    assert objection
    assert (objection.reason, objection.message) == then
    sentences(objection.message)


@pytest.mark.parametrize("fit", [NotLooked(), serving("file:///models/churn/v1"), serving("")])
def test_nothing_is_said_against_a_target_that_is_fit(fit: Target) -> None:
    assert target_objection(ROLLOUT, fit) is None
    assert start_objection(ROLLOUT, fit) is None


@pytest.mark.parametrize(
    "value", ["models:/churn/3", "/models/churn", "http://host/churn", "file:///m?v=1", "x" * 3000]
)
def test_a_run_does_not_start_from_a_model_that_no_trainer_could_read(value: str) -> None:
    objection = start_objection(ROLLOUT, serving(value))
    assert objection
    assert objection.reason == "ModelNotReadable"
    assert objection.message.startswith(f'MODEL_URI of Deployment "churn-serving" is \'{value[:40]}')
    assert objection.message.endswith("Name a model there, or leave it empty when there is none yet.")
    sentences(objection.message)


def test_what_is_missing_is_told_as_a_role_would_grant_it() -> None:
    lacking = refusal_objection(Refusal(RUNNER, PATCH, lacking=(PATCH, SECRET)))
    assert lacking.missing == (
        Missing(layer="RBAC", account=ACCOUNT, verb="patch", api_group="apps", resource="deployments", name=PATCH.name),
        Missing(layer="RBAC", account=ACCOUNT, verb="get", resource="secrets", name="s3-key"),
    )
    shut_out = refusal_objection(Refusal(RUNNER, PATCH, impersonated=False))
    assert [(each.layer, each.verb, each.resource, each.name) for each in shut_out.missing] == [
        ("Impersonation", "impersonate", "serviceaccounts", "retrain-runner")
    ]
    absent = refusal_objection(Refusal(RUNNER, PATCH, account_exists=False))
    assert [each.layer for each in absent.missing] == ["ServiceAccountNotFound"]


def test_what_others_named_never_makes_a_message_too_long() -> None:
    names = tuple(f"{letter * 253}" for letter in "abcdefghijklmnop")
    rights = tuple(Right("get", "", "secrets", name) for name in names)
    objections = [
        target_objection(ROLLOUT, ContainerAbsent(names)),
        target_objection(ROLLOUT, VariableAbsent(names)),
        refusal_objection(Refusal(RUNNER, rights[0], lacking=rights)),
        refusal_objection(Refusal(RUNNER, rights[0], detail="x" * 512)),
    ]
    for objection in objections:
        assert objection
        sentences(objection.message)
        assert len(objection.message) <= 800, "room is left for the sentence that it stands in"
        assert len(objection.missing) <= 16
