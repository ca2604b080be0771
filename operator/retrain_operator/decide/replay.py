"""A policy lived through in advance: recorded values go through the very decisions that the operator makes.

Only the runs are assumed: how long each lasts and how it ends. Everything else (breaches, slots, rests, budgets) is
decided by `settle`, `decide` and `claimed`, at the times at which the operator would look.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from retrain_operator.decide.breach import breached
from retrain_operator.decide.cause import ALL
from retrain_operator.decide.claim import claimed
from retrain_operator.decide.settle import settle
from retrain_operator.decide.start import Decision, Hold, Start, decide, next_schedule_time
from retrain_operator.model.observation import NoData, Observation, Sample
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome, PolicySnapshot, RunSpec, RunStatus
from retrain_operator.model.status import PolicyStatus, TriggerState, TriggerStatus
from retrain_operator.model.world import Ended, Going, Policy, PolicyWorld

FIRED = "Fired"
Row = tuple[datetime, Mapping[str, float | None]]
"""One moment and what each trigger's query gave then; None is no data."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """What is assumed of every run."""

    lasting: timedelta
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a trigger that was out of its healthy range, or due: `Fired`, or the reason that held it back."""

    at: datetime
    trigger: str
    value: float | None
    decision: str
    message: str


def replay(policy: Policy, rows: Iterable[Row], until: datetime, assumed: Assumption) -> Iterator[Told]:
    """What would have happened to the policy over rows in the order of time, and from the last one until a time.

    `policy.created` is when it begins to be watched. Every observation that speaks for a run is told once.
    """
    life = _Life(policy, assumed)
    for at, values in rows:
        yield from life.up_to(at)
        yield from life.sees(at, values)
    yield from life.up_to(until, last=True)


class _Life:
    """One policy, from pass to pass."""

    def __init__(self, policy: Policy, assumed: Assumption) -> None:
        self._assumed = assumed
        self._triggers = {trigger.name: trigger for trigger in policy.spec.triggers}
        self._world = PolicyWorld(policy.created, policy)
        self._ends: datetime | None = None
        self._wakes: datetime | None = policy.created
        self._held: Hold | None = None
        self._calm_row: Row = (policy.created, {})
        self._slots: dict[str, tuple[datetime | None, str]] = {}

    def up_to(self, at: datetime, *, last: bool = False) -> Iterator[Told]:
        """Whatever happens by itself before a time, or at it when that is the last."""
        while (wakes := self._next()) is not None and (wakes < at or (last and wakes == at)):
            yield from self._pass(wakes, {})

    def sees(self, at: datetime, values: Mapping[str, float | None]) -> Iterator[Told]:
        """What the triggers' queries gave at a time."""
        wakes = self._next()
        if (wakes is None or wakes > at) and self._calm(values):
            self._calm_row = (at, values)
            return
        yield from self._pass(at, values)

    def _next(self) -> datetime | None:
        return min((at for at in (self._ends, self._wakes) if at), default=None)

    def _calm(self, values: Mapping[str, float | None]) -> bool:
        """Whether all triggers are healthy and stay so: then no pass is needed, here as in the operator."""
        for status in self._world.policy.status.triggers:
            trigger = self._triggers[status.name]
            if trigger.schedule:
                continue
            value = values.get(status.name)
            if value is None or status.state is not TriggerState.HEALTHY:
                return False
            if breached(trigger, value, status.baseline):
                return False
        return True

    def _pass(self, at: datetime, values: Mapping[str, float | None]) -> Iterator[Told]:
        if self._ends and at >= self._ends:
            self._world = replace(self._world, run=self._ended(self._ends))
            self._ends = None
        known = self._world.policy.status
        world = settle(PolicyWorld(at, self._world.policy, self._world.run, self._newest(at, values)))
        self._world = _with_status(world, world.policy.status)
        still = self._held if self._world.policy.status is known and self._wakes and at < self._wakes else None
        decision = still or decide(self._world)
        yield from self._told(at, values, decision)
        if still is None:
            self._act(decision, at)

    def _newest(self, at: datetime, values: Mapping[str, float | None]) -> dict[str, Observation]:
        """What each trigger saw last, be it in a row for which no pass was needed."""
        rows, self._calm_row = (self._calm_row, (at, values)), (at, {})
        seen = {name: _observed(when, value) for when, row in rows for name, value in row.items()}
        return {**self._world.observations, **seen}

    def _act(self, decision: Decision, at: datetime) -> None:
        """A start is made, a hold is waited for, and slots are looked at whatever else goes on."""
        self._held, times = None, [next_schedule_time(self._world)]
        if isinstance(decision, Start):
            self._start(decision)
        elif decision.recheck_at and decision.reason is not Reason.WATCHING:
            # While no trigger moves, a rest lasts until it ends: there is nothing to decide anew.
            self._held = decision
            times.append(decision.recheck_at)
        self._wakes = min((each for each in times if each and each > at), default=None)

    def _start(self, start: Start) -> None:
        self._ends = self._world.now + self._assumed.lasting
        self._world = replace(
            _with_status(self._world, claimed(self._world, start)), run=Going(RunStatus(), self._world.now)
        )

    def _ended(self, at: datetime) -> Ended:
        policy, claim = self._world.policy, self._world.policy.status.active_run
        assert claim, "only a run that was claimed ends"
        snapshot = PolicySnapshot(name=policy.name, uid=policy.uid, generation=policy.generation, spec=policy.spec)
        message = f"Assumed to end as {self._assumed.outcome}."
        status = RunStatus(outcome=self._assumed.outcome, message=message, start_time=claim.cause.at)
        return Ended(RunSpec(policy=snapshot, cause=claim.cause, nonce="0" * 16), status, self._assumed.outcome, at)

    def _told(self, at: datetime, values: Mapping[str, float | None], decision: Decision) -> Iterator[Told]:
        for status in self._world.policy.status.triggers:
            if status.state not in (TriggerState.FIRING, TriggerState.PENDING):
                continue
            value = _value(self._world.observations.get(status.name))
            word, message = _verdict(status, decision)
            if word == FIRED or values.get(status.name) is not None or self._news(status, word):
                yield Told(at, status.name, value, word, message)

    def _news(self, status: TriggerStatus, word: str) -> bool:
        """Whether that is not yet told of a slot, which stays due from pass to pass."""
        told = (status.slot, word)
        if status.slot is None or self._slots.get(status.name) == told:
            return False
        self._slots[status.name] = told
        return True


def _verdict(status: TriggerStatus, decision: Decision) -> tuple[str, str]:
    match decision:
        case Start(cause=cause) if cause.trigger in (status.name, ALL):
            return FIRED, cause.message
        case Start(cause=cause):
            return Reason.RUN_ACTIVE, f"A run starts already: {cause.message}"
        case Hold() if status.state is TriggerState.PENDING and decision.reason is Reason.WATCHING:
            return TriggerState.PENDING, status.message
        case Hold(reason=reason, message=message):
            return reason, message


def _with_status(world: PolicyWorld, status: PolicyStatus) -> PolicyWorld:
    if status.observed_generation != world.policy.generation:
        status = status.model_copy(update={"observed_generation": world.policy.generation})
    elif status is world.policy.status:
        return world
    return replace(world, policy=replace(world.policy, status=status))


def _observed(at: datetime, value: float | None) -> Observation:
    return NoData(at, Reason.NO_DATA, "No value was recorded.") if value is None else Sample(at, value)


def _value(seen: Observation | None) -> float | None:
    return seen.value if isinstance(seen, Sample) else None
