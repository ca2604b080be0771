"""A scheduler and the sources that it asks, in a story that takes no time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from retrain_operator.model.observation import Observation, Sample
from retrain_operator.model.source import NamedSource, Source
from retrain_operator.model.trigger import Query, Trigger
from retrain_operator.model.world import Policy
from retrain_operator.queue import Key
from retrain_operator.schedule import Check, Scheduler
from tests.builders import APolicy, a_policy
from tests.no_time import now

CHURN, FRAUD = Key("policy", "shop", "churn"), Key("policy", "bank", "fraud")
INTERVAL = timedelta(seconds=30)
DEFAULT = NamedSource("default")
DRIFT = Check(DEFAULT, "max(drift)", INTERVAL)
POLICY = a_policy().watching("drift", max=0.1)


class Asked:
    """Sources that note who asked what, and take their time; and the scheduler that asks them."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.asked: list[tuple[str, datetime]] = []
        self.sources: list[Source] = []
        self.at_once = self.most_at_once = 0
        self.told: list[tuple[Key, str, Observation]] = []
        self.before: list[tuple[Trigger, Observation | None]] = []
        self.late = 0
        self.set_back = timedelta(0)
        self.scheduler = Scheduler(self.whom, self.ask, self.seen, self.count_late, self.clock)

    def clock(self) -> datetime:
        return now() - self.set_back

    def whom(self, policy: Policy, query: Query) -> Source:
        return NamedSource(query.source, policy.namespace) if query.source else DEFAULT

    async def ask(self, source: Source, query: str, at: datetime) -> Observation:
        self.asked.append((query, at))
        self.sources.append(source)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.takes)
        self.at_once -= 1
        return Sample(at, 0.02)

    def seen(self, key: Key, trigger: Trigger, before: Observation | None, observation: Observation) -> None:
        self.told.append((key, trigger.name, observation))
        self.before.append((trigger, before))

    def count_late(self) -> None:
        self.late += 1

    def watch(self, key: Key, policy: APolicy = POLICY) -> None:
        self.scheduler.watch(key, policy.policy)

    @contextlib.asynccontextmanager
    async def running(self, span: float = 0.0) -> AsyncIterator[None]:
        """While inside, and before that for so many seconds, the scheduler runs."""
        task = asyncio.create_task(self.scheduler.run())
        await asyncio.sleep(span)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def for_(self, span: float) -> None:
        async with self.running(span):
            pass
