"""What contradicts itself in a spec that the API would take: each field is right, but together they cannot be meant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from retrain_operator.decide.schedule import Slots, mistake
from retrain_operator.model.mistakes import Mistake, quoted
from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.scalars import duration_text
from retrain_operator.model.trainer import Trainer
from retrain_operator.model.trigger import ScheduleTrigger, TriggerMode

_LOOKED_AT = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
_SLOTS_AT_MOST = 300
_UNITS: dict[str, float] = {"": 1, "m": 1e-3}
_UNITS |= {prefix: 1000**power for power, prefix in enumerate("kMGT", 1)}
_UNITS |= {f"{prefix}i": 1024**power for power, prefix in enumerate("KMGT", 1)}


def contradictions(spec: PolicySpec, owner: str) -> Iterator[Mistake]:
    """Those in the spec of a policy called namespace/name."""
    yield from _too_short_to_tell(spec)
    yield from _rests_over_slots(spec, owner)
    yield from _asks_for_more_than_it_may_use(spec.trainer)
    yield from _names_what_is_no_feature(spec)


def _too_short_to_tell(spec: PolicySpec) -> Iterator[Mistake]:
    for index, trigger in enumerate(spec.triggers):
        lasting = trigger.prometheus.for_ if trigger.prometheus else timedelta(0)
        if timedelta(0) < lasting < spec.interval:
            every = duration_text(spec.interval)
            yield Mistake(
                ("spec", "triggers", index, "prometheus", "for"),
                f"is {duration_text(lasting)}, but the trigger is checked every {every} only; make it {every} or more, "
                "or leave it out",
            )


def _rests_over_slots(spec: PolicySpec, owner: str) -> Iterator[Mistake]:
    """A rest that is left out is told of only where every slot needs it to be short: after success."""
    if spec.trigger_mode is TriggerMode.ALL and len(spec.triggers) > 1:
        return
    rests = {
        "afterSuccess": (spec.cooldown.after_success, True),
        "afterRejection": (spec.cooldown.after_rejection, "after_rejection" in spec.cooldown.model_fields_set),
        "afterFailure": (spec.cooldown.after_failure, "after_failure" in spec.cooldown.model_fields_set),
    }
    for trigger in spec.triggers:
        gap = _shortest_gap(trigger.schedule, owner) if trigger.schedule else None
        for field, (rest, told) in rests.items():
            if gap and told and rest > gap:
                yield Mistake(
                    ("spec", "cooldown", field),
                    f"is {duration_text(rest)}, but slots of {trigger.name} come {duration_text(gap)} apart, so not "
                    f"each can start a run; rest {duration_text(gap)} at most, or schedule fewer",
                )


def _shortest_gap(schedule: ScheduleTrigger, owner: str) -> timedelta | None:
    """The shortest time between two slots, changes of clock left aside; None when there are no two within two years."""
    if mistake(schedule, owner):
        return None
    slots = Slots.of(schedule.model_copy(update={"time_zone": "UTC"}), owner)
    last, end = slots.after(_LOOKED_AT[0]), _LOOKED_AT[1]
    shortest = None
    for _ in range(_SLOTS_AT_MOST):
        slot = slots.after(last)
        if slot > end:
            break
        shortest = min(shortest or slot - last, slot - last)
        last = slot
    return shortest


def _asks_for_more_than_it_may_use(trainer: Trainer) -> Iterator[Mistake]:
    for resource in ("cpu", "memory"):
        asked, most = getattr(trainer.resources.requests, resource), getattr(trainer.resources.limits, resource)
        if asked and most and _amount(asked) > _amount(most):
            yield Mistake(
                ("spec", "trainer", "resources", "requests", resource),
                f"is {asked}, more than the {most} of limits.{resource}; Kubernetes starts no such pod",
            )


def _names_what_is_no_feature(spec: PolicySpec) -> Iterator[Mistake]:
    """The project's own trainer fails on it as soon as it knows the columns."""
    data, slices = spec.data, spec.evaluation.slices
    none = dict.fromkeys(data.exclude, "is in data.exclude") | {data.label: "is data.label"}
    none |= {data.time_column: "is data.timeColumn"} if data.time_column else {}
    words = {each.column: "is in data.categories, words and no numbers" for each in data.categories}
    bucketed = {each.column: "has its words in buckets (data.categories)" for each in data.categories if each.buckets}
    for index, column in enumerate(slices.columns if slices else ()):
        if why := (none | bucketed).get(column):
            here = ("spec", "evaluation", "slices", "columns", index)
            yield Mistake(here, f"is {quoted(column)}, which {why}; no slices can be made of it")
    for index, known in enumerate(data.validation.ranges):
        if why := (none | words).get(known.column):
            of = ("spec", "data", "validation", "ranges", index, "column")
            yield Mistake(of, f"is {quoted(known.column)}, which {why}; it is no feature that has bounds")


def _amount(quantity: str) -> float:
    number = quantity.rstrip("kKMGTim")
    factor: float = _UNITS[quantity.removeprefix(number)]
    return float(number) * factor
