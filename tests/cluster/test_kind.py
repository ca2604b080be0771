"""When a cluster counts as ready, from what its API server shows."""

from typing import Any

import pytest

from tests.cluster.kind import lacking

NODE_STARTED = "2026-03-01T10:00:00.123456789Z"
BEFORE, AFTER = "2026-03-01T09:59:59Z", "2026-03-01T10:00:07Z"


def a_thing(kind: str, name: str, *, ready: bool = True, namespace: str = "default") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "status": {"conditions": conditions}}


def a_pod(name: str, *, ready: bool = True, started: str = AFTER, namespace: str = "kube-system") -> dict[str, Any]:
    pod = a_thing("Pod", name, ready=ready, namespace=namespace)
    pod["status"]["containerStatuses"] = [
        {"state": {"running": {"startedAt": started}} if started else {"waiting": {}}}
    ]
    return pod


ACCOUNT, NODE = a_thing("ServiceAccount", "default"), a_thing("Node", "retrain-control-plane")
DNS, PROXY = a_pod("coredns-1"), a_pod("kube-proxy-1")
STORAGE = a_pod("local-path-provisioner-1", namespace="local-path-storage")
REST = [ACCOUNT, NODE, PROXY, STORAGE]


@pytest.mark.parametrize(
    ("objects", "missing"),
    [
        pytest.param([DNS, *REST], [], id="complete"),
        pytest.param([DNS, a_pod("coredns-2", ready=False), *REST], [], id="one of two DNS pods is enough"),
        pytest.param([a_pod("coredns-1", ready=False), *REST], ["a ready pod of coredns"], id="not ready"),
        pytest.param(
            [a_pod("coredns-1", started=BEFORE), *REST], ["a ready pod of coredns"], id="as before the restart"
        ),
        pytest.param([a_pod("coredns-1", started=""), *REST], ["a ready pod of coredns"], id="waiting"),
        pytest.param([a_pod("coredns-1", namespace="mine"), *REST], ["a ready pod of coredns"], id="a user's pod"),
        pytest.param([DNS, NODE, PROXY, STORAGE], ["the ServiceAccount default"], id="no account"),
        pytest.param(
            [DNS, ACCOUNT, a_thing("Node", "n", ready=False), PROXY, STORAGE], ["a ready node"], id="node not ready"
        ),
    ],
)
def test_lacking(objects: list[dict[str, Any]], missing: list[str]) -> None:
    assert lacking(objects, since=NODE_STARTED) == missing


def test_an_empty_cluster_lacks_everything() -> None:
    assert lacking([], since=NODE_STARTED) == [
        "the ServiceAccount default",
        "a ready node",
        "a ready pod of coredns",
        "a ready pod of kube-proxy",
        "a ready pod of local-path-provisioner",
    ]
