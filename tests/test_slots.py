"""On which moments the checks of a query fall: even over the interval, and the same for whoever asks the same."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.schedule import Check

INTERVAL = timedelta(seconds=30)


def test_slots_of_different_queries_are_spread_over_the_interval() -> None:
    begin = datetime(2024, 6, 1, tzinfo=UTC)
    tenths = Counter(
        (Check(f"max(drift_{number})", INTERVAL).slot_after(begin) - begin) * 10 // INTERVAL for number in range(1000)
    )
    assert len(tenths) == 10
    assert max(tenths.values()) <= 150


@given(
    st.text(max_size=20),
    st.timedeltas(timedelta(seconds=5), timedelta(hours=999_999)),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # the strategy's way
)
def test_a_slot_is_later_by_one_interval_at_most_and_the_next_by_exactly_one(
    query: str, interval: timedelta, at: datetime
) -> None:
    check = Check(query, interval)
    slot = check.slot_after(at)
    assert at < slot <= at + interval
    assert check.slot_after(slot) == slot + interval
    assert check.slot_after(slot - timedelta(microseconds=1)) == slot
