"""What an administrator applies to give a policy's account the rights that it lacks, and nothing more."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import yaml

from retrain_operator.model.access import Account
from retrain_operator.model.status import Missing

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"


def grant(account: Account, missing: Sequence[Missing], operator: Account) -> str:
    """Objects, as YAML, that give `account`, the policy's ServiceAccount, and the operator exactly what is missing."""
    objects = _objects(account, missing, operator)
    return yaml.safe_dump_all(objects, sort_keys=False, default_flow_style=None, width=1000)


def _objects(account: Account, missing: Sequence[Missing], operator: Account) -> list[Json]:
    objects: list[Json] = []
    if any(right.layer == "ServiceAccountNotFound" for right in missing):
        meta = {"name": account.name, "namespace": account.namespace}
        objects.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    for layer, subject, name in (
        ("Impersonation", operator, f"retrain-operator-as-{account.name}"),
        ("RBAC", account, f"{account.name}-more"),
    ):
        if rules := [_rule(right) for right in missing if right.layer == layer]:
            # kubectl apply replaces the rules of a Role, so other rules must be another Role.
            own = f"{name}-{_hash(rules)}"
            objects += [_role(own, account.namespace, rules), _binding(own, account.namespace, subject)]
    return objects


def _hash(rules: list[Json]) -> str:
    """The same for the same rules in any order."""
    text = json.dumps(sorted(json.dumps(rule, sort_keys=True) for rule in rules))
    return blake2b(text.encode(), digest_size=4).hexdigest()


def _rule(right: Missing) -> Json:
    rule = {"apiGroups": [right.api_group], "resources": [right.resource], "verbs": [right.verb]}
    return {**rule, "resourceNames": [right.name]} if right.name else rule


def _role(name: str, namespace: str, rules: list[Json]) -> Json:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": meta, "rules": rules}


def _binding(name: str, namespace: str, subject: Account) -> Json:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": subject.name, "namespace": subject.namespace}],
    }
