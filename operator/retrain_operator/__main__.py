"""Starts the operator: builds the edges, and runs the watch, the scheduler and the workers until it is told to stop."""

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta

import kopf
from aiohttp import web

from retrain_operator.decide.triggers import calm
from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.configuration import read_configuration
from retrain_operator.edges.kube import Kube, connect
from retrain_operator.edges.refusal import KubeError
from retrain_operator.edges.sources import Sources, label
from retrain_operator.edges.telemetry import Telemetry, application
from retrain_operator.edges.tenant import Tenant
from retrain_operator.handlers import deaf, doors, watch_settings
from retrain_operator.model.observation import Observation
from retrain_operator.model.source import Source
from retrain_operator.model.trigger import Trigger
from retrain_operator.queue import Key, Queue
from retrain_operator.reconcile import Reconciler
from retrain_operator.schedule import Scheduler
from retrain_operator.settings import Settings, SettingsError, read_settings

RELIST = timedelta(minutes=5)
"""How often everything is looked at anew, should a watch have missed something."""


def clock() -> datetime:
    """The one clock of the product."""
    return datetime.now(UTC)


class Operator:
    """All parts, wired once."""

    def __init__(self, settings: Settings, kube: Kube, sources: Sources) -> None:
        self._settings = settings
        self._sources = sources
        self._cluster = Cluster(kube)
        tenant = Tenant(kube)
        self._telemetry = Telemetry()
        self._scheduler = Scheduler(sources.whom, self._ask, self._seen, self._telemetry.late, clock)
        self._reconciler = Reconciler(self._cluster, tenant, self._scheduler, self._telemetry, clock, settings.operator)
        self._queue = Queue(self._reconciler)
        self._telemetry.queue(lambda: len(self._queue))
        self._telemetry.sources(sources.left_alone)

    async def run(self) -> None:
        """Work until kopf is told to stop by a signal."""
        runner = web.AppRunner(application(self._telemetry, deaf), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, port=self._settings.listen_port).start()
        work = [self._scheduler.run(), self._relist(), *(self._queue.work() for _ in range(self._settings.workers))]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
            await kopf.operator(
                registry=doors(self._queue),
                settings=watch_settings(),
                clusterwide=True,
                standalone=True,
                identity="retrain-operator",  # type: ignore[arg-type]  # else kopf asks for the user's name, and a container's user has none
            )
            for task in tasks:
                task.cancel()
        await runner.cleanup()

    async def _ask(self, source: Source, query: str, at: datetime) -> Observation:
        observation = await self._sources.ask(source, query, at)
        self._telemetry.checked(label(source), observation)
        return observation

    def _seen(self, key: Key, trigger: Trigger, before: Observation | None, after: Observation) -> None:
        self._telemetry.seen(key.namespace, key.name, trigger.name, after)
        if not calm(trigger, before, after):
            self._queue.add(key)

    async def _relist(self) -> None:
        while True:
            await asyncio.sleep(RELIST.total_seconds())
            try:
                policies, runs = await self._cluster.policies(), await self._cluster.runs_under_way()
            except KubeError as error:
                logging.getLogger(__name__).warning("The periodic look at everything failed: %s", error.message)
                continue
            for kind, names in (("policy", policies), ("run", runs)):
                for namespace, name in names:
                    self._queue.add(Key(kind, namespace, name))


async def main() -> None:
    """Run the operator with the settings of this process."""
    settings = read_settings()
    configuration = read_configuration(settings.sources, settings.prometheus_address)
    kube = Kube(await connect())
    sources = Sources(configuration, kube, clock)
    try:
        await Operator(settings, kube, sources).run()
    finally:
        await sources.close()
        await kube.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kopf").setLevel(logging.WARNING)
    try:
        asyncio.run(main())
    except SettingsError as error:
        sys.exit(str(error))
