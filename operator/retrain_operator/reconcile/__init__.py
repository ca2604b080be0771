"""The corridor between looking and doing: one pass about a policy, one about a run, each repeatable at any time.

Look at the world as it is now, decide, write what was decided, act. The write comes first, so a kill in between is
carried on by the next pass; it carries the version that was read, so of two passes only one decides.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from retrain_operator.decide import events
from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.objects import UnreadableError
from retrain_operator.edges.refusal import Conflict
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.access import OPERATOR, Account
from retrain_operator.queue import Key
from retrain_operator.reconcile.policies import Policies, Watch
from retrain_operator.reconcile.runs import Runs

SOON = timedelta(milliseconds=50)
UNREADABLE_POLL = timedelta(minutes=10)


class Reconciler:
    """One pass at a time about a key; `clock` is the only time it knows, `operator` who it is."""

    def __init__(
        self,
        cluster: Cluster,
        tenant: Tenant,
        scheduler: Watch,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        operator: Account = OPERATOR,
    ) -> None:
        self._cluster, self._telemetry, self._clock = cluster, telemetry, clock
        self._policies = Policies(cluster, tenant, scheduler, telemetry, clock, operator)
        self._runs = Runs(cluster, tenant, scheduler, telemetry, clock)

    async def __call__(self, key: Key) -> timedelta | None:
        """One pass. Returns how long until the next even if nothing happens; None for never."""
        with self._telemetry.timed(key.kind):
            try:
                return await (self._policies(key) if key.kind == "policy" else self._runs(key))
            except Conflict:
                return SOON  # somebody else wrote between our look and our write
            except UnreadableError as error:
                await self._cluster.post_event(key.namespace, events.unreadable(error.kind, error.meta, self._clock()))
                return UNREADABLE_POLL
