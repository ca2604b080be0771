"""The cluster that runs: quick to say so, its own kubeconfig, its images fit for the strictest namespace."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster import paths
from tests.cluster.command import capture

pytestmark = pytest.mark.cluster

NAMESPACE = "cluster-test"
JOB = """
apiVersion: v1
kind: Namespace
metadata:
  name: {namespace}
  labels: {{pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: {namespace}}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {{name: look, namespace: {namespace}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
      volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
      containers:
      - {{name: operator, image: {OPERATOR_IMAGE}, command: [python, -c, "{look} import retrain_operator"], {rest}}}
      - {{name: trainer, image: {TRAINER_IMAGE}, command: [python, -c, "{look} import retrain_trainer"], {rest}}}
      - {{name: prometheus, image: {PROMETHEUS_IMAGE}, command: [/bin/promtool, --version], {rest}}}
"""
REST = """\
volumeMounts: [{name: data, mountPath: /data}], securityContext: \
{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}"""
LOOK = "import os, socket; socket.create_connection(('kubernetes.default', 443)); open(f'/data/{os.getpid()}', 'w');"


def kubectl(*arguments: str, given: str = "") -> str:
    own = ["--kubeconfig", str(paths.kubeconfig()), "--cache-dir", str(paths.kubectl_cache())]
    done = subprocess.run([paths.kubectl(), *own, *arguments], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_node(*command: str) -> str:
    return capture("docker", "--host", paths.docker_host(), "exec", paths.NODE, *command)


def test_a_second_up_says_within_three_seconds_that_it_is_up() -> None:
    started = time.monotonic()
    said = capture(sys.executable, "-m", "tests.cluster", "up")
    assert time.monotonic() - started < 3
    assert said == f"The cluster retrain is up.\n  kubeconfig: {paths.kubeconfig()}"


def test_the_kubeconfig_is_its_own_and_for_its_user_alone() -> None:
    assert paths.kubeconfig().stat().st_mode & 0o777 == 0o600
    users_own = Path.home() / ".kube" / "config"
    assert not users_own.exists() or "kind-retrain" not in users_own.read_text()


def test_a_shell_is_told_all_that_it_needs() -> None:
    told = capture(sys.executable, "-m", "tests.cluster", "env")
    shell = f"{told}\nkubectl get nodes --output name && docker inspect --format '{{{{.Name}}}}' {paths.NODE}"
    assert capture("sh", "-c", shell).splitlines() == [f"node/{paths.NODE}", f"/{paths.NODE}"]


def test_the_images_run_read_only_and_unprivileged_and_reach_the_api_by_name() -> None:
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")
    try:
        job = JOB.format(namespace=NAMESPACE, look=LOOK, rest=REST, **paths.images())
        kubectl("apply", "--filename", "-", given=job)
        kubectl("--namespace", NAMESPACE, "wait", "job/look", "--for", "condition=Complete", "--timeout", "90s")
    finally:
        kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_the_audit_log_tells_who_did_what() -> None:
    name = f"asked-by-{os.getpid()}"
    kubectl(
        "--namespace",
        "default",
        "get",
        "configmaps",
        name,
        "--ignore-not-found",
        "--as",
        "somebody",
        "--as-group",
        "system:masters",
    )
    events = [json.loads(line) for line in in_node("grep", name, paths.AUDIT_LOG).splitlines()]
    assert [(event["verb"], event["impersonatedUser"]["username"]) for event in events] == [("get", "somebody")]
