"""What a second tenant may write into a policy to reach the first tenant's things, and what keeps each from it.

`FIRST` and `SECOND` stand for the two namespaces. What only the first tenant has is called ledger, see ledger.yaml. The
second tenant's account may do everything in its own namespace, so that nothing here is for want of a right.
"""

import json
from typing import Any, NamedTuple

from tests.cluster import paths
from tests.e2e.install import ANSWERING, FIRSTS_OWN
from tests.e2e.stage import MONITORING

FIRST, SECOND = "FIRST", "SECOND"
Changes = dict[str, Any]


class Attempt(NamedTuple):
    """Fields of a policy by their paths, and what is said to it."""

    changes: Changes
    message: str
    reason: str = ""


TARGET, ACCOUNT = "rollout.targetRef.name", "serviceAccountName"
ASKED = "triggers.0.prometheus"
HERE = {f"{ASKED}.address": f"http://{ANSWERING}"}


def _no_name(path: str, value: str) -> Attempt:
    return Attempt({path: value}, f"spec.{path.replace('.0', '[0]')} in body should match")


def _no_secret(value: str) -> Attempt:
    path = f"{ASKED}.secretRef.name"
    return Attempt({**HERE, path: value}, f"spec.{path.replace('.0', '[0]')} in body should match")


REFUSED = (
    _no_name(TARGET, f"{FIRST}/ledger"),
    _no_name(TARGET, f"../{FIRST}/ledger"),
    _no_name(TARGET, f"../../{FIRST}/deployments/ledger"),
    _no_name(TARGET, f"..%2F..%2F{FIRST}%2Fdeployments%2Fledger"),
    _no_name(TARGET, ".."),
    _no_name(TARGET, "ledger?fieldManager=x"),
    _no_name(ACCOUNT, f"system:serviceaccount:{FIRST}:retrain-runner"),
    _no_name(ACCOUNT, f"{FIRST}:retrain-runner"),
    _no_name(ACCOUNT, f"{FIRST}/retrain-runner"),
    _no_name(ACCOUNT, f"retrain-runner.{FIRST}"),
    _no_name(ACCOUNT, "system:masters"),
    _no_name("trainer.volumes.0.secret", f"{FIRST}/ledger"),
    _no_name("trainer.volumes.0.configMap", f"../{FIRST}/ledger"),
    _no_name("trainer.volumes.0.persistentVolumeClaim", f"{FIRST}:ledger"),
    _no_secret(f"{FIRST}/ledger"),
    _no_secret(f"..%2f{FIRST}%2fledger"),
    Attempt({f"{ASKED}.secretRef.name": "ledger"}, "secretRef needs an address: a credential is sent nowhere else"),
    Attempt(
        {f"{ASKED}.source": "shared", f"{ASKED}.secretRef.name": "ledger"},
        "secretRef needs an address: a credential is sent nowhere else",
    ),
    Attempt(
        {**HERE, f"{ASKED}.source": "first"}, "name a source of the operator's configuration, or an address, not both"
    ),
    _no_name(f"{ASKED}.source", f"first/{FIRST}"),
    _no_name(f"{ASKED}.address", f"http://{ANSWERING}@prometheus.{FIRST}.svc:9090"),
    _no_name(f"{ASKED}.address", f"http://{ANSWERING}/../{FIRST}"),
    _no_name(f"{ASKED}.address", f"http://{ANSWERING}?tenant={FIRST}"),
    _no_name(f"{ASKED}.address", f"http://{ANSWERING}\r\nX-Scope-OrgID: {FIRST}"),
    _no_name(f"{ASKED}.address", "file:///etc/retrain/sources/sources.yaml"),
    _no_name("data.source", f"file:///data/%2e%2e/{FIRST}/*.parquet"),
    _no_name("data.source", f"http://data.{FIRST}.svc/*.parquet"),
    _no_name("model.store", f"file:///models/..%2f{FIRST}"),
    _no_name("model.store", "file:///models/churn\nMODEL_DIGEST=x"),
    _no_name("model.store", "s3://models/$(LEDGER_PASSWORD)"),
    _no_name("rollout.env", "MODEL_URI=x"),
)
"""What the API server does not take, by the policy's schema: the path that should match, or a rule's sentence."""

UNKNOWN: tuple[Changes, ...] = (
    {"namespace": FIRST},
    {"rollout.namespace": FIRST},
    {"rollout.targetRef.namespace": FIRST},
    {"rollout.targetRef.uid": "5f0c7f2e-0000-0000-0000-000000000000"},
    {f"{ASKED}.headers": {"X-Scope-OrgID": FIRST}},
    {f"{ASKED}.tenant": FIRST},
    {f"{ASKED}.secretRef": {"name": "ledger", "namespace": FIRST}, **HERE},
    {"data.namespace": FIRST},
    {"trainer.serviceAccountName": "ledger"},
    {"trainer.nodeName": paths.NODE},
    {"trainer.hostNetwork": True},
    {"trainer.volumes.0": {"mountPath": "/x", "hostPath": {"path": "/"}, "secret": "ledger"}},
    {"trainer.env.0": {"name": "X", "value": "", "valueFrom": {"secretKeyRef": {"name": "ledger", "key": "token"}}}},
)
"""Fields that there are not. Strict validation names them; without it they are dropped."""


def _not_allowed(address: str, place: str = "") -> Attempt:
    place = place or address.partition("://")[2]
    message = f"drift: The operator's configuration does not allow {place} to namespace {SECOND}. Ask its administrator"
    return Attempt({f"{ASKED}.address": address}, message, "SourceNotAllowed")


def _no_volume(field: str, kind: str) -> Attempt:
    """Names lead nowhere but into the policy's own namespace, where there is no such thing."""
    volume = {"mountPath": "/ledger", field: "ledger"}
    message = f'{kind} "ledger" does not exist in this namespace. Create it, or mend spec.trainer.volumes.'
    return Attempt({"trainer.volumes": [volume]}, message, "VolumeNotFound")


def _dead_end(address: str, words: str) -> Attempt:
    message = f"drift: Prometheus at {address} leads to an address that {words}; check the trigger's address."
    return Attempt({f"{ASKED}.address": f"http://{address}"}, message, "SourceNotAllowed")


NOT_REACHED = (
    Attempt({TARGET: "ledger"}, 'Deployment "ledger" does not exist in this namespace.', "TargetNotFound"),
    Attempt({TARGET: f"ledger.{FIRST}"}, f'Deployment "ledger.{FIRST}" does not exist in this', "TargetNotFound"),
    Attempt(
        {ACCOUNT: "ledger"},
        f"ServiceAccount {SECOND}/ledger does not exist. Create it, or name another",
        "ServiceAccountNotFound",
    ),
    Attempt(
        {ACCOUNT: "default"},
        f"The operator may not act as ServiceAccount {SECOND}/default: apply manifests/tenant in namespace {SECOND}",
        "MissingPermission",
    ),
    Attempt(
        {**HERE, f"{ASKED}.secretRef.name": "ledger"},
        f'drift: Secret "ledger" in namespace {SECOND} does not exist; create it, or mend secretRef.name.',
        "CredentialNotReadable",
    ),
    Attempt(
        {**HERE, f"{ASKED}.secretRef.name": f"ledger.{FIRST}"},
        f'drift: Secret "ledger.{FIRST}" in namespace {SECOND} does not exist;',
        "CredentialNotReadable",
    ),
    Attempt(
        {f"{ASKED}.source": "first"},
        f'drift: The operator\'s configuration has no source "first" for namespace {SECOND}. Ask its administrator, or '
        'name one that it has, such as "spare", "shared", "default".',
        "SourceUnknown",
    ),
    _not_allowed(f"http://prometheus.{FIRST}.svc:9090"),
    _not_allowed(f"http://prometheus.{FIRST}:9090"),
    _not_allowed(f"http://prometheus.{MONITORING}.svc", f"prometheus.{MONITORING}.svc:80"),
    _not_allowed(f"https://answering.{MONITORING}.svc", f"answering.{MONITORING}.svc:443"),
    _not_allowed("https://kubernetes.default.svc", "kubernetes.default.svc:443"),
    _not_allowed("https://10.96.0.1:443"),
    _not_allowed("http://127.0.0.1:8080"),
    _not_allowed("http://[::1]:8080"),
    _not_allowed("http://2130706433:8080"),
    _not_allowed("http://[::ffff:169.254.169.254]:80", "[::ffff:a9fe:a9fe]:80"),
    _not_allowed("http://169.254.169.254:8080"),
    _not_allowed(f"http://{FIRSTS_OWN}"),
    _not_allowed("http://metadata.google.internal:80"),
    _no_volume("secret", "Secret"),
    _no_volume("configMap", "ConfigMap"),
    _no_volume("persistentVolumeClaim", "PersistentVolumeClaim"),
    _dead_end("169.254.169.254:80", "is never asked (link-local, cloud metadata, multicast or unspecified)"),
    _dead_end("localhost:8080", "no policy may name (loopback, link-local, cloud metadata, or the like)"),
)
"""What the operator says of policies that the API server takes, by the reason of Ready."""

_REAL = {
    TARGET: "fresh",
    "trainer.image": paths.images().get("TRAINER_IMAGE", ""),
    "trainer.resources": {"limits": {"memory": "512Mi"}},
}


def _answer(uri: str) -> str:
    digest = "sha256:" + 64 * "0"
    said = {"contract": "retrain.dev/v1", "run": "{run}", "nonce": "{nonce}", "step": "evaluate", "message": ""}
    return json.dumps({**said, "outcome": "Evaluated", "candidate": {"uri": uri, "digest": digest}})


ANSWERS = {
    "elsewhere": _answer(f"file:///models/{FIRST}/v-1"),
    "way-out": _answer(f"file:///models/churn/../../{FIRST}/v-1"),
    "reference": _answer("file:///models/churn/$(KEPT)"),
}
"""Secrets of the second tenant, by which its trainer names a candidate; see scripted/trainer.py."""


def _answers(secret: str) -> Changes:
    told = {"trainer.volumes": [{"mountPath": "/told", "secret": secret}], "trainer.env.0.value": "told"}
    return {**told, "model.store": "file:///models/churn"}


NOT_TRAINED = (
    Attempt(
        {**_REAL, "data.source": f"file:///data/../{FIRST}/*.parquet"},
        f"file:///data/../{FIRST}/*.parquet may not contain .. or %.",
        "StepFailed",
    ),
    Attempt(
        {**_REAL, "model.store": f"file:///models/../{FIRST}"},
        f"file:///models/../{FIRST} may not contain .. or %.",
        "StepFailed",
    ),
    *(
        Attempt(
            _answers(secret),
            "The answer of evaluate names a candidate that is not below model.store, file:///models/churn.",
            "AnswerInvalid",
        )
        for secret in ("elsewhere", "way-out")
    ),
    Attempt(_answers("reference"), "The answer of evaluate does not follow the contract", "AnswerInvalid"),
)
"""What comes of runs, by the reason of their end."""
