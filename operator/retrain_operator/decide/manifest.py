"""The Kubernetes objects that a decision makes: the RetrainRun and its Job.

Pods satisfy the Pod Security Standard `restricted` by construction, with a read-only root, no token, and only those
fields that a policy may set; see https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from base64 import b32encode
from hashlib import blake2b
from typing import Any

from retrain_operator.decide.recipe import known_data
from retrain_operator.model.names import API_VERSION, MANAGED_BY, POLICY_LABEL, RUN_LABEL, STEPS
from retrain_operator.model.run import PolicySnapshot, RunSpec
from retrain_operator.model.scalars import time_text
from retrain_operator.model.status import ActiveRun, Cause
from retrain_operator.model.target import Serving
from retrain_operator.model.trainer import Quantities, Trainer, Volume
from retrain_operator.model.world import Policy, Run
from retrain_trainer.contract import TASK_VARIABLE, WORKSPACE, Champion, Task

USER = 65532
"""Who the trainer's containers run as, and the group that owns their volumes."""

Json = dict[str, Any]


def run_name(policy: Policy, cause: Cause) -> str:
    """The one name a run of this policy for this cause can have: a second attempt to make it meets the first.

    The same request at another time is another cause: whoever asks again after another request gets a run again.
    """
    slot = f"{time_text(cause.at)}|{cause.request or ''}"
    digest = blake2b(f"{policy.uid}|{cause.trigger}|{slot}".encode(), digest_size=10).digest()
    return f"{policy.name[:40]}-{b32encode(digest).decode().lower()[:10]}"


def run_manifest(policy: Policy, claim: ActiveRun, serving: Serving, nonce: str) -> Json:
    """The RetrainRun for a claim, with the policy and the model in service as they are now."""
    champion = _champion(policy, serving)
    spec = RunSpec(
        policy=PolicySnapshot(name=policy.name, uid=policy.uid, generation=policy.generation, spec=policy.spec),
        cause=claim.cause,
        champion=champion,
        nonce=nonce,
        known_data=known_data(policy, claim.cause, champion),
        undo=claim.undo,
    )
    return {
        "apiVersion": API_VERSION,
        "kind": "RetrainRun",
        "metadata": {
            "name": claim.name,
            "namespace": policy.namespace,
            "labels": {**MANAGED_BY, POLICY_LABEL: policy.name},
            "ownerReferences": [_owner(API_VERSION, "RetrainPolicy", policy.name, policy.uid)],
        },
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def _champion(policy: Policy, serving: Serving) -> Champion | None:
    if not serving.value:
        return None
    ours = policy.status.champion
    return Champion(uri=serving.value, digest=ours.digest if ours and ours.uri == serving.value else None)


def _owner(api_version: str, kind: str, name: str, uid: str) -> Json:
    """Without blockOwnerDeletion: setting it asks for a right on the owner's finalizers."""
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": True}


def task(run: Run) -> Task:
    """What the trainer is told."""
    spec = run.spec.policy.spec
    return Task(
        run=run.name,
        nonce=run.spec.nonce,
        data=spec.data,
        model=spec.model,
        evaluation=spec.evaluation,
        champion=run.spec.champion,
        known_data=run.spec.known_data,
    )


def job_manifest(run: Run) -> Json:
    """The Job: one pod in which collect, train and evaluate run in this order. Its name is the run's."""
    trainer = run.spec.policy.spec.trainer
    labels = {**MANAGED_BY, POLICY_LABEL: run.spec.policy.name, RUN_LABEL: run.name}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": run.name,
            "namespace": run.namespace,
            "labels": labels,
            "ownerReferences": [_owner(API_VERSION, "RetrainRun", run.name, run.uid)],
        },
        "spec": {
            "backoffLimit": trainer.retries,
            "activeDeadlineSeconds": int(trainer.timeout.total_seconds()),
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
            },
            "template": {"metadata": {"labels": labels}, "spec": _pod(task(run), trainer)},
        },
    }


def _pod(work: Task, trainer: Trainer) -> Json:
    collect, train, evaluate = (_container(step, work, trainer) for step in STEPS)
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [collect, train],
        "containers": [evaluate],
        "volumes": [
            {"name": "workspace", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            *(_volume(index, volume) for index, volume in enumerate(trainer.volumes)),
        ],
    }


def _container(step: str, work: Task, trainer: Trainer) -> Json:
    return {
        "name": step,
        "image": trainer.image,
        "args": [step],
        "env": [
            *(_variable(variable.name, variable.value) for variable in trainer.env),
            _variable(TASK_VARIABLE, work.model_dump_json(by_alias=True, exclude_none=True)),
        ],
        "resources": {
            "requests": _quantities(trainer.resources.requests),
            "limits": _quantities(trainer.resources.limits),
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"name": "workspace", "mountPath": WORKSPACE},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # a volume of the pod's own
            *(_mount(index, volume) for index, volume in enumerate(trainer.volumes)),
        ],
    }


def _variable(name: str, value: str) -> dict[str, str]:
    """A variable whose value arrives as it is: Kubernetes would read `$(NAME)` as a reference and `$$` as one `$`."""
    return {"name": name, "value": value.replace("$", "$$")}


def _quantities(amounts: Quantities) -> dict[str, str]:
    return amounts.model_dump(exclude_none=True)


def _volume(index: int, volume: Volume) -> Json:
    name = f"volume-{index}"
    if volume.persistent_volume_claim:
        claim = {"claimName": volume.persistent_volume_claim, "readOnly": volume.read_only}
        return {"name": name, "persistentVolumeClaim": claim}
    if volume.config_map:
        return {"name": name, "configMap": {"name": volume.config_map}}
    return {"name": name, "secret": {"secretName": volume.secret}}


def _mount(index: int, volume: Volume) -> Json:
    read_only = volume.read_only or not volume.persistent_volume_claim
    return {"name": f"volume-{index}", "mountPath": volume.mount_path, "readOnly": read_only}
