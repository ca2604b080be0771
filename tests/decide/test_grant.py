"""What to apply for each kind of missing right."""

import re
from typing import Any

import yaml

from retrain_operator.decide.grant import grant as granted
from retrain_operator.model.access import OPERATOR, Account
from retrain_operator.model.status import Missing

ACCOUNT = Account("shop", "retrain-runner")
RBAC = "rbac.authorization.k8s.io"


def grant(account: Account, lacking: list[Missing], operator: Account = OPERATOR) -> list[Any]:
    return list(yaml.safe_load_all(granted(account, lacking, operator)))


def missing(layer: str, verb: str, group: str, resource: str, name: str = "") -> Missing:
    return Missing(layer=layer, account=str(ACCOUNT), verb=verb, api_group=group, resource=resource, name=name)


def test_rights_of_the_account_go_into_one_role_bound_to_it() -> None:
    role, binding = grant(
        ACCOUNT,
        [missing("RBAC", "create", "batch", "jobs"), missing("RBAC", "get", "", "secrets", "churn-credentials")],
    )
    assert role["rules"] == [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["churn-credentials"]},
    ]
    name = role["metadata"]["name"]
    assert re.fullmatch("retrain-runner-more-[0-9a-f]{8}", name)
    assert role["metadata"] == binding["metadata"] == {"name": name, "namespace": "shop"}
    assert binding["roleRef"] == {"apiGroup": RBAC, "kind": "Role", "name": name}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "retrain-runner", "namespace": "shop"}]


JOBS, SECRET = missing("RBAC", "create", "batch", "jobs"), missing("RBAC", "get", "", "secrets", "churn-credentials")
DOOR = missing("Impersonation", "impersonate", "", "serviceaccounts", "retrain-runner")


def name(lacking: list[Missing]) -> str:
    return str(grant(ACCOUNT, lacking)[0]["metadata"]["name"])


def test_a_second_grant_takes_nothing_away_that_the_first_one_gave() -> None:
    assert len({name([JOBS]), name([SECRET]), name([JOBS, SECRET])}) == 3, "apply would replace the rules of one Role"
    assert name([JOBS, SECRET]) == name([SECRET, JOBS])


def test_the_door_is_opened_to_the_operator_wherever_it_runs() -> None:
    _, binding = grant(ACCOUNT, [DOOR], Account("ml", "retrainer"))
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "retrainer", "namespace": "ml"}]


def test_the_door_is_opened_to_the_operator() -> None:
    role, binding = grant(ACCOUNT, [DOOR])
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["serviceaccounts"],
            "verbs": ["impersonate"],
            "resourceNames": ["retrain-runner"],
        }
    ]
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "shop"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "retrain-operator", "namespace": "retrain-system"}
    ]


def test_an_account_that_is_not_there_is_made() -> None:
    assert grant(ACCOUNT, [missing("ServiceAccountNotFound", "get", "apps", "deployments")]) == [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "retrain-runner", "namespace": "shop"}}
    ]
