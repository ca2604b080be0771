"""What contradicts itself although the API would take it, and what only looks so."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.linted import told
from tests.crds.samples import cron, metric, policy, trainer

HOURLY = cron("0 * * * *")
REST = (
    "spec.cooldown.{field}: is {rest}, but slots of nightly come {gap} apart, so not each can start a run; rest {gap} "
)


def rest(field: str, rest: str, gap: str) -> str:
    """What is said of a rest that is longer than the time between slots."""
    return f"{REST.format(field=field, rest=rest, gap=gap)}at most, or schedule fewer"


def memory(asked: dict[str, str], most: dict[str, str]) -> dict[str, Any]:
    """A policy whose trainer asks for that and may use this."""
    resources = {key: value for key, value in {"requests": asked, "limits": most}.items() if value}
    return policy(trainer=trainer(resources=resources))


def columns(slices: str, **data: Any) -> dict[str, Any]:
    """A policy with slices of a column `a` and of another one."""
    evaluation = {"gates": [{"metric": "accuracy"}], "slices": {"columns": ["a", slices]}}
    return policy(data={"source": "file:///data/*.csv", "label": "y", **data}, evaluation=evaluation)


CONTRADICTIONS = {
    "a breach shorter than the interval": (
        policy(triggers=[metric(), metric("psi", **{"for": "10s"})]),
        "spec.triggers[1].prometheus.for: is 10s, but the trigger is checked every 30s only; make it 30s or more, or "
        "leave it out",
    ),
    "a rest longer than an hourly schedule": (
        policy(triggers=[HOURLY], cooldown={"afterSuccess": "2h"}),
        rest("afterSuccess", "2h", "1h"),
    ),
    "a rest that is left out": (policy(triggers=[cron("*/15 * * * *")]), rest("afterSuccess", "1h", "15m")),
    "a long rest after a rejection": (
        policy(triggers=[HOURLY], cooldown={"afterRejection": "6h"}),
        rest("afterRejection", "6h", "1h"),
    ),
    "a long rest after a failure": (
        policy(triggers=[HOURLY], cooldown={"afterFailure": "61m"}),
        rest("afterFailure", "1h1m", "1h"),
    ),
    "two slots of a day": (
        policy(triggers=[cron("0 9,10 * * MON-FRI")], cooldown={"afterSuccess": "90m"}),
        rest("afterSuccess", "1h30m", "1h"),
    ),
    "slots of its own": (
        policy(triggers=[cron("H H/2 * * *")], cooldown={"afterSuccess": "3h"}),
        rest("afterSuccess", "3h", "2h"),
    ),
    "more memory than the default limit": (
        memory({"memory": "2Gi"}, {}),
        "spec.trainer.resources.requests.memory: is 2Gi, more than the 1Gi of limits.memory; Kubernetes starts no such "
        "pod",
    ),
    "less memory than the default request": (
        memory({}, {"memory": "128Mi"}),
        "spec.trainer.resources.requests.memory: is 256Mi, more than the 128Mi of limits.memory; Kubernetes starts no "
        "such pod",
    ),
    "more cores than allowed": (
        memory({"cpu": "1500m"}, {"cpu": "1.4"}),
        "spec.trainer.resources.requests.cpu: is 1500m, more than the 1.4 of limits.cpu; Kubernetes starts no such pod",
    ),
    "a slice of a column that is left out": (
        columns(slices="id", exclude=["id"]),
        "spec.evaluation.slices.columns[1]: is 'id', which is in data.exclude; no slices can be made of it",
    ),
    "a slice of words in buckets": (
        columns(slices="region", categories=[{"column": "region", "buckets": 16}]),
        "spec.evaluation.slices.columns[1]: is 'region', which has its words in buckets (data.categories); no slices "
        "can be made of it",
    ),
    "a slice of the label": (
        columns(slices="y"),
        "spec.evaluation.slices.columns[1]: is 'y', which is data.label; no slices can be made of it",
    ),
    "bounds of words": (
        columns(slices="b", categories=[{"column": "region"}], validation={"ranges": [{"column": "region", "min": 0}]}),
        "spec.data.validation.ranges[0].column: is 'region', which is in data.categories, words and no numbers; it is "
        "no feature that has bounds",
    ),
}


@pytest.mark.parametrize(("body", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_contradictions(tmp_path: Path, body: dict[str, Any], message: str) -> None:
    assert told(tmp_path, body) == [message]


SOUND = {
    "a breach as long as the interval": policy(triggers=[metric(**{"for": "30s"})]),
    "a breach of no length": policy(triggers=[metric(**{"for": "0s"})]),
    "a rest as long as the schedule": policy(triggers=[HOURLY], cooldown={"afterSuccess": "1h"}),
    "a day's rest where a day of spring has 23 hours": policy(
        triggers=[{"name": "nightly", "schedule": {"cron": "0 0 * * *", "timeZone": "Europe/Berlin"}}],
        cooldown={"afterSuccess": "24h"},
    ),
    "a rest after rejection that is left out": policy(triggers=[HOURLY]),
    "a slot that waits for the other trigger": policy(
        triggers=[HOURLY, metric()], triggerMode="All", cooldown={"afterSuccess": "2h"}
    ),
    "a slot every four years": policy(triggers=[cron("0 0 29 2 *")], cooldown={"afterSuccess": "24h"}),
    "amounts in other units": memory({"memory": "1000M", "cpu": "500m"}, {"memory": "1Gi", "cpu": "0.5"}),
    "a slice of words with a feature each": columns(slices="region", categories=[{"column": "region"}]),
    "cores without a limit": memory({"cpu": "8"}, {"memory": "4Gi"}),
}


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND.keys())
def test_no_contradiction(tmp_path: Path, body: dict[str, Any]) -> None:
    assert told(tmp_path, body) == []


def test_one_bad_schedule_hides_no_contradiction_of_another(tmp_path: Path) -> None:
    never = {"name": "never", "schedule": {"cron": "0 0 30 2 *"}}
    assert told(tmp_path, policy(triggers=[never, HOURLY], cooldown={"afterSuccess": "2h"})) == [
        "spec.triggers[0].schedule.cron: '0 0 30 2 *' names a day that never comes",
        rest("afterSuccess", "2h", "1h"),
    ]
