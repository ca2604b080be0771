"""A second tenant tries to reach what the first one has, by every field of a policy and by objects made by hand.

The second tenant is bea, who is the administrator of her namespace and may write policies there.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import paths
from tests.e2e import answering, audit, install
from tests.e2e.attempts import ANSWERS, FIRST, NOT_REACHED, NOT_TRAINED, REFUSED, SECOND, UNKNOWN, Attempt, Changes
from tests.e2e.stage import HERE, REST, Json, Tenant, asking, eventually, kubectl, policy_spec, stands

pytestmark = pytest.mark.cluster
BEA = "--as=bea"
ADMINISTRATOR = "kubernetes-admin"


@pytest.fixture
def first(installed: None, tmp_path: Path) -> Iterator[Tenant]:
    folder = tmp_path / "first"
    folder.mkdir()
    made = install.tenant(folder)
    made.kubectl("apply", "-f", "-", stdin=_ledger())
    yield made
    made.show()
    kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture
def second(tenant: Tenant) -> Tenant:
    for role in ("admin", "retrain-policy-editor"):
        tenant.kubectl("create", "rolebinding", f"bea-{role}", f"--clusterrole={role}", "--user=bea")
    account = f"--serviceaccount={tenant.namespace}:retrain-runner"
    tenant.kubectl("create", "rolebinding", "runner-admin", "--clusterrole=admin", account)
    deployment = _ledger().rpartition("---")[2].replace("ledger", "fresh")
    tenant.kubectl("apply", "-f", "-", stdin=deployment)
    return tenant


def _ledger() -> str:
    text = (HERE / "ledger.yaml").read_text()
    return text.replace("image: scripted", f"image: {paths.images()['SCRIPTED_IMAGE']}")


def test_no_field_of_a_policy_reaches_another_tenant(first: Tenant, second: Tenant) -> None:
    before, since = _owned(first), audit.now()
    for number, attempt in enumerate(REFUSED):
        _is_refused(first, second, f"refused-{number}", attempt)
    for number, changes in enumerate(UNKNOWN):
        _is_unknown(first, second, f"unknown-{number}", changes)
    _are_not_reached(first, second)
    _are_not_trained(first, second)
    said = _apply(second, _policy(second, "own", {}, first), "--namespace", first.namespace, check=False)
    print(said)
    assert 'User "bea" cannot' in said
    assert f'in the namespace "{first.namespace}"' in said
    print(second.kubectl(BEA, "get", "retrainpolicies,retrainruns,jobs", "-o", "wide"))
    _is_untouched(first, before, since)


def _is_refused(first: Tenant, second: Tenant, name: str, attempt: Attempt) -> None:
    said = _apply(second, _policy(second, name, attempt.changes, first), check=False)
    print(f"{_put(attempt.changes, first, second)}\n  {said.strip()}")
    assert _put(attempt.message, first, second) in said
    assert second.kubectl("get", "retrainpolicy", name, "--ignore-not-found") == ""


def _is_unknown(first: Tenant, second: Tenant, name: str, changes: Changes) -> None:
    policy = _policy(second, name, changes, first)
    said = _apply(second, policy, check=False)
    print(f"{_put(changes, first, second)}\n  {said.strip()}")
    assert 'unknown field "spec.' in said
    # Whoever asks for no validation gets a policy without the field. One that is then no policy is refused as that.
    said = _apply(second, policy, "--validate=ignore", check=False)
    print(f"  {said.strip()}")
    assert " created" in said or "is invalid: spec." in said
    stored = second.kubectl("get", "retrainpolicy", name, "--ignore-not-found", "-o", "jsonpath={.spec}")
    for word in (first.namespace, "hostPath", "hostNetwork", "nodeName", "secretKeyRef", "headers", "uid"):
        assert word not in stored
    second.kubectl(BEA, "delete", "retrainpolicy", name, "--ignore-not-found")


def _are_not_reached(first: Tenant, second: Tenant) -> None:
    for number, attempt in enumerate(NOT_REACHED):
        _apply(second, _policy(second, f"reach-{number}", attempt.changes, first))
    for number, attempt in enumerate(NOT_REACHED):
        ready = eventually(partial(_not_ready, second, f"reach-{number}"))
        _says(attempt, ready, first, second)
    print(second.kubectl(BEA, "describe", "retrainpolicy", "reach-0"))


def _not_ready(second: Tenant, name: str) -> Json | None:
    ready = second.ready(name)
    return ready if ready.get("status") == "False" else None


def _are_not_trained(first: Tenant, second: Tenant) -> None:
    for secret, answer in _put(ANSWERS, first, second).items():
        second.kubectl("create", "secret", "generic", secret, f"--from-literal=evaluate={answer}")
    for number, attempt in enumerate(NOT_TRAINED):
        name = f"train-{number}"
        _apply(second, _policy(second, name, {**attempt.changes, "cooldown": REST}, first))
        second.ask_for_a_run(name)
    for number, attempt in enumerate(NOT_TRAINED):
        _says(attempt, second.ended(name=f"train-{number}"), first, second)
    assert second.model() == "file:///models/churn/v-first"


def _says(attempt: Attempt, told: Json, first: Tenant, second: Tenant) -> None:
    print(f"{_put(attempt.changes, first, second)}\n  {told['reason']}: {told['message']}")
    assert told["reason"] == attempt.reason
    assert _put(attempt.message, first, second) in told["message"]


def _is_untouched(first: Tenant, before: Json, since: Any) -> None:
    """Nothing that the first tenant has was changed, and the audit log knows nobody who so much as asked for it."""
    assert _owned(first) == before
    assert first.all_of("jobs") == []
    asked = [act for act in audit.acts(since, first.namespace) if first.namespace in (act.namespace, act.home)]
    assert [act for act in asked if act.by_the_operator] == []
    assert [act for act in asked if act.acting_as and not act.refused] == []
    assert {act.user for act in asked if act.resource == "secrets"} == {ADMINISTRATOR}, "the test itself looked"


def _owned(first: Tenant) -> Json:
    kinds = ("secret", "configmap", "persistentvolumeclaim", "serviceaccount", "deployment")
    kept = {kind: first.get(kind, "ledger")["metadata"]["resourceVersion"] for kind in kinds}
    # The status of the one that serves may move by itself, when its pods are slow.
    serving = first.get("deployment", "churn-serving")
    runner = first.get("serviceaccount", "retrain-runner")["metadata"]["resourceVersion"]
    return {**kept, "serving": serving["spec"], "generation": serving["metadata"]["generation"], "runner": runner}


def test_objects_made_by_hand_in_one_namespace_move_nothing_in_another(first: Tenant, second: Tenant) -> None:
    first.apply_policy("slow", cooldown=REST)
    first.ask_for_a_run()
    job = eventually(lambda: first.all_of("jobs"))[0]
    run, since = first.runs()[0], audit.now()
    _forge(second, job, "batch/v1", "Job", BEA)
    said = _forge(second, run, "retrain.dev/v1alpha1", "RetrainRun", BEA, check=False)
    assert 'User "bea" cannot create resource "retrainruns"' in said
    # Who administers the cluster may be let do it, or not: the run is carried out at home, if at all.
    said = _forge(
        second, run, "retrain.dev/v1alpha1", "RetrainRun", "--as=root", "--as-group=system:masters", check=False
    )
    print(said)
    ended = first.ended()
    assert ended["outcome"] == "Succeeded"
    assert ended["job"]["uid"] == job["metadata"]["uid"]
    assert [each["metadata"]["uid"] for each in first.all_of("jobs")] == [job["metadata"]["uid"]]
    assert first.model() == ended["result"]["candidate"]["uri"]
    first.show()
    print(second.kubectl("get", "retrainruns,jobs", "-o", "wide"))
    acted = [act for act in audit.acts(since) if act.acting_as and act.resource != "selfsubjectaccessreviews"]
    assert [act for act in acted if act.home != act.namespace] == []
    patched = [act for act in acted if act.namespace == first.namespace and act.verb == "patch"]
    assert [(act.resource, act.code) for act in patched] == [("deployments", 200)]


def _forge(second: Tenant, model: Json, version: str, kind: str, *words: str, check: bool = True) -> str:
    """The first tenant's object once more, in the second one's namespace: its name, labels, owner and spec."""
    meta = {key: model["metadata"][key] for key in ("name", "labels", "ownerReferences")}
    spec = {key: value for key, value in model["spec"].items() if key not in ("selector", "manualSelector")}
    labels = {key: value for key, value in meta["labels"].items() if "controller-uid" not in key}
    body = {"apiVersion": version, "kind": kind, "metadata": {**meta, "labels": labels}, "spec": spec}
    if kind == "Job":
        spec["template"]["metadata"]["labels"] = labels
    return second.kubectl(*words, "create", "-f", "-", stdin=json.dumps(body), check=check)


def test_a_source_that_tells_tenants_apart_hears_the_policys_own_namespace_whoever_is_asked_about(
    second: Tenant,
) -> None:
    kubectl("delete", "namespace", install.FIRST, "--ignore-not-found", "--wait")
    kubectl("create", "namespace", install.FIRST)
    first, name = Tenant(install.FIRST), f"load_{second.namespace.replace('-', '_')}"
    answering.will_answer(first.namespace, {name: answering.number()})
    asked = answering.query(name, first.namespace)
    for tenant in (first, second):
        tenant.apply_policy(triggers=asking(tenant, query=asked, source="shared"))
    second.apply_policy(name="direct", triggers=asking(second, query=asked, address=f"http://{install.ANSWERING}"))
    first.apply_policy(name="kept", triggers=asking(first, query=asked, source="first"))
    second.apply_policy(name="kept", triggers=asking(second, query=asked, source="first"))
    first.apply_policy(name="own", triggers=asking(first, query=asked, address=f"http://{install.FIRSTS_OWN}"))
    for tenant in (first, second):
        eventually(partial(_is_healthy, tenant))
    for tenant, policy, reason in (
        (second, "direct", "Healthy"),
        (first, "kept", "Healthy"),
        (second, "kept", "SourceUnknown"),
        (first, "own", "Healthy"),
    ):
        eventually(partial(_has_come_to, tenant, policy, reason))
    heard = [each["headers"].get("X-Scope-OrgID") for each in answering.asked(first.namespace) if each["asked"] == name]
    print(f"{asked} was asked for", heard, second.show(), first.show())
    assert set(heard) == {first.namespace, second.namespace, None}, "None: an address is asked without the header"
    kubectl("delete", "namespace", install.FIRST, "--wait=false")


def _is_healthy(tenant: Tenant) -> bool:
    return stands(tenant) == ("Healthy", "Healthy")


def _has_come_to(tenant: Tenant, policy: str, reason: str) -> bool:
    triggers = tenant.policy(policy).get("triggers") or [{}]
    return bool(triggers[0].get("reason") == reason)


def _policy(second: Tenant, name: str, changes: Changes, first: Tenant) -> Json:
    spec = policy_spec("promote", second.namespace)
    for path, value in _put(changes, first, second).items():
        _set(spec, path.split("."), value)
    # Nobody heeds these, whatever they claim.
    claims = {"retrain.dev/namespace": first.namespace, "retrain.dev/service-account": "ledger"}
    meta = {"name": name, "annotations": claims, "labels": {"retrain.dev/policy": "churn"}}
    return {"apiVersion": "retrain.dev/v1alpha1", "kind": "RetrainPolicy", "metadata": meta, "spec": spec}


def _set(spec: Any, path: list[str], value: object) -> None:
    """Put a value at a path of keys and places in lists. A volume that is begun gets what else it needs."""
    *before, last = path
    for key in before:
        if key == "volumes":
            spec = spec.setdefault(key, [{"mountPath": "/ledger"}])
        else:
            spec = spec[int(key)] if isinstance(spec, list) else spec.setdefault(key, {})
    if isinstance(spec, list):
        spec[int(last)] = value
    else:
        spec[last] = value


def _put(given: Any, first: Tenant, second: Tenant) -> Any:
    """The same with the names of the two namespaces in it."""
    return json.loads(json.dumps(given).replace(FIRST, first.namespace).replace(SECOND, second.namespace))


def _apply(second: Tenant, policy: Json, *words: str, check: bool = True) -> str:
    return second.kubectl(BEA, "apply", "-f", "-", *words, stdin=yaml.safe_dump(policy), check=check)
