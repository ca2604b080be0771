"""The corridor between looking and doing: one pass about a policy, one about a run, each repeatable at any time.

Look at the world as it is now, decide, write what was decided, act. The write comes first, so a kill in between is
carried on by the next pass; it carries the version that was read, so of two passes only one decides.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from retrain_operator.decide import events
from retrain_operator.decide.deploy import deploy_rights
from retrain_operator.decide.ending import blocked, cleared_up, end, left_behind, with_condition
from retrain_operator.decide.history import surplus
from retrain_operator.decide.manifest import job_manifest, job_rights, rollout_patch, run_manifest
from retrain_operator.decide.moves import Act, CreateJob, DeleteJob, GoOn, SetModel, Wait
from retrain_operator.decide.objection import refusal_objection, start_objection
from retrain_operator.decide.progress import progress
from retrain_operator.decide.report import OBJECTION_POLL, admit, invalid, report, wants_target
from retrain_operator.decide.schedule import mistake
from retrain_operator.decide.settle import settle
from retrain_operator.decide.start import Decision, Hold, Start, decide
from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.objects import UnreadableError
from retrain_operator.edges.refusal import Conflict
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.model.access import NotAccepted, Refusal
from retrain_operator.model.observation import Observation
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunStatus, StepName
from retrain_operator.model.status import PolicyStatus
from retrain_operator.model.target import NotLooked, Serving, Target
from retrain_operator.model.training import Job
from retrain_operator.model.world import Claimed, InvalidPolicy, Policy, PolicyWorld, Run, RunWorld
from retrain_operator.queue import Key

AT_ONCE = timedelta(0)
SOON = timedelta(milliseconds=50)
AFTER_DELETION = timedelta(seconds=1)
BLOCKED_POLL = timedelta(seconds=10)
UNREADABLE_POLL = timedelta(minutes=10)


class Watch(Protocol):
    """The scheduler, as far as a pass is concerned with it."""

    def watch(self, key: Key, policy: Policy) -> bool:
        """Check the policy's metric triggers from now on; whether that changed anything."""

    def forget(self, key: Key) -> None:
        """Stop checking."""

    def observations(self, key: Key) -> Mapping[str, Observation]:
        """The newest observation of each trigger."""


class Reconciler:
    """One pass at a time about a key; `clock` is the only time it knows."""

    def __init__(self, cluster: Cluster, scheduler: Watch, telemetry: Telemetry, clock: Callable[[], datetime]) -> None:
        self._cluster, self._scheduler, self._telemetry, self._clock = cluster, scheduler, telemetry, clock

    async def __call__(self, key: Key) -> timedelta | None:
        """One pass. Returns how long until the next even if nothing happens; None for never."""
        with self._telemetry.timed(key.kind):
            try:
                return await (self._policy_pass(key) if key.kind == "policy" else self._run_pass(key))
            except Conflict:
                return SOON  # somebody else wrote between our look and our write
            except UnreadableError as error:
                await self._cluster.post_event(key.namespace, events.unreadable(error.kind, error.meta, self._clock()))
                return UNREADABLE_POLL

    # A policy

    async def _policy_pass(self, key: Key) -> timedelta | None:
        policy = await self._cluster.policy(key.namespace, key.name)
        if policy is None:
            self._scheduler.forget(key)
            self._telemetry.forget(key.namespace, key.name)
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
        world = PolicyWorld(self._clock(), policy, run, self._scheduler.observations(key))
        settled = settle(world)
        decision = decide(settled)
        target: Target = NotLooked()
        if wants_target(settled, decision):
            target = await self._cluster.target(policy.account, policy.spec.rollout)
        objection = start_objection(policy.spec.rollout, target)
        decision = admit(decision, objection, world.now)
        status = report(settled, decision, objection)
        await self._write_policy(policy, status)
        claimed = isinstance(decision, Start) or isinstance(settled.run, Claimed)
        if claimed and isinstance(target, Serving) and objection is None:
            await self._create_run(policy, status, target)
        if status.history != policy.status.history:
            await self._prune(policy, status.champion.run if status.champion else None)
        return OBJECTION_POLL if objection else _recheck(decision, status.next_schedule_time, world.now)

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

    # A run

    async def _run_pass(self, key: Key) -> timedelta | None:
        run = await self._cluster.run(key.namespace, key.name)
        if run is None:
            return None
        if run.status.outcome:
            return await self._clear_up(run)
        world = await self._look(run)
        move = progress(world)
        run = await self._write_run(world, move.status)
        refusal = await self._do(move.act, replace(world, run=run))
        if refusal is None:
            return _pause(move.act)
        await self._refused(replace(world, run=run), move.act, refusal)
        return BLOCKED_POLL

    async def _clear_up(self, run: Run) -> timedelta | None:
        """A run that has ended leaves no Job behind that may still train."""
        job, world = await self._cluster.job(run), RunWorld(self._clock(), run)
        if not isinstance(job, Job) or job.complete or job.failed:
            await self._write_run(world, cleared_up(run.status))
            return None
        refusal = await self._cluster.delete_job(run, job.uid)
        if refusal is None:
            return AFTER_DELETION
        await self._write_run(world, left_behind(run.status, refusal_objection(refusal)))
        return BLOCKED_POLL

    async def _look(self, run: Run) -> RunWorld:
        if run.status.verdict is None:
            return RunWorld(self._clock(), run, job=await self._cluster.job(run))
        rights = deploy_rights(run) if run.status.rollout is None or run.status.missing else ()
        target = await self._cluster.target(run.account, run.spec.policy.spec.rollout, rights)
        return RunWorld(self._clock(), run, target=target)

    async def _do(self, act: Act, world: RunWorld) -> Refusal | NotAccepted | None:
        run = world.run
        match act:
            case CreateJob():
                return await self._cluster.create_job(run, job_manifest(run), job_rights(run))
            case DeleteJob(uid=uid):
                return await self._cluster.delete_job(run, uid)
            case SetModel(value=value):
                assert isinstance(world.target, Serving), "only a target that was seen is changed"
                return await self._cluster.patch_target(run, rollout_patch(run, world.target, value))
            case Wait() | GoOn():
                return None

    async def _refused(self, world: RunWorld, act: Act, refusal: Refusal | NotAccepted) -> None:
        if world.run.status.outcome:
            return  # the Job of a run that has ended is cleared up by the next pass
        if isinstance(refusal, NotAccepted):
            message = f"The API server does not accept the trainer's Job: {refusal.detail.rstrip('.')}."
            await self._write_run(world, end(world, Outcome.FAILED, Reason.JOB_REFUSED, message).status)
            return
        step = StepName.DEPLOY if isinstance(act, SetModel) else StepName.COLLECT
        await self._write_run(world, blocked(world.run.status, refusal_objection(refusal), step))

    async def _write_run(self, world: RunWorld, status: RunStatus) -> Run:
        status = with_condition(status, world)
        if status == world.run.status:
            return world.run
        version = await self._cluster.write_run(world.run, status)
        if status.outcome and not world.run.status.outcome:
            self._telemetry.run_ended(world.run.namespace, world.run.spec.policy.name, status.outcome)
        for event in events.of_run(world.run, status, world.now):
            await self._cluster.post_event(world.run.namespace, event)
        return replace(world.run, status=status, resource_version=version)


def _mistake(policy: Policy) -> str:
    schedules = [trigger for trigger in policy.spec.triggers if trigger.schedule]
    owner = f"{policy.namespace}/{policy.name}"
    wrong = [
        f"trigger {each.name}: {found}"
        for each in schedules
        if each.schedule and (found := mistake(each.schedule, owner))
    ]
    return "; ".join(wrong)


def _recheck(decision: Decision, slot: datetime | None, now: datetime) -> timedelta | None:
    """Until a hold ends, or the next slot of a schedule comes."""
    ends = decision.recheck_at if isinstance(decision, Hold) else None
    return max(min(at for at in (ends, slot) if at) - now, AT_ONCE) if ends or slot else None


def _pause(act: Act) -> timedelta | None:
    match act:
        case Wait(recheck=recheck):
            return recheck
        case DeleteJob():
            return AFTER_DELETION
        case GoOn() | CreateJob() | SetModel():
            return AT_ONCE
