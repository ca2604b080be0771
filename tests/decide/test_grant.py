"""What to apply for each kind of missing right."""

from typing import Any

import yaml

from retrain_operator.decide.grant import grant as granted
from retrain_operator.model.access import Account
from retrain_operator.model.status import Missing

ACCOUNT = Account("shop", "retrain-runner")
RBAC = "rbac.authorization.k8s.io"


def grant(account: Account, lacking: list[Missing]) -> list[Any]:
    return list(yaml.safe_load_all(granted(account, lacking)))


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
    assert role["metadata"] == binding["metadata"] == {"name": "retrain-runner-more", "namespace": "shop"}
    assert binding["roleRef"] == {"apiGroup": RBAC, "kind": "Role", "name": "retrain-runner-more"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "retrain-runner", "namespace": "shop"}]


def test_the_door_is_opened_to_the_operator() -> None:
    role, binding = grant(ACCOUNT, [missing("Impersonation", "impersonate", "", "serviceaccounts", "retrain-runner")])
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
