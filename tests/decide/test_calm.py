"""Observations for which no pass is needed: only those that would change nothing, whatever the policy."""

from dataclasses import replace

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from retrain_operator.decide.triggers import calm
from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.reason import Reason
from tests.builders import T0, APolicy, a_policy
from tests.decide.case import case

WELL, BAD = Sample(T0, 0.02), Sample(T0, 0.2)
SILENT = NoData(T0, Reason.NO_DATA, "The query returned no series.")
SEVERAL = NoData(T0, Reason.SEVERAL_SERIES, "The query returned several series; aggregate it.")
REFUSED = SourceError(T0, Reason.SOURCE_UNREACHABLE, "Prometheus at prometheus:9090 refused the connection.")
INVALID = SourceError(T0, Reason.QUERY_INVALID, "Prometheus does not understand the query.")
DRIFT = a_policy().watching("drift", max=0.1)
VOLUME = a_policy().counting("drift", growthPercent=20)


def asked(policy: APolicy, before: Observation | None, after: Observation) -> bool:
    return calm(policy.policy.spec.triggers[0], before, after)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("well, and still well", given=(DRIFT, WELL, Sample(T0, 0.1)), then=True),
        case("the first observation of all", given=(DRIFT, None, WELL), then=False),
        case("a breach begins", given=(DRIFT, WELL, BAD), then=False),
        case("a breach ends", given=(DRIFT, BAD, WELL), then=False),
        case("a breach lasts: it may be time to fire", given=(DRIFT, BAD, BAD), then=False),
        case("a volume is news whatever it is: nobody knows the baseline here", given=(VOLUME, WELL, WELL), then=False),
        case("silence begins", given=(DRIFT, WELL, SILENT), then=False),
        case("silence lasts", given=(DRIFT, SILENT, SILENT), then=True),
        case("there is no data in another way", given=(DRIFT, SILENT, SEVERAL), then=False),
        case("silence ends", given=(DRIFT, SILENT, WELL), then=False),
        case("an error lasts", given=(DRIFT, REFUSED, REFUSED), then=True),
        case("another error", given=(DRIFT, REFUSED, INVALID), then=False),
        case("the source is down in another way", then=True,
             given=(DRIFT, REFUSED, replace(REFUSED, message="It did not answer."))),
        case("the next flaw of what somebody mends", then=False,
             given=(DRIFT, INVALID, replace(INVALID, message="1:4: parse error."))),
        case("silence instead of an error", given=(DRIFT, REFUSED, SILENT), then=False),
        case("an error ends", given=(DRIFT, INVALID, WELL), then=False),
        case("of a volume, too, silence that lasts is none", given=(VOLUME, SILENT, SILENT), then=True),
    ],
)  # fmt: skip
def test_calm(given: tuple[APolicy, Observation | None, Observation], then: bool) -> None:
    assert asked(*given) is then


def test_the_next_flaw_of_what_somebody_mends_is_told() -> None:
    absent = SourceError(T0, Reason.CREDENTIAL_NOT_READABLE, 'Secret "reader" in namespace shop does not exist.')
    waits = DRIFT.seeing("drift", absent).passed().later("30s")
    words = 'Secret "reader" in namespace shop has no key password to go with username; add it.'
    mended = waits.seeing("drift", SourceError(waits.now, Reason.CREDENTIAL_NOT_READABLE, words)).passed()
    assert mended.trigger("drift").message == mended.status.message == f"drift: {words}"
    assert mended.trigger("drift").since == T0, "it stands where it stood"


SEEN = st.sampled_from([0.0, 0.02, 0.1, 0.11, 0.2, SILENT, SEVERAL, REFUSED, INVALID])
PATIENT = a_policy().watching("drift", max=0.1, lasting="1m").by_the_clock("0 0 * * *").resting("5m")


@each(st.sampled_from([DRIFT, VOLUME, PATIENT, DRIFT.needing_all()]), st.lists(SEEN, min_size=1, max_size=8))
def test_what_is_calm_changes_nothing(policy: APolicy, seen: list[float | Observation]) -> None:
    for value in seen:
        before = policy.observations.get("drift")
        looked = policy.passed().later("30s")
        policy = looked.seeing("drift", value)
        if asked(policy, before, policy.observations["drift"]):
            again = policy.settled.policy.status
            assert again.triggers == looked.status.triggers
            assert type(policy.decision) is type(looked.decision)
