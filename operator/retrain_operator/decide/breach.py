"""When a number is a breach: a metric outside its healthy range, or much more data than the champion was trained on."""

from retrain_operator.model.trigger import DataVolumeTrigger, HealthyRange, Trigger
from retrain_trainer.contract.wording import number


def breached(trigger: Trigger, value: float, baseline: float | None) -> bool:
    """Whether a value speaks for a run. Bounds are healthy; growth without a baseline is none."""
    if trigger.prometheus:
        healthy = trigger.prometheus.healthy_range
        return (healthy.min is not None and value < healthy.min) or (healthy.max is not None and value > healthy.max)
    volume = trigger.data_volume
    assert volume, "only triggers that ask a source see values"
    if baseline is None:
        return False
    if volume.growth is not None:
        return value - baseline > volume.growth
    assert volume.growth_percent is not None, "the model demands one limit"
    return (value - baseline) * 100 > volume.growth_percent * baseline


def breach_message(trigger: Trigger, value: float, baseline: float | None) -> str:
    """What a breach is called, such as `drift is 0.12, above 0.1.`"""
    if trigger.prometheus:
        return _range_message(trigger.name, trigger.prometheus.healthy_range, value)
    assert trigger.data_volume, "only triggers that ask a source see values"
    assert baseline is not None, "without a baseline there is no breach"
    return _growth_message(trigger.name, trigger.data_volume, value, baseline)


def _range_message(name: str, healthy: HealthyRange, value: float) -> str:
    if healthy.min is not None and value < healthy.min:
        return f"{name} is {number(value, healthy.min)}, below {number(healthy.min, value)}."
    assert healthy.max is not None, "what is not below is above"
    return f"{name} is {number(value, healthy.max)}, above {number(healthy.max, value)}."


def _growth_message(name: str, volume: DataVolumeTrigger, value: float, baseline: float) -> str:
    grown = value - baseline
    if volume.growth is not None:
        return f"{name} is {value:.12g}, up by {grown:.12g} from {baseline:.12g}; more than {volume.growth:.12g}."
    limit = volume.growth_percent
    assert limit is not None, "the model demands one limit"
    if not baseline:
        return f"{name} is {value:.12g}, up from 0; more than {limit:g} %."
    percent = grown * 100 / baseline
    return (
        f"{name} is {value:.12g}, up by {number(percent, limit)} % from {baseline:.12g}; "
        f"more than {number(limit, percent)} %."
    )
