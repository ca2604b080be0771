"""Passes about a policy: watch its triggers, tell where it stands, and make the run that it claims."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from retrain_operator.decide import events
from retrain_operator.decide.admit import OBJECTION_POLL, admit, may_begin, wants_target
from retrain_operator.decide.history import surplus
from retrain_operator.decide.manifest import run_manifest
from retrain_operator.decide.preflight import for_undo, mounts, preflight_objection, target_verbs, training_rights
from retrain_operator.decide.report import invalid, report
from retrain_operator.decide.schedule import mistake
from retrain_operator.decide.settle import settle
from retrain_operator.decide.start import Decision, Hold, Start, decide
from retrain_operator.decide.versions import is_folder, name_of, version_named
from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.access import Account
from retrain_operator.model.observation import Observation
from retrain_operator.model.status import PolicyStatus, Undo
from retrain_operator.model.target import Preflight, Serving
from retrain_operator.model.world import Claimed, InvalidPolicy, Policy, PolicyWorld
from retrain_operator.queue import Key

AT_ONCE = timedelta(0)
TARGET_POLL = timedelta(minutes=2)
"""How often an idle policy's target is looked at: whether the champion is still in service."""
EPOCH = datetime.fromtimestamp(0, UTC)


class Watch(Protocol):
    """The scheduler, as far as a pass is concerned with it."""

    def watch(self, key: Key, policy: Policy) -> bool:
        """Check the policy's metric triggers from now on; whether that changed anything."""

    def forget(self, key: Key) -> None:
        """Stop checking."""

    def observations(self, key: Key) -> Mapping[str, Observation]:
        """The newest observation of each trigger."""


class Policies:
    """One pass at a time about a policy."""

    def __init__(
        self,
        cluster: Cluster,
        tenant: Tenant,
        scheduler: Watch,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        operator: Account,
    ) -> None:
        self._cluster, self._tenant, self._scheduler = cluster, tenant, scheduler
        self._telemetry, self._clock, self._operator = telemetry, clock, operator
        self._looked: dict[Key, datetime] = {}

    async def __call__(self, key: Key) -> timedelta | None:
        """One pass about the policy of that key."""
        policy = await self._cluster.policy(key.namespace, key.name)
        if policy is None:
            self._scheduler.forget(key)
            self._telemetry.forget(key.namespace, key.name)
            self._looked.pop(key, None)
            return None
        wrong = policy.mistake if isinstance(policy, InvalidPolicy) else _mistake(policy)
        if isinstance(policy, InvalidPolicy) or wrong:
            self._scheduler.forget(key)
            self._telemetry.forget_values(key.namespace, key.name)
            await self._write_policy(policy, invalid(policy, self._clock(), wrong))
            return None
        if self._scheduler.watch(key, policy):
            self._telemetry.forget_values(key.namespace, key.name)
        return await self._think(key, policy)

    async def _think(self, key: Key, policy: Policy) -> timedelta | None:
        run = await self._cluster.policy_run(policy)
        observations, undo = self._scheduler.observations(key), await self._undo(policy)
        world = PolicyWorld(self._clock(), policy, run, observations, undo, self._operator)
        settled = settle(world)
        decision = decide(settled)
        seen = await self._see(key, settled, whole=wants_target(settled, decision))
        objection = preflight_objection(settled.policy, seen)
        stops = preflight_objection(settled.policy, for_undo(seen)) if _undoes(settled, decision) else objection
        decision = admit(decision, stops, world.now)
        status = report(settled, decision, objection)
        await self._write_policy(policy, status)
        claimed = isinstance(decision, Start) or isinstance(settled.run, Claimed)
        if claimed and isinstance(seen.target, Serving) and may_begin(status, stops):
            await self._create_run(policy, status, seen.target)
        if status.history != policy.status.history:
            await self._prune(policy, status.champion.run if status.champion else None)
        if objection:
            return OBJECTION_POLL
        return _recheck(decision, status.next_schedule_time, self._next_look(key, status), world.now)

    async def _undo(self, policy: Policy) -> Undo | None:
        ask = policy.undo_to
        if ask is None or ask.value == policy.status.last_handled_undo:
            return None
        name = name_of(ask.value)
        run = None if is_folder(policy, name) else await self._cluster.run_of(policy, name)
        return version_named(policy, ask.value, run)

    async def _see(self, key: Key, world: PolicyWorld, *, whole: bool) -> Preflight:
        """The whole preflight; or the target alone, when it is time to see if somebody took the champion out."""
        policy, look = world.policy, self._next_look(key, world.policy.status)
        trainer, rollout = policy.spec.trainer, policy.spec.rollout
        if not whole and (look is None or world.now < look):
            return Preflight()
        self._looked[key] = world.now
        if not whole:
            return Preflight(await self._tenant.target(policy.account, rollout))
        rights, verbs = training_rights(trainer), target_verbs(rollout)
        return await self._tenant.preflight(policy.account, rollout, rights, verbs, mounts(trainer))

    def _next_look(self, key: Key, status: PolicyStatus) -> datetime | None:
        if status.champion is None or status.active_run:
            return None
        return self._looked.get(key, EPOCH) + TARGET_POLL

    async def _create_run(self, policy: Policy, status: PolicyStatus, target: Serving) -> None:
        assert status.active_run is not None, "only a claim makes a run"
        manifest = run_manifest(replace(policy, status=status), status.active_run, target, secrets.token_hex(16))
        await self._cluster.create_run(policy.namespace, manifest)

    async def _prune(self, policy: Policy, champion: str | None) -> None:
        for run in surplus(policy.spec.history, await self._cluster.ended_runs(policy), champion):
            await self._cluster.delete_run(run)

    async def _write_policy(self, policy: Policy | InvalidPolicy, status: PolicyStatus) -> None:
        if status == policy.status:
            return
        await self._cluster.write_policy(policy, status)
        for event in events.of_policy(policy, status, self._clock()):
            await self._cluster.post_event(policy.namespace, event)


def _undoes(world: PolicyWorld, decision: Decision) -> bool:
    """Whether the run that starts, or is claimed, only puts a version back."""
    claim = world.policy.status.active_run
    return bool(decision.undo if isinstance(decision, Start) else claim and claim.undo)


def _mistake(policy: Policy) -> str:
    schedules = [trigger for trigger in policy.spec.triggers if trigger.schedule]
    owner = f"{policy.namespace}/{policy.name}"
    wrong = [
        f"trigger {each.name}: {found}"
        for each in schedules
        if each.schedule and (found := mistake(each.schedule, owner))
    ]
    return "; ".join(wrong)


def _recheck(decision: Decision, slot: datetime | None, look: datetime | None, now: datetime) -> timedelta | None:
    """Until a hold ends, the next slot of a schedule comes, or the target is to be looked at."""
    ends = decision.recheck_at if isinstance(decision, Hold) else None
    times = [at for at in (ends, slot, look) if at]
    return max(min(times) - now, AT_ONCE) if times else None
