"""The objects that a decision makes: a run's one name, its Job down to the last field, and the patch of the target."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrain_operator.decide.manifest import job_manifest, run_manifest, run_name, task
from retrain_operator.decide.preflight import job_rights
from retrain_operator.model.run import RunSpec
from retrain_operator.model.status import ActiveRun, Cause, ServedModel
from retrain_operator.model.target import Serving
from retrain_operator.model.trainer import Trainer
from retrain_trainer.contract import Champion, Task
from tests.builders import T0, APolicy, a_policy
from tests.decide.case import case
from tests.runs import NAME, NONCE, OLD, a_run

Json = dict[str, Any]
FULL = {
    "image": "registry.example/trainer:1",
    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}},
    "volumes": [
        {"mountPath": "/data", "persistentVolumeClaim": "batches", "readOnly": True},
        {"mountPath": "/models", "persistentVolumeClaim": "models"},
        {"mountPath": "/etc/settings", "configMap": "settings"},
        {"mountPath": "/etc/keys", "secret": "s3-key"},
    ],
    "env": [{"name": "LEVEL", "value": "debug"}, {"name": "PRICE", "value": "$$5 of $(LEVEL)"}],
    "timeout": "90m",
    "retries": 1,
}
JOB = job_manifest(a_run().with_spec(trainer=FULL).run)
POD = JOB["spec"]["template"]["spec"]
CONTAINERS = [*POD["initContainers"], *POD["containers"]]


def serving(value: str) -> Serving:
    return Serving("target-uid", "7", value, "/spec/model")


def kubernetes_reads(value: str) -> str:
    """What a container sees of a variable's value when it refers to nothing; see expansion.go in k8s.io/kubernetes."""
    return value.replace("$$", "$")


def test_the_job_down_to_the_last_field() -> None:
    golden = yaml.safe_load((Path(__file__).parent / "golden" / "job.yaml").read_text())
    assert golden == JOB


def test_every_step_is_told_the_same_task_as_it_is() -> None:
    dollars = a_run().with_spec(data={"source": "file:///data/$(REGION)/*.csv", "label": "price$$"}).run
    expected = task(dollars)
    for step in job_manifest(dollars)["spec"]["template"]["spec"]["initContainers"]:
        value = kubernetes_reads(step["env"][-1]["value"])
        assert Task.model_validate_json(value) == expected
        assert Task.model_validate_json(value).data.label == "price$$"


def test_a_variable_arrives_as_it_was_written() -> None:
    env = {variable["name"]: kubernetes_reads(variable["value"]) for variable in CONTAINERS[0]["env"]}
    assert env["PRICE"] == "$$5 of $(LEVEL)"


def test_nobody_can_put_another_task_in_place_of_ours() -> None:
    forged = a_run().with_spec(trainer={"image": "i", "env": [{"name": "RETRAIN_TASK", "value": "{}"}]}).run
    last = job_manifest(forged)["spec"]["template"]["spec"]["containers"][0]["env"][-1]
    assert json.loads(last["value"])["run"] == NAME, "of two variables of one name the last counts"


def test_the_task_is_what_the_policy_said_when_the_run_was_claimed() -> None:
    told = task(a_run().with_spec(evaluation={"gates": [{"metric": "log_loss", "goal": "Minimize"}]}).run)
    assert (told.run, told.nonce, told.champion) == (NAME, NONCE, Champion(uri=OLD.uri, digest=OLD.digest))
    assert [(gate.metric, gate.goal) for gate in told.evaluation.gates] == [("log_loss", "Minimize")]


def test_parameters_that_are_null_stay_null() -> None:
    parameters = {"class_weight": None, "alpha": 0.1}
    model = {"store": "file:///m", "estimator": "SGDClassifier", "parameters": parameters}
    job = job_manifest(a_run().with_spec(model=model).run)
    sent = json.loads(job["spec"]["template"]["spec"]["containers"][0]["env"][-1]["value"])
    assert sent["model"]["parameters"] == parameters


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: str(container["name"]))
def test_each_container_satisfies_the_restricted_standard(container: Json) -> None:
    context = container["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert not {"privileged", "procMount", "seLinuxOptions", "windowsOptions"} & set(context)
    assert container["resources"]["limits"]["memory"] == "4Gi"
    assert container["terminationMessagePolicy"] == "File", "a log never passes for an answer"


def test_the_pod_satisfies_the_restricted_standard() -> None:
    context = POD["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "nodeName"} & set(POD)
    allowed = {"emptyDir", "persistentVolumeClaim", "configMap", "secret"}
    assert all(set(volume) - {"name"} <= allowed for volume in POD["volumes"])


def test_the_account_must_be_able_to_read_what_it_lets_pods_mount() -> None:
    rights = [str(right) for right in job_rights(Trainer.model_validate(FULL))]
    assert rights == ["create jobs.batch", 'get secrets "s3-key"', 'get configmaps "settings"']


def cause(**parts: Any) -> Cause:
    return Cause(**({"trigger": "drift", "message": "drift is 0.12, above 0.1.", "at": T0} | parts))


def named(name: str) -> str:
    policy = a_policy().policy
    object.__setattr__(policy, "name", name)
    return run_name(policy, cause())


@pytest.mark.parametrize("name", ["c", "churn", "a" * 40, "a" * 39 + "-" * 20 + "b"])
def test_a_runs_name_fits_a_label(name: str) -> None:
    found = named(name)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", found)
    assert len(found) <= 63
    assert found.startswith(name[:40])


def test_a_run_has_one_name() -> None:
    policy = a_policy().policy
    assert run_name(policy, cause()) == run_name(policy, cause(message="Other words."))
    others = [cause(at=T0.replace(hour=11)), cause(trigger="manual"), cause(request="now"), cause(request="later")]
    assert len({run_name(policy, each) for each in (cause(), *others)}) == 5


def test_the_same_request_at_another_time_is_another_run() -> None:
    policy = a_policy().policy
    again = cause(request="now", at=T0.replace(hour=11))
    assert run_name(policy, cause(request="now")) != run_name(policy, again)


def test_a_runs_name_is_the_same_once_its_cause_was_written() -> None:
    policy, exact = a_policy().policy, cause(at=T0.replace(microsecond=123_456))
    assert run_name(policy, exact) == run_name(
        policy, Cause.model_validate(exact.model_dump(mode="json", by_alias=True))
    )


def test_a_policy_made_anew_under_its_old_name_meets_no_old_run() -> None:
    before, after = a_policy().policy, a_policy().policy
    object.__setattr__(after, "uid", "another")
    assert run_name(before, cause()) != run_name(after, cause())


def made(policy: APolicy, value: str) -> tuple[Json, RunSpec]:
    claim = ActiveRun(name=NAME, cause=cause())
    manifest = run_manifest(policy.policy, claim, serving(value), NONCE)
    return manifest, RunSpec.model_validate(manifest["spec"])


def test_the_run_is_the_policys_and_tells_all_that_it_is_about() -> None:
    policy = a_policy().watching("drift", max=0.1)
    manifest, spec = made(policy, OLD.uri)
    assert manifest["metadata"] == {
        "name": NAME,
        "namespace": "shop",
        "labels": {"app.kubernetes.io/managed-by": "retrain-operator", "retrain.dev/policy": "churn"},
        "ownerReferences": [
            {
                "apiVersion": "retrain.dev/v1alpha1",
                "kind": "RetrainPolicy",
                "name": "churn",
                "uid": policy.policy.uid,
                "controller": True,
            }
        ],
    }
    assert (spec.policy.spec, spec.policy.generation, spec.cause) == (policy.policy.spec, 1, cause())


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("none is in service", given=("", OLD.uri), then=None),
        case("ours is", given=(OLD.uri, OLD.uri), then=Champion(uri=OLD.uri, digest=OLD.digest)),
        case("somebody else's is", given=("s3://else/where", OLD.uri), then=Champion(uri="s3://else/where")),
    ],
)
def test_the_champion_is_what_is_in_service(given: tuple[str, str], then: Champion | None) -> None:
    value, ours = given
    known = ServedModel(uri=ours, digest=OLD.digest, version="v1", run="churn-before", promoted_at=T0)
    assert made(a_policy().with_status(champion=known), value)[1].champion == then
