"""What is wrong with a query, and where: the column is that of the first token with which nothing can go on."""

import pytest

from retrain_operator.cli.lint import promql

WRONG = {
    "max(psi) by (a) by (b)": "is no PromQL: unexpected by, at column 17 of it",
    "foo bar": "is no PromQL: unexpected bar, at column 5 of it",
    "1 +* 2": "is no PromQL: unexpected *, at column 4 of it",
    "max(psi) > > 1": "is no PromQL: unexpected >, at column 12 of it",
    "sum by (a b) (x)": "is no PromQL: unexpected b, at column 11 of it",
    'x{a="b"c}': "is no PromQL: unexpected c, at column 8 of it",
    "((((a) + b) * c d) / e)": "is no PromQL: unexpected d, at column 17 of it",
    "x @ y": "is no PromQL: unexpected y, at column 5 of it",
    "[5m]": "is no PromQL: unexpected [, at column 1 of it",
    "sum(\n  a\n  b)": "is no PromQL: unexpected b, at line 3, column 3 of it",
    "sum(x) # so many\n by y": "is no PromQL: unexpected y, at line 2, column 5 of it",
    "sum by (a)(x) +": "is no PromQL: it ends too early",
    "max(rate(x[5m])": "is no PromQL: ( is never closed, at column 4 of it",
    "max(psi))": "is no PromQL: unexpected right parenthesis ')', at column 9 of it",
    'x{a="b"}}': "is no PromQL: unexpected right brace '}', at column 9 of it",
    "x{": "is no PromQL: unexpected end of input inside braces",
    "rate(foo)": "is no PromQL: expected type range vector in call to function 'rate', got instant vector, at column 1 "
    "of it",
    "rat(foo[5m])": "is no PromQL: unknown function with name 'rat', at column 1 of it",
    'foo{a=~"["}': "is no PromQL: illegal regex for [, at column 9 of it",
    "a[5x]": "is no PromQL: bad number or duration syntax: 5x, at column 3 of it",
    "rate(x[$__rate_interval])": "is no PromQL: unexpected character inside brackets: '$', at column 8 of it",
    " # none": "has no PromQL in it",
    '"drift"': "is a text, but must yield one number",
    "(x[5m])": "is a range of values, but must yield one number: put a function such as avg_over_time around it",
    "x[1h:5m]": "is a range of values, but must yield one number: put a function such as avg_over_time around it",
}
RIGHT = (
    'max(retrain_feature_psi{model="churn"})',
    'sum by (a, b) (rate(x{a="b",c!~"d|e"}[5m])) / on (a) group_left (b) sum without (c) (y offset 5m)',
    "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
    "a > bool 1 or vector(0)",
    "x @ start() offset -1h",
    "max_over_time(rate(x[5m])[1h:5m])",
    "topk by (a) (3, x)",
    "-x ^ 2 % 3 - 0.5e3 * .5 + 0x1F",
    'label_replace(x, "a", "$1", "b", "(.*)") == 1',
    "x unless ignoring (a) y and on () z",
    '{__name__=~"a.*", b="c"} atan2 count_values("v", x)',
    "sum(x) # why\n + scalar(y)",
    "x{a=`b`, c='d'} * on (a) group_right () y",
    "min without (a) (x) != bool on (b) y @ end()",
)


@pytest.mark.parametrize(("query", "message"), WRONG.items(), ids=WRONG.keys())
def test_wrong(query: str, message: str) -> None:
    assert promql.mistake(query) == message


@pytest.mark.parametrize("query", RIGHT)
def test_right(query: str) -> None:
    assert promql.mistake(query) == ""


@pytest.mark.parametrize("query", RIGHT)
def test_a_right_query_may_go_on_after_each_of_its_tokens(query: str) -> None:
    """Else a mistake further on would be told of too early."""
    tokens = promql._tokens(query)
    parts = [(query[: token.end()], tokens[:count]) for count, token in enumerate(tokens, 1)]
    assert [part for part, seen in parts if not promql._may_go_on(part, seen)] == []


def test_the_longest_and_deepest_queries_are_read() -> None:
    assert promql.mistake("(" * 2000 + "x" + ")" * 2000) == ""
    assert promql.mistake("x + " * 200 + "y z") == "is no PromQL: unexpected z, at column 803 of it"


def test_a_duration_at_which_the_parser_panics(capfd: pytest.CaptureFixture[str]) -> None:
    assert promql.mistake("max_over_time(x[99999999999999999999])") == "is no PromQL: a duration in it is too long"
