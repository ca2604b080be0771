"""Whom a policy's query is put to: a source of the configuration, an address that is allowed, or nobody."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from retrain_operator.edges.configuration import Configuration
from retrain_operator.edges.sources import Sources, label
from retrain_operator.model.observation import SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.source import NamedSource, NoSource, OwnSource, SecretName, Source
from retrain_operator.model.trigger import Query
from tests.builders import T0, a_policy
from tests.edges.answers import AT
from tests.edges.loopback import hang
from tests.edges.scripted import RUNNER, kube_and

CHURN = a_policy().policy
CONFIGURATION = Configuration.model_validate(
    {
        "sources": [
            {"name": "default", "address": "http://prometheus:9090"},
            {"name": "bank", "address": "http://thanos:9090", "namespaces": ["bank"]},
            {
                "name": "mimir",
                "address": "http://mimir:8080",
                "tenantHeader": {"name": "X-Scope-OrgID", "value": "team-{namespace}"},
            },
            {
                "name": "one",
                "address": "http://mimir:8080",
                "tenantHeader": {"name": "X-Scope-OrgID", "value": "ml"},
                "namespaces": ["shop", "bank"],
            },
        ],
        "allowedAddresses": ["prometheus.shop:9090", "[::1]:9090", "prometheus.shop:443"],
        "tenantAddresses": {"shop": ["own.shop:9090"], "bank": ["own.bank:9090"]},
    }
)


def query(**parts: Any) -> Query:
    return Query.model_validate({"query": "up"} | parts)


def own(address: str, name: str = "") -> OwnSource:
    return OwnSource(address, SecretName(RUNNER, name) if name else None)


WHOM: dict[str, tuple[dict[str, Any], Source]] = {
    "none is named": ({}, NamedSource("default")),
    "the default is named": ({"source": "default"}, NamedSource("default")),
    "one that tells tenants apart": ({"source": "mimir"}, NamedSource("mimir", "shop")),
    "one with a fixed tenant": ({"source": "one"}, NamedSource("one")),
    "an address": ({"address": "http://prometheus.shop:9090"}, own("http://prometheus.shop:9090")),
    "an address with the port of its scheme": ({"address": "https://prometheus.shop"}, own("https://prometheus.shop")),
    "an address that is allowed to this namespace": (
        {"address": "http://own.shop:9090"},
        own("http://own.shop:9090"),
    ),
    "an address in numbers": ({"address": "http://[::1]:9090"}, own("http://[::1]:9090")),
    "an address with a Secret": (
        {"address": "http://prometheus.shop:9090", "secretRef": {"name": "prom"}},
        own("http://prometheus.shop:9090", "prom"),
    ),
}


@pytest.fixture
async def sources() -> AsyncIterator[Sources]:
    async with kube_and(hang) as (kube, _):
        yield Sources(CONFIGURATION, kube, lambda: T0)


@pytest.mark.parametrize(("parts", "source"), WHOM.values(), ids=WHOM.keys())
async def test_whom_a_query_is_put_to(sources: Sources, parts: dict[str, Any], source: Source) -> None:
    assert sources.whom(CHURN, query(**parts)) == source


@pytest.mark.parametrize("name", ["bank", "nowhere"])
async def test_a_source_that_is_not_there_for_this_namespace(sources: Sources, name: str) -> None:
    source = sources.whom(CHURN, query(source=name))
    words = (
        f'The operator\'s configuration has no source "{name}" for namespace shop. Ask its administrator, or name one '
        'that it has, such as "default", "mimir", "one".'
    )
    assert source == NoSource(Reason.SOURCE_UNKNOWN, words)
    assert await sources.ask(source, "up", AT) == SourceError(AT, Reason.SOURCE_UNKNOWN, words)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://prometheus.shop", "prometheus.shop:80"),
        ("http://prometheus.shop:9091", "prometheus.shop:9091"),
        ("http://prometheus.shop.:9090", "prometheus.shop.:9090"),
        ("http://xprometheus.shop:9090", "xprometheus.shop:9090"),
        ("http://own.bank:9090", "own.bank:9090"),
        ("http://127.0.0.1:9090", "127.0.0.1:9090"),
        ("http://169.254.169.254", "169.254.169.254:80"),
        ("http://prometheus.shop:99999", "http://prometheus.shop:99999"),
    ],
)
async def test_an_address_that_is_not_allowed_word_by_word(sources: Sources, address: str, place: str) -> None:
    words = (
        f"The operator's configuration does not allow {place} to namespace shop. Ask its administrator to add it to "
        "tenantAddresses, or name a source."
    )
    assert sources.whom(CHURN, query(address=address)) == NoSource(Reason.SOURCE_NOT_ALLOWED, words)


async def test_telemetry_knows_few_sources(sources: Sources) -> None:
    told = [label(sources.whom(CHURN, query(**parts))) for parts, _ in WHOM.values()]
    assert set(told) == {"default", "mimir", "one", "address"}
    assert label(sources.whom(CHURN, query(source="nowhere"))) == "none"
    assert sources.left_alone() == {"default": 0, "bank": 0, "mimir": 0, "one": 0, "address": 0}
