"""Policies that the API server refuses at apply, each with a sentence that says what to change."""

from typing import Any

import pytest

from tests.crds.conftest import Kubectl
from tests.crds.samples import cron, metric, policy, trainer

pytestmark = pytest.mark.cluster

TWO_SOURCES = {**metric(), "schedule": {"cron": "0 0 * * *"}}
TARGET = {"name": "churn-serving"}
CLAIM = {"mountPath": "/data", "persistentVolumeClaim": "churn"}

REFUSED = {
    "the second cron field is a day, the third no day": (
        policy(triggers=[cron("* * 0 0 *")]),
        "cron: day of month (field 3) must be 1-31, *, H, a range, a list or a step",
    ),
    "and its fourth field is no month": (
        policy(triggers=[cron("* * 0 0 *")]),
        "cron: month (field 4) must be 1-12 or JAN-DEC, *, H, a range, a list or a step",
    ),
    "no day has an hour 24": (
        policy(triggers=[cron("0 24 * * *")]),
        "cron: hour (field 2) must be 0-23, *, H, a range, a list or a step",
    ),
    "no month has a day 0": (
        policy(triggers=[cron("0 0 0 * *")]),
        "cron: day of month (field 3) must be 1-31, *, H, a range, a list or a step",
    ),
    "minute 60": (policy(triggers=[cron("60 * * * *")]), "cron: minute (field 1) must be 0-59"),
    "day of week 8": (policy(triggers=[cron("0 0 * * 8")]), "cron: day of week (field 5) must be 0-7 or SUN-SAT"),
    "four cron fields": (
        policy(triggers=[cron("0 0 * *")]),
        "cron needs five fields, separated by one space: minute hour day-of-month month day-of-week",
    ),
    "two spaces between cron fields": (policy(triggers=[cron("0  0 * * *")]), "separated by one space"),
    "a healthy range upside down": (
        policy(triggers=[metric(healthyRange={"min": 0.9, "max": 0.1})]),
        "healthyRange.min must not be above healthyRange.max",
    ),
    "a healthy range without a bound": (
        policy(triggers=[metric(healthyRange={})]),
        "healthyRange needs min, max or both",
    ),
    "a threshold in percent": (
        policy(evaluation={"gates": [{"metric": "accuracy", "threshold": 80}]}),
        "roc_auc, r2 may be at most 1: 80 % is 0.8",
    ),
    "a share below nothing": (
        policy(evaluation={"gates": [{"metric": "f1", "threshold": -0.5}]}),
        "recall, roc_auc must be at least 0",
    ),
    "a trigger with two sources": (
        policy(triggers=[TWO_SOURCES]),
        "a trigger needs exactly one of prometheus, schedule",
    ),
    "a trigger with none": (
        policy(triggers=[{"name": "drift"}]),
        "a trigger needs exactly one of prometheus, schedule",
    ),
    "a trigger called as what is told of others": (
        policy(triggers=[{**metric(), "name": "manual"}]),
        "a trigger may not be called all, manual or undo",
    ),
    "two triggers of one name": (
        policy(triggers=[metric(), metric()]),
        'spec.triggers[1]: Duplicate value: {"name":"drift"}',
    ),
    "no trigger": (policy(triggers=[]), "spec.triggers in body should have at least 1 items"),
    "an interval shorter than 5 s": (policy(interval="1s"), "interval must be at least 5s"),
    "a duration without a unit": (
        policy(interval="30"),
        "spec.interval: Invalid value: \"30\": spec.interval in body should match '^([0-9]{1,6}(h|m|s))+$'",
    ),
    "a duration in days": (
        policy(cooldown={"afterFailure": "1d"}),
        'spec.cooldown.afterFailure: Invalid value: "1d"',
    ),
    "an estimator with its module": (
        policy(model={"store": "file:///m", "estimator": "sklearn.svm.SVC"}),
        'spec.model.estimator: Invalid value: "sklearn.svm.SVC"',
    ),
    "a store whose name Kubernetes would read as a reference": (
        policy(model={"store": "s3://models/$(PASSWORD)", "estimator": "SGDClassifier"}),
        'spec.model.store: Invalid value: "s3://models/$(PASSWORD)"',
    ),
    "a store that is no file or S3 URI": (
        policy(model={"store": "http://models/churn", "estimator": "SGDClassifier"}),
        'spec.model.store: Invalid value: "http://models/churn"',
    ),
    "a volume with two sources": (
        policy(trainer=trainer(volumes=[{**CLAIM, "secret": "s"}])),
        "a volume needs exactly one of persistentVolumeClaim, configMap, secret",
    ),
    "a volume over the workspace": (
        policy(trainer=trainer(volumes=[{**CLAIM, "mountPath": "/workspace"}])),
        "mountPath may not be /, /tmp, /workspace or below these two: they are the trainer's own",
    ),
    "a volume below /tmp": (
        policy(trainer=trainer(volumes=[{**CLAIM, "mountPath": "/tmp/"}])),
        "mountPath may not be /, /tmp, /workspace or below these two",
    ),
    "two volumes in one place": (
        policy(trainer=trainer(volumes=[CLAIM, CLAIM])),
        'spec.trainer.volumes[1]: Duplicate value: {"mountPath":"/data"}',
    ),
    "no gate": (policy(evaluation={"gates": []}), "spec.evaluation.gates in body should have at least 1 items"),
    "two gates for one metric": (
        policy(evaluation={"gates": [{"metric": "accuracy"}, {"metric": "accuracy"}]}),
        'spec.evaluation.gates[1]: Duplicate value: {"metric":"accuracy"}',
    ),
    "a target of no kind": (
        policy(rollout={"targetRef": {**TARGET, "kind": "stateful set"}, "container": "server"}),
        'spec.rollout.targetRef.kind: Invalid value: "stateful set": spec.rollout.targetRef.kind in body should match',
    ),
    "two fields to change": (
        policy(rollout={"targetRef": TARGET, "container": "server", "path": "spec.model"}),
        "name either container (with env), or path",
    ),
    "a target in another namespace": (
        policy(rollout={"targetRef": {**TARGET, "namespace": "kube-system"}, "container": "server"}),
        'unknown field "spec.rollout.targetRef.namespace"',
    ),
    "no ServiceAccount": (policy(serviceAccountName=None), "spec.serviceAccountName"),
    "a misspelt field": (policy(cooldwon={}), 'unknown field "spec.cooldwon"'),
    "a name of 41 characters": (
        {**policy(), "metadata": {"name": "a" * 41}},
        "the name of a RetrainPolicy may have at most 40 characters",
    ),
    "a name with a dot": (
        {**policy(), "metadata": {"name": "churn.v2"}},
        "the name of a RetrainPolicy may not contain a dot",
    ),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_at_apply(kubectl: Kubectl, body: dict[str, Any], message: str) -> None:
    applied = kubectl("apply", "--dry-run=server", "-f", "-", body=body)
    assert applied.returncode == 1
    assert message in applied.stderr


ACCEPTED = {
    "the smallest policy": policy(),
    "midnight": policy(triggers=[cron("0 0 * * *")]),
    "steps, ranges, lists and names in cron": policy(triggers=[cron("*/15 9-17,22 1,15 jan-jun/2 MON-FRI")]),
    "a value on both bounds": policy(triggers=[metric(healthyRange={"min": 0.1, "max": 0.1})]),
    "metric and clock together": policy(triggers=[metric(), cron("0 0 * * 0")]),
    "a volume beside the trainer's own": policy(trainer=trainer(volumes=[{**CLAIM, "mountPath": "/tmpfiles"}])),
    "the shortest interval": policy(interval="5s"),
    "a name of 40 characters": {**policy(), "metadata": {"name": "a" * 40}},
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted_at_apply(kubectl: Kubectl, body: dict[str, Any]) -> None:
    applied = kubectl("apply", "--dry-run=server", "-f", "-", body=body)
    assert (applied.returncode, applied.stderr) == (0, "")
