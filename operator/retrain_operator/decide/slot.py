"""Where a schedule stands: which slot has come and waits for a run, which were skipped, and when the next one comes.

Of many missed slots only the newest is made up for, within the starting deadline; the others are counted. So a long
outage is followed by one run at most, and never by none at all.
"""

from datetime import datetime, timedelta

from retrain_operator.decide.schedule import Slots
from retrain_operator.model.reason import Reason
from retrain_operator.model.status import TriggerState, TriggerStatus
from retrain_operator.model.trigger import ScheduleTrigger, TriggerMode
from retrain_operator.model.world import PolicyWorld

COUNTED_AT_MOST = 1000
"""Slots that are counted after one outage; a schedule of every minute would have half a million in a year."""
_INSTANT = timedelta(microseconds=1)


def schedule_standing(name: str, schedule: ScheduleTrigger, known: TriggerStatus, world: PolicyWorld) -> TriggerStatus:
    """Where a schedule stands now, from where it stood."""
    done = _done(known, world)
    open_until = known.slot + schedule.starting_deadline if known.slot and not _gate(world) else None
    still_open = known.slot is None or (known.slot > done and (open_until is None or world.now <= open_until))
    if known.next_slot and world.now < known.next_slot and still_open:
        return known
    slots = Slots.of(schedule, f"{world.policy.namespace}/{world.policy.name}")
    newest = slots.until(world.now)
    late = newest < world.now - schedule.starting_deadline and not _gate(world)
    slot = None if newest <= done or late else newest
    skipped = 0
    if newest > done and not _gate(world):
        # Those before the one that is open, or all of them.
        skipped = slots.count(done, newest, COUNTED_AT_MOST) - (1 if slot else 0)
    update: dict[str, object] = {"slot": slot, "next_slot": slots.after(world.now)}
    if skipped:
        update["skipped_slots"] = known.skipped_slots + skipped
        update["skipped_until"] = slots.until(slot - _INSTANT) if slot else newest
    told = known.model_copy(update=update)
    return told.model_copy(update=_words(name, schedule, told, world.now))


def _gate(world: PolicyWorld) -> bool:
    """With triggerMode All a slot that has come waits for the other triggers, however long; none is missed by that."""
    return world.policy.spec.trigger_mode is TriggerMode.ALL


def _done(known: TriggerStatus, world: PolicyWorld) -> datetime:
    """Up to when slots are answered for: by a run, by being skipped, or by being older than the schedule."""
    times = (world.policy.created, known.defined_at, known.skipped_until, world.policy.status.last_schedule_time)
    return max(at for at in times if at)


def _words(name: str, schedule: ScheduleTrigger, told: TriggerStatus, now: datetime) -> dict[str, object]:
    skipped = ""
    if told.skipped_until:
        many = "1 slot was" if told.skipped_slots == 1 else f"{told.skipped_slots} slots were"
        skipped = f" {many} skipped so far, the newest of {told.skipped_until:%Y-%m-%d %H:%M} UTC."
    state, reason = TriggerState.HEALTHY, Reason.WAITING
    message = f"Waiting for the next slot of {schedule.cron}.{skipped}"
    if told.slot:
        state, reason = TriggerState.FIRING, Reason.DUE
        message = f"The slot of {told.slot:%Y-%m-%d %H:%M} UTC of {name} has come.{skipped}"
    since = told.since if told.state is state else now
    return {"state": state, "reason": reason, "message": message, "since": since}
