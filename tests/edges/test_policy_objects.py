"""What is read of a RetrainPolicy beside its spec: the request for a run, and who made it."""

from typing import Any

import pytest

from retrain_operator.edges import objects
from retrain_operator.model.world import Ask, Policy
from tests.builders import SPEC
from tests.decide.case import case

Json = dict[str, Any]
KEY = "retrain.dev/requestedAt"


def wrote(manager: str, *annotations: str, at: str = "2024-06-01T10:00:00Z", operation: str = "Update") -> Json:
    """An entry of managedFields, as the API server writes it."""
    fields: Json = {"f:spec": {"f:suspend": {}}}
    if annotations:
        fields["f:metadata"] = {"f:annotations": {".": {}, **{f"f:{name}": {} for name in annotations}}}
    who = {"manager": manager, "operation": operation, "apiVersion": "retrain.dev/v1alpha1", "time": at}
    return {**who, "fieldsType": "FieldsV1", "fieldsV1": fields}


def read(managed: list[Json] | None, **annotations: str) -> Policy:
    meta: Json = {
        "name": "churn",
        "namespace": "shop",
        "uid": "5bf57598-0bb5-4c0d-944a-67206f445c48",
        "generation": 1,
        "resourceVersion": "7",
        "creationTimestamp": "2024-06-01T09:00:00Z",
    }
    if annotations:
        meta["annotations"] = {KEY.replace("requestedAt", name): value for name, value in annotations.items()}
    if managed is not None:
        meta["managedFields"] = managed
    found = objects.policy({"metadata": meta, "spec": SPEC})
    assert isinstance(found, Policy)
    return found


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("kubectl annotate", given=[wrote("kubectl-annotate", KEY)], then="kubectl-annotate"),
        case("beside others who wrote other fields",
             given=[wrote("helm"), wrote("kubectl-annotate", KEY), wrote("retrain-operator")], then="kubectl-annotate"),
        case("beside others who wrote other annotations",
             given=[wrote("argocd-controller", "argocd.argoproj.io/tracking-id"), wrote("kubectl-annotate", KEY)],
             then="kubectl-annotate"),
        case("by server-side apply", given=[wrote("platform-team", KEY, operation="Apply")], then="platform-team"),
        case("of two who share it the newer one",
             given=[wrote("flux", KEY, at="2024-06-01T11:00:00Z"), wrote("kubectl-edit", KEY)], then="flux"),
        case("nobody, where the API server does not say", given=None, then=None),
        case("nobody, where no entry has it", given=[wrote("helm")], then=None),
        case("nobody, where the entry has no name", given=[wrote("", KEY)], then=None),
        case("a name with tricks in it is plain", given=[wrote("ci\u202e\n job", KEY)], then="ci job"),
        case("a long name is cut", given=[wrote("x" * 300, KEY)], then="x" * 127 + "…"),
    ],
)  # fmt: skip
def test_who_asked(given: list[Json] | None, then: str | None) -> None:
    policy = read(given, requestedAt="monday")
    assert policy.requested
    assert (policy.requested.value, policy.requested.by) == ("monday", then or "")


def test_where_nobody_asked_nobody_did() -> None:
    policy = read([wrote("kubectl-annotate", KEY)])
    assert policy.requested is None
    other = read([wrote("kubectl-annotate", "retrain.dev/other")], other="monday")
    assert other.requested is None
    empty = read([wrote("kubectl-annotate", KEY)], requestedAt="")
    assert empty.requested is None


def test_a_value_with_tricks_in_it_is_plain_and_bounded() -> None:
    assert read(None, requestedAt="now\n\u202eplease").requested == Ask("now please")
    assert read(None, requestedAt="x" * 5000).requested == Ask("x" * 255 + "…")
