"""Objects for the API server of a test."""

from retrain_operator.edges.kube import Json
from retrain_operator.edges.request import Resource
from retrain_operator.model.access import Account

THINGS = Resource("edges.test", "v1", "things")
"""A custom resource that no operator in the cluster knows."""

CONTAINER = {"name": "server", "image": "registry.k8s.io/pause:3.10", "env": [{"name": "MODEL_URI", "value": "v1"}]}


def runner(namespace: str) -> Account:
    return Account(namespace, "retrain-runner")


def a_thing(name: str, **labels: str) -> Json:
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "edges.test/v1", "kind": "Thing", "metadata": metadata, "spec": {"size": 1}}


def a_job(name: str, **labels: str) -> Json:
    template = {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}
    spec = {"suspend": True, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels}, "spec": spec}


def a_deployment(name: str) -> Json:
    labels = {"app": name}
    sidecar = {"name": "sidecar", "image": "registry.k8s.io/pause:3.10"}
    server = {**CONTAINER, "env": [*CONTAINER["env"], {"name": "OTHER", "value": "kept"}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [sidecar, server]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
