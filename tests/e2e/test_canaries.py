"""Nothing of a Secret, an HTTP answer or an exception is told: canaries are put there and searched for everywhere.

Two ways of search: in what Kubernetes and the operator show, and key by key in all that etcd was given meanwhile.
"""

import json
import re
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import canaries
from tests.e2e.answering import query, went_elsewhere, will_answer
from tests.e2e.canaries import CANARY, SPOKEN, Told
from tests.e2e.etcd import Entry, etcd
from tests.e2e.install import ANSWERING
from tests.e2e.stage import REST, Json, Tenant, eventually, kubectl, policy_spec

pytestmark = pytest.mark.cluster
READER = "retrain-runner"


@dataclass(frozen=True)
class Marks:
    """This story's own canary, and the text that is quoted by intent."""

    canary: str
    spoken: str

    def put(self, text: str) -> str:
        return text.replace(CANARY, self.canary).replace(SPOKEN, self.spoken)

    def found(self, text: str) -> list[str]:
        """The canary with what is around it, however it is written."""
        either = "|".join(re.escape(each) for each in canaries.disguises(self.canary))
        return re.findall(f".{{0,60}}(?:{either}).{{0,60}}", text)


@pytest.fixture
def marks() -> Marks:
    return Marks(f"cn{secrets.token_hex(5)}", f"sp{secrets.token_hex(5)}")


def test_canaries_stand_nowhere_but_where_they_were_put(tenant: Tenant, marks: Marks, tmp_path: Path) -> None:
    tenant.kubectl("create", "role", "reads", "--verb=get", "--resource=secrets")
    tenant.kubectl("create", "rolebinding", "reads", "--role=reads", f"--serviceaccount={tenant.namespace}:{READER}")
    stored: list[Entry] = []
    with etcd(tmp_path) as store:
        # Read part by part: after five minutes etcd may forget what was replaced.
        for part in (_sources, _credentials, _trainers):
            begun = store.revision()
            part(tenant, marks)
            stored += store.since(begun)
        shown = _shown(tenant)
        stored += store.now()
    print(shown["policies as described"], shown["runs as described"])
    for place, text in shown.items():
        assert marks.found(text) == [], place
    for place in ("retrainpolicies", "retrainruns", "events"):
        assert marks.spoken in shown[place], f"what is quoted by intent is not found in {place}"
    _is_stored_only_where_it_was_put(tenant, marks, stored)


def _sources(tenant: Tenant, marks: Marks) -> None:
    """A hostile source, asked with a token and with a password, which it gives back."""
    answers = {**canaries.OTHER_ANSWERS, **canaries.ANSWERS}
    told = {_called(name): json.loads(marks.put(json.dumps(answer))) for name, (answer, _, _) in answers.items()}
    will_answer(tenant.namespace, told)
    password = marks.put(canaries.SECRET)
    _secret(tenant, "token", {"token": password})
    _secret(tenant, "password", {"username": "reader", "password": password})
    _asks(tenant, marks, "answers", "token", canaries.ANSWERS)
    _asks(tenant, marks, "others", "password", canaries.OTHER_ANSWERS)
    assert [each for each in went_elsewhere() if marks.canary in each["asked"]] == [], "a redirect was followed"


def _asks(tenant: Tenant, marks: Marks, policy: str, secret: str, answers: dict[str, Told]) -> None:
    asking = [_trigger(name, query(_called(name), tenant.namespace), secret) for name in answers]
    tenant.apply_policy(name=policy, interval="1h", triggers=asking, cooldown=REST)
    for name, (_, reason, message) in answers.items():
        _is_told(tenant, policy, name, reason, marks.put(message))


def _credentials(tenant: Tenant, marks: Marks) -> None:
    """Secrets that are no credential."""
    for name, (parts, _) in canaries.SECRETS.items():
        _secret(tenant, name, {key: marks.put(text) for key, text in parts.items()})
    asking = [_trigger(name, "vector(1)", name) for name in canaries.SECRETS]
    tenant.apply_policy(name="credentials", interval="1h", triggers=asking, cooldown=REST)
    for name, (_, message) in canaries.SECRETS.items():
        _is_told(tenant, "credentials", name, "CredentialNotReadable", message)


def _trainers(tenant: Tenant, marks: Marks) -> None:
    """Trainers that log, raise and answer what is in a Secret."""
    for name, (files, _, _) in canaries.TRAINERS.items():
        _secret(tenant, f"told-{name}", {file: marks.put(text) for file, text in files.items()})
        trainer = policy_spec("told", tenant.namespace)["trainer"]
        volumes = [{"mountPath": "/told", "secret": f"told-{name}"}]
        tenant.apply_policy(name=name, trainer={**trainer, "volumes": volumes}, cooldown=REST)
        tenant.ask_for_a_run(name)
    for name, (_, reason, message) in canaries.TRAINERS.items():
        ended = tenant.ended(name=name)
        assert (ended["reason"], ended["message"]) == (reason, _within(marks.put(message), ended["message"]))


def _called(name: str) -> str:
    return name.replace("-", "_")


def _trigger(name: str, asked: str, secret: str) -> Json:
    own = {"address": f"http://{ANSWERING}", "secretRef": {"name": secret}}
    return {"name": name, "prometheus": {"query": asked, "healthyRange": {"min": 0}, **own}}


def _is_told(tenant: Tenant, policy: str, trigger: str, reason: str, message: str) -> None:
    def told() -> Json | None:
        triggers = tenant.policy(policy).get("triggers", [])
        return next((each for each in triggers if each["name"] == trigger and each["reason"] != "NotChecked"), None)

    found = eventually(told)
    assert (found["reason"], found["message"]) == (reason, _within(message, found["message"]))


def _within(part: str, whole: str) -> str:
    """The whole if the part is in it, else the part: so that a comparison shows both."""
    return whole if part in whole else part


def _secret(tenant: Tenant, name: str, parts: dict[str, str]) -> None:
    data = {key: b64encode(text.encode()).decode() for key, text in parts.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
    tenant.kubectl("create", "-f", "-", stdin=json.dumps(body))


def _shown(tenant: Tenant) -> dict[str, str]:
    """All that the operator writes or says. What a kubelet writes into a pod's status is the trainer's own word."""
    kinds = ("retrainpolicies", "retrainruns", "events", "jobs", "deployments")
    shown = {kind: json.dumps(tenant.all_of(kind)) for kind in kinds}
    pods = [{**pod, "status": {}} for pod in tenant.all_of("pods")]
    service = "/api/v1/namespaces/retrain-system/services/retrain-operator:http/proxy"
    return {
        **shown,
        "pods": json.dumps(pods),
        "policies as described": tenant.kubectl("describe", "retrainpolicies"),
        "runs as described": tenant.kubectl("describe", "retrainruns"),
        "the operator's log": kubectl("-n", "retrain-system", "logs", "deployment/retrain-operator"),
        "metrics": kubectl("get", "--raw", f"{service}/metrics"),
        "health": kubectl("get", "--raw", f"{service}/healthz"),
        "the operator's namespace": kubectl("-n", "retrain-system", "get", "all,events,configmaps", "-o", "json"),
    }


def _is_stored_only_where_it_was_put(tenant: Tenant, marks: Marks, stored: list[Entry]) -> None:
    holders = {key for key, value in stored if marks.found(value.decode("latin-1"))}
    put = {f"/registry/secrets/{tenant.namespace}/{name}" for name in ("token", "password", *canaries.SECRETS)}
    put |= {f"/registry/secrets/{tenant.namespace}/told-{name}" for name in canaries.TRAINERS if name != "speaks"}
    answers = f"/registry/pods/{tenant.namespace}/"
    print(f"{len(stored)} values of etcd searched; the canary is in:", *sorted(holders), sep="\n  ")
    assert {key for key in holders if not key.startswith(answers)} == put
    # A trainer's termination message is in its pod's status, and the pod's owner is one who may read it.
    assert {key for key in holders if key.startswith(answers)}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc:", "user:"])
def test_a_canary_is_found_however_it_is_written(marks: Marks, before: str) -> None:
    text = f"{before}{marks.canary}-in-a-secret"
    assert marks.found(f"Basic {b64encode(text.encode()).decode()}")
    assert marks.found(json.dumps({"message": text}))
    assert not marks.found(f"{before}{marks.canary[:-1]}")
