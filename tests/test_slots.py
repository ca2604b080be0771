"""On which moments the checks of a query fall: even over the interval, and the same for whoever asks the same."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.model.access import Account
from retrain_operator.model.source import NamedSource, OwnSource, SecretName, Source
from retrain_operator.schedule import Check

INTERVAL = timedelta(seconds=30)


BEGIN = datetime(2024, 6, 1, tzinfo=UTC)
DEFAULT = NamedSource("default")


def tenths(checks: Iterable[Check]) -> Counter[int]:
    """How many checks fall into each tenth of the interval."""
    return Counter((check.slot_after(BEGIN) - BEGIN) * 10 // INTERVAL for check in checks)


def test_slots_of_different_queries_are_spread_over_the_interval() -> None:
    spread = tenths(Check(DEFAULT, f"max(drift_{number})", INTERVAL) for number in range(1000))
    assert len(spread) == 10
    assert max(spread.values()) <= 150


def test_slots_of_tenants_with_one_query_are_spread_over_the_interval() -> None:
    spread = tenths(Check(NamedSource("mimir", f"team-{number}"), "max(drift)", INTERVAL) for number in range(1000))
    assert len(spread) == 10
    assert max(spread.values()) <= 150


def test_a_slot_is_the_same_in_every_process() -> None:
    secret = SecretName(Account("shop", "retrain-runner"), "prom")
    seconds: dict[Source, float] = {
        DEFAULT: 14.066224,
        NamedSource("mimir", "shop"): 13.538214,
        OwnSource("http://prometheus.shop:9090", secret): 3.460212,
    }
    assert {
        source: (Check(source, "up", INTERVAL).slot_after(BEGIN) - BEGIN).total_seconds() for source in seconds
    } == seconds


@given(
    st.text(max_size=20),
    st.timedeltas(timedelta(seconds=5), timedelta(hours=999_999)),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # the strategy's way
)
def test_a_slot_is_later_by_one_interval_at_most_and_the_next_by_exactly_one(
    query: str, interval: timedelta, at: datetime
) -> None:
    check = Check(DEFAULT, query, interval)
    slot = check.slot_after(at)
    assert at < slot <= at + interval
    assert check.slot_after(slot) == slot + interval
    assert check.slot_after(slot - timedelta(microseconds=1)) == slot
