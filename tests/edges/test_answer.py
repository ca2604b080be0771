"""Whatever JSON comes for an answer, it becomes one of our values, and none of its words becomes one of ours."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from retrain_operator.edges.answer import Failure, Success, observe, parse
from retrain_operator.model.observation import Sample

AT = datetime(2024, 6, 1, tzinfo=UTC)
CANARY = "canary-7f3a"

words = st.sampled_from(
    ["success", "error", "vector", "scalar", "matrix", "string", "NaN", "-Inf", "0.5", "1e9", CANARY]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
points = st.tuples(st.floats(), words) | anything
series = st.fixed_dictionaries({"metric": anything}, optional={"value": points, "histogram": anything})
answers = st.fixed_dictionaries(
    {"status": words},
    optional={
        "data": st.fixed_dictionaries({"resultType": words, "result": st.lists(series, max_size=3) | points})
        | anything,
        "warnings": st.lists(words, max_size=2) | anything,
        "errorType": words | anything,
        "error": words | anything,
    },
)


@given(answers | anything)
def test_no_answer_is_too_odd(answer: object) -> None:
    parsed = parse(json.dumps(answer).encode())
    if isinstance(parsed, Success):
        seen = observe(parsed, AT, "Prometheus at here:9090")
        assert isinstance(seen, Sample) or (seen.message.endswith(".") and CANARY not in seen.message)
    if isinstance(parsed, Failure):
        assert parsed.syntax_error == ""


@given(st.binary())
def test_bytes_that_are_no_answer_are_none(body: bytes) -> None:
    assert parse(body) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_comes_through_as_it_is(value: float) -> None:
    body = {"status": "success", "data": {"resultType": "scalar", "result": [0, repr(value)]}}
    answer = parse(json.dumps(body).encode())
    assert isinstance(answer, Success)
    assert observe(answer, AT, "here") == Sample(AT, value)
