"""The door: kopf watches, and every event only puts a key in the queue.

No kopf timers, daemons, indexes or change handlers: each would write annotations or finalizers on users' objects.
`kopf.on.event` writes nothing, and an event missed or repeated does no harm, since a pass looks at the world anew.
"""

import asyncio
import random
from collections.abc import Iterator, Mapping
from typing import Any

import kopf

from retrain_operator.model.names import GROUP, MANAGED_BY, POLICY_LABEL, RUN_LABEL, VERSION
from retrain_operator.queue import Key, Queue

WATCHED = ("retrainpolicies", "retrainruns", "jobs", "pods")


class Backoffs:
    """Pauses between tries to reach the API server: 1 s to 30 s, jittered, without end.

    kopf's own list ends after a minute, and then the operator would stop watching.
    """

    def __iter__(self) -> Iterator[float]:
        pause = 1.0
        while True:
            yield pause * random.uniform(0.5, 1.5)  # noqa: S311  # spreads load, guards nothing
            pause = min(pause * 2, 30.0)


def watch_settings() -> kopf.OperatorSettings:
    """How kopf watches: for ever, without peering, posting or scanning."""
    settings = kopf.OperatorSettings()
    settings.networking.error_backoffs = Backoffs()
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.watching.server_timeout = 240
    settings.watching.client_timeout = 270
    settings.watching.connect_timeout = 5
    # A stream is ended by its own time-outs; kopf's inactivity check can end the watcher instead of the stream.
    settings.watching.inactivity_timeout = 10**9
    settings.watching.initial_streaming = False
    settings.watching.reconnect_backoff = 1.0
    # Of all Jobs and Pods of the cluster only our own are sent.
    ours = ",".join(f"{label}={value}" for label, value in MANAGED_BY.items())
    settings.watching.label_selectors["jobs"] = ours
    settings.watching.label_selectors["pods"] = ours
    settings.queueing.idle_timeout = 1.0
    settings.queueing.worker_limit = None
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.process.ultimate_exiting_timeout = 10
    return settings


def doors(queue: Queue) -> kopf.OperatorRegistry:
    """What is watched, and which key each event asks a pass for."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_login)

    async def policy(*, namespace: str | None, name: str, status: Mapping[str, Any], **_: Any) -> None:
        queue.add(Key("policy", namespace or "", name))
        # A word of approval, a trigger that fires while a model is watched, a changed spec: the run may wait for it.
        if run := (status.get("activeRun") or {}).get("name"):
            queue.add(Key("run", namespace or "", run))

    async def run(*, namespace: str | None, name: str, labels: Mapping[str, str], **_: Any) -> None:
        queue.add(Key("run", namespace or "", name))
        if POLICY_LABEL in labels:
            queue.add(Key("policy", namespace or "", labels[POLICY_LABEL]))

    async def training(*, namespace: str | None, labels: Mapping[str, str], **_: Any) -> None:
        if RUN_LABEL in labels:
            queue.add(Key("run", namespace or "", labels[RUN_LABEL]))

    kopf.on.event(GROUP, VERSION, "retrainpolicies", registry=registry)(policy)
    kopf.on.event(GROUP, VERSION, "retrainruns", registry=registry)(run)
    kopf.on.event("batch", "v1", "jobs", registry=registry, labels=MANAGED_BY)(training)
    kopf.on.event("", "v1", "pods", registry=registry, labels=MANAGED_BY)(training)
    return registry


def deaf() -> list[str]:
    """What nobody watches: all of it until kopf has begun, and later what kopf stopped watching without a word."""
    tasks = {task.get_name() for task in asyncio.all_tasks()}
    return [
        f"{plural} are not watched"
        for plural in WATCHED
        if not any(name.startswith(f"watcher for {plural}.") for name in tasks)
    ]


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)
