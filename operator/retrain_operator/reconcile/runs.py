"""Passes about a run: look at its Job or its target, make the next move, and take a refusal as a fact."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from retrain_operator.decide import events
from retrain_operator.decide.claim import claims
from retrain_operator.decide.deploy import BLOCKED_POLL, deploy_verbs
from retrain_operator.decide.ending import blocked, cleared_up, end, left_behind, with_condition
from retrain_operator.decide.manifest import job_manifest
from retrain_operator.decide.moves import Act, CreateJob, DeleteJob, GoOn, SetModel, Wait
from retrain_operator.decide.objection import refusal_objection
from retrain_operator.decide.patch import rollout_patch
from retrain_operator.decide.preflight import job_rights
from retrain_operator.decide.progress import progress
from retrain_operator.decide.rollout import ROLLOUT_POLL, landed
from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.access import NotAccepted, Refusal
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, RunStatus, StepName
from retrain_operator.model.target import Serving
from retrain_operator.model.training import Job
from retrain_operator.model.world import Policy, Run, RunWorld
from retrain_operator.queue import Key
from retrain_operator.reconcile.policies import Watch

AT_ONCE = timedelta(0)
AFTER_DELETION = timedelta(seconds=1)


class Runs:
    """One pass at a time about a run."""

    def __init__(
        self, cluster: Cluster, tenant: Tenant, scheduler: Watch, telemetry: Telemetry, clock: Callable[[], datetime]
    ) -> None:
        self._cluster, self._tenant, self._scheduler = cluster, tenant, scheduler
        self._telemetry, self._clock = telemetry, clock

    async def __call__(self, key: Key) -> timedelta | None:
        """One pass about the run of that key."""
        run = await self._cluster.run(key.namespace, key.name)
        if run is None:
            return None
        if run.status.outcome:
            return await self._clear_up(run)
        policy = await self._cluster.policy(run.namespace, run.spec.policy.name)
        if not claims(policy, run):
            return None
        world = await self._look(run, policy if isinstance(policy, Policy) else None)
        move = progress(world)
        run = await self._write_run(world, move.status)
        refusal = await self._do(move.act, replace(world, run=run))
        if refusal is None:
            return _pause(move.act)
        await self._refused(replace(world, run=run), move.act, refusal)
        return BLOCKED_POLL

    async def _clear_up(self, run: Run) -> timedelta | None:
        """A run that has ended leaves no Job behind that may still train."""
        job, world = await self._tenant.job(run), RunWorld(self._clock(), run)
        if not isinstance(job, Job) or job.complete or job.failed:
            await self._write_run(world, cleared_up(run.status))
            return None
        refusal = await self._tenant.delete_job(run, job.uid)
        if refusal is None:
            return AFTER_DELETION
        await self._write_run(world, left_behind(run.status, refusal_objection(refusal)))
        return BLOCKED_POLL

    async def _look(self, run: Run, policy: Policy | None) -> RunWorld:
        if run.status.verdict is None and run.spec.undo is None:
            return RunWorld(self._clock(), run, job=await self._tenant.job(run))
        record, rollout = run.status.rollout, run.spec.policy.spec.rollout
        target = await self._tenant.target(run.account, rollout, deploy_verbs(run), run.name if record else "")
        seen = self._scheduler.observations(Key("policy", run.namespace, run.spec.policy.name))
        return RunWorld(self._clock(), run, target=target, policy=policy, observations=seen)

    async def _do(self, act: Act, world: RunWorld) -> Refusal | NotAccepted | None:
        run, record = world.run, world.run.status.rollout
        trainer = run.spec.policy.spec.trainer
        match act:
            case CreateJob():
                return await self._tenant.create_job(run, job_manifest(run), job_rights(trainer))
            case DeleteJob(uid=uid):
                return await self._tenant.delete_job(run, uid)
            case SetModel(value=value):
                assert isinstance(world.target, Serving), "only a target that was seen is changed"
                assert record, "what is changed is told before"
                done = await self._tenant.patch_target(run, rollout_patch(run, record, world.target, value))
                if done is True:
                    await self._write_run(world, landed(run.status, self._clock()))
                return done if isinstance(done, Refusal) else None
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


def _pause(act: Act) -> timedelta | None:
    match act:
        case Wait(recheck=recheck):
            return recheck
        case DeleteJob():
            return AFTER_DELETION
        case SetModel():
            return ROLLOUT_POLL
        case GoOn() | CreateJob():
            return AT_ONCE
