"""What a policy's status remembers once a run starts: the claim, and what the start answers for."""

from datetime import datetime

from retrain_operator.decide.cause import ALL, UNDO
from retrain_operator.decide.manifest import run_name
from retrain_operator.decide.start import Start
from retrain_operator.model.observation import Sample
from retrain_operator.model.status import ActiveRun, Cause, PolicyStatus, SeenVolume, TriggerStatus
from retrain_operator.model.world import InvalidPolicy, Policy, PolicyWorld, Run

COUNTED_AT_MOST = 100
"""Starts that are remembered: as many as limits.maxRuns may be at most, so that a higher one counts those before it."""


def claims(policy: Policy | InvalidPolicy | None, run: Run) -> bool:
    """Whether the run is the one that its policy claims: any other was made by somebody's hand, and moves nothing."""
    claim = policy.status.active_run if policy and policy.uid == run.spec.policy.uid else None
    return claim is not None and claim.name == run.name


def claimed(world: PolicyWorld, start: Start) -> PolicyStatus:
    """The status with the run's claim; the run may exist only after it was written."""
    status, cause = world.policy.status, start.cause
    claim = ActiveRun(name=run_name(world.policy, cause), cause=cause, undo=start.undo, data_volumes=_volumes(world))
    if cause.trigger == UNDO:
        # It trains nothing, so it is none of the runs that limits.maxRuns pays for.
        return status.model_copy(update={"active_run": claim, "last_handled_undo": cause.request})
    update: dict[str, object] = {"active_run": claim, "recent_runs": _recent(world)}
    if cause.request:
        # Whoever asks for a run closes the circuit, and shifts no schedule.
        update |= {"last_handled_request": cause.request, "failures_in_a_row": 0}
    if slot := _served(cause, status.triggers):
        update["last_schedule_time"] = slot
    return status.model_copy(update=update)


def _served(cause: Cause, triggers: tuple[TriggerStatus, ...]) -> datetime | None:
    """The newest slot of a schedule that the run answers for."""
    return max((each.slot for each in triggers if each.slot and cause.trigger in (each.name, ALL)), default=None)


def _recent(world: PolicyWorld) -> tuple[datetime, ...]:
    """When the runs of the period started, the newest first; nobody counts them where there is no limit."""
    limits = world.policy.spec.limits
    if limits.max_runs is None:
        return ()
    counted = [at for at in world.policy.status.recent_runs if at > world.now - limits.period]
    return (world.now, *counted)[:COUNTED_AT_MOST]


def _volumes(world: PolicyWorld) -> tuple[SeenVolume, ...]:
    seen = {each.name: world.observations.get(each.name) for each in world.policy.spec.triggers if each.data_volume}
    return tuple(SeenVolume(trigger=name, value=at.value) for name, at in seen.items() if isinstance(at, Sample))
