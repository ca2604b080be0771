"""How the parts are wired: what an answer of a source sets off."""

from collections.abc import AsyncIterator

import pytest

from retrain_operator.__main__ import Operator
from retrain_operator.edges.configuration import read_configuration
from retrain_operator.edges.sources import Sources
from retrain_operator.model.observation import NoData, Observation, Sample
from retrain_operator.model.reason import Reason
from retrain_operator.model.source import NamedSource
from retrain_operator.queue import Key
from retrain_operator.settings import read_settings
from tests.builders import T0, a_policy
from tests.edges.loopback import hang, loopback, reply
from tests.edges.scripted import kube_and

CHURN = Key("policy", "shop", "churn")
[DRIFT] = a_policy().watching("drift", max=0.1).policy.spec.triggers
GOOD, BAD, NONE = Sample(T0, 0.02), Sample(T0, 0.2), NoData(T0, Reason.NO_DATA, "The query returned no series.")


@pytest.fixture
async def operator() -> AsyncIterator[Operator]:
    async with kube_and(hang) as (kube, _), loopback(reply(b"", 500)) as prometheus:
        sources = Sources(read_configuration(None, prometheus.address), kube, lambda: T0)
        yield Operator(read_settings({}), kube, sources)
        await sources.close()


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [(None, GOOD, 1), (GOOD, GOOD, 0), (GOOD, BAD, 1), (BAD, BAD, 1), (BAD, GOOD, 1), (GOOD, NONE, 1), (NONE, NONE, 0)],
)
async def test_an_answer_that_changes_nothing_costs_no_pass(
    operator: Operator, before: Observation | None, after: Observation, passes: int
) -> None:
    operator._seen(CHURN, DRIFT, before, after)
    assert len(operator._queue) == passes
    value = 'trigger_value{namespace="shop",policy="churn",trigger="drift"}'
    assert (value in operator._telemetry.text().decode()) == isinstance(after, Sample)


async def test_questions_and_sources_that_are_left_alone_are_counted(operator: Operator) -> None:
    for _ in range(6):
        await operator._ask(NamedSource("default"), "up", T0)
    text = operator._telemetry.text().decode()
    assert 'retrain_operator_checks_total{outcome="SourceRefused",source="default"} 6.0' in text
    assert 'retrain_operator_sources_left_alone{source="default"} 1.0' in text
