"""What is wrong with a PromQL query, and at which column, without asking a Prometheus.

The parser says what is wrong but, of a plain syntax error, not where. That place is the first token with which no
query can go on, and it is found by trying: a part of a query is sound while some end makes a query of it.
"""

import re
from collections.abc import Sequence
from itertools import product

import promql_parser

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*                                  # what separates
    |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`  # text
    |[A-Za-z_:][\w:]*|[0-9][\w.]*|\.[0-9]\w*          # names, numbers, durations
    |[=!<>]=|[=!]~|.                                  # operators, brackets""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SYNTAX = re.compile("invalid promql|unexpected|unclosed|bad|unterminated|unknown escape|invalid|no expression")
"""How the parser speaks of what is no PromQL at all, rather than PromQL that makes no sense."""
_GOES_ON = {
    "(": ("", "x", "(x)", "(a) x", "(a)(x)", "1", "5m", '"a"', "[5m]", "()"),
    "[": ("", "5m", "5m:", ":5m"),
    "{": ("", 'a="b"', '="b"', '"b"', ',a="b"'),
}
"""Ends within each kind of bracket; those of ( are those outside of all as well."""
_AFTERWARDS = ("", " x", "(x)")
_TYPES = {"matrix": "range vector", "vector": "instant vector"}


def mistake(query: str) -> str:
    """What is wrong with a query, and where; empty when nothing is."""
    try:
        parsed = _parsed(query)
    except ValueError as error:
        return _explained(query, str(error))
    while isinstance(parsed, promql_parser.ParenExpr):
        parsed = parsed.expr
    match parsed:
        case promql_parser.StringLiteral():
            return "is a text, but must yield one number"
        case promql_parser.MatrixSelector() | promql_parser.SubqueryExpr():
            return "is a range of values, but must yield one number: put a function such as avg_over_time around it"
        case _:
            return ""


def _parsed(query: str) -> promql_parser.Expr:
    """The query's syntax tree; ValueError when it has none."""
    try:
        return promql_parser.parse(query)
    except BaseException as error:
        # The parser is written in Rust, and panics at a duration of 10^20 seconds.
        if type(error).__name__ == "PanicException":
            raise ValueError("a duration in it is too long") from None
        raise


def _explained(query: str, said: str) -> str:
    tokens = _tokens(query)
    if said == "no expression found in input":
        return "has no PromQL in it"
    if said == "unclosed left parenthesis":
        return f"is no PromQL: ( is never closed{_place(query, _brackets(tokens)[0][0].start())}"
    if said.startswith("unexpected right") and (unopened := _brackets(tokens)[1]):
        return f"is no PromQL: {said}{_place(query, unopened[0].start())}"
    if said == "invalid promql query":
        wrong = _first_wrong(query, tokens)
        where = f"unexpected {wrong[0]}{_place(query, wrong.start())}" if wrong else "it ends too early"
        return f"is no PromQL: {where}"
    told = re.sub("(type|got) (matrix|vector)", lambda found: f"{found[1]} {_TYPES[found[2]]}", said)
    return f"is no PromQL: {told}{_place_of_what_is_named(query, said)}"


def _tokens(query: str) -> list[re.Match[str]]:
    return [found for found in _TOKEN.finditer(query) if not found[0].isspace() and found[0][0] != "#"]


def _first_wrong(query: str, tokens: Sequence[re.Match[str]]) -> re.Match[str] | None:
    """The token that nothing can follow to make a query; None when only the end is missing."""
    sound, unsound = 0, len(tokens) + 1
    while unsound - sound > 1:
        half = (sound + unsound) // 2
        if _may_go_on(query[: tokens[half - 1].end()], tokens[:half]):
            sound = half
        else:
            unsound = half
    return tokens[unsound - 1] if unsound <= len(tokens) else None


def _may_go_on(part: str, tokens: Sequence[re.Match[str]]) -> bool:
    opened = [found[0] for found in _brackets(tokens)[0]]
    closings = [_CLOSING[bracket] for bracket in reversed(opened)]
    inner, outer = "".join(closings[:1]), "".join(closings[1:])
    ends = _GOES_ON[opened[-1] if opened else "("]
    for end, afterwards in product(ends, _AFTERWARDS if opened else ("",)):
        try:
            _parsed(f"{part} {end}{inner}{afterwards}{outer}")
        except ValueError as error:
            if _SYNTAX.match(str(error)):
                continue
        return True
    return False


def _brackets(tokens: Sequence[re.Match[str]]) -> tuple[list[re.Match[str]], list[re.Match[str]]]:
    """The brackets that are not closed, and those that close none."""
    opened: list[re.Match[str]] = []
    unopened: list[re.Match[str]] = []
    for found in tokens:
        if found[0] in _CLOSING:
            opened.append(found)
        elif opened and found[0] == _CLOSING[opened[-1][0]]:
            opened.pop()
        elif found[0] in _CLOSING.values():
            unopened.append(found)
    return opened, unopened


def _place_of_what_is_named(query: str, said: str) -> str:
    """Where the query has what the parser names last, if it has it just once."""
    named = re.findall(r"'([^']+)'|(?:for|syntax:) (.+)$", said)
    words = [word for pair in named for word in pair if word]
    return _place(query, query.index(words[0])) if words and query.count(words[0]) == 1 else ""


def _place(query: str, index: int) -> str:
    line, column = query.count("\n", 0, index) + 1, index - query.rfind("\n", 0, index)
    return f", at line {line}, column {column} of it" if "\n" in query.strip() else f", at column {column} of it"
