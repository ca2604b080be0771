"""Where canaries are put, each with what the operator must say instead: answers of a source, Secrets, trainers' words.

CANARY stands for a text that must be told to nobody, SPOKEN for one that is quoted by intent: so the search is known to
find what is there.
"""

import json
from base64 import b64encode

from tests.e2e.stage import Json

CANARY, SPOKEN = "CANARY", "SPOKEN"
SECRET = f"{CANARY}-in-a-secret"
NO_ANSWER = "sent what is not an answer of Prometheus (HTTP 200)"
Told = tuple[Json, str, str]
"""What somebody says; the reason and a part of the message that become of it."""


def _vector(*values: str) -> Json:
    series = [{"metric": {CANARY: CANARY, "n": str(n)}, "value": [0, value]} for n, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": series}}


def _body(content: Json, **more: object) -> Json:
    return {"body": json.dumps(content), **more}


def _error(code: int, text: str) -> Json:
    return _body({"status": "error", "errorType": CANARY, "error": text}, status=code)


ANSWERS: dict[str, Told] = {
    "html": ({"body": f"<html>{CANARY}</html>"}, "SourceRefused", NO_ANSWER),
    "cut": ({"body": f'{{"status": "success", "data": {CANARY}'}, "SourceRefused", NO_ANSWER),
    "no-number": (_body(_vector(CANARY)), "SourceRefused", NO_ANSWER),
    "no-type": (_body({"status": "success", "data": {"resultType": CANARY}}), "SourceRefused", NO_ANSWER),
    "text": (
        _body({"status": "success", "data": {"resultType": "string", "result": [0, CANARY]}}),
        "QueryInvalid",
        "The query returned a string",
    ),
    "two-series": (_body(_vector("1", "2")), "SeveralSeries", "The query returned several series"),
    "warned": (_body({**_vector("1"), "warnings": [CANARY]}), "PartialAnswer", "gave only a part of the answer"),
    "redirect": (
        {"status": 302, "headers": {"Location": f"/{CANARY}"}},
        "SourceRefused",
        "redirects elsewhere (HTTP 302), which is not followed",
    ),
    "not-there": ({"status": 404, "body": CANARY}, "SourceRefused", "has no query API at that address (HTTP 404)"),
    "failed": (
        {"status": 500, "phrase": CANARY, "body": CANARY},
        "SourceRefused",
        "failed (HTTP 500); look at its log",
    ),
    "encoded": ({"headers": {"Content-Encoding": CANARY}}, "SourceRefused", "sent a compressed answer"),
    "large": ({"body": f"{CANARY}{'x' * (1 << 20)}{CANARY}"}, "SourceRefused", "sent more than 1 MiB"),
    "execution": (_error(422, f"query failed: {CANARY}"), "QueryInvalid", "cannot evaluate the query (HTTP 422)"),
    "parameter": (_error(400, f'invalid parameter "{CANARY}"'), "QueryInvalid", "cannot evaluate the query (HTTP 400)"),
    "gives-back": (
        _error(400, "1:1: parse error: unexpected {authorization}"),
        "QueryInvalid",
        "cannot evaluate the query (HTTP 400)",
    ),
    "syntax": (
        _error(400, f'invalid parameter "query": 1:5: parse error: unexpected {SPOKEN}'),
        "QueryInvalid",
        f"does not accept the query: 1:5: parse error: unexpected {SPOKEN}",
    ),
}
"""What a source answers to a question that came with a token."""

OTHER_ANSWERS: dict[str, Told] = {
    "gives-back": ANSWERS["gives-back"],
    "no-access": (
        {"status": 401, "headers": {"WWW-Authenticate": f'Basic realm="{CANARY} {{authorization}}"'}},
        "SourceUnauthorized",
        "refused access (HTTP 401); check the credential in Secret",
    ),
    "busy": ({"status": 429, "headers": {"Retry-After": CANARY}}, "SourceRefused", "is asked too often (HTTP 429)"),
    "status-line": ({"raw": f"HTTP/1.1 {CANARY} {CANARY}\r\n\r\n"}, "SourceRefused", "sent what is not HTTP"),
    "header-line": ({"raw": f"HTTP/1.1 200 OK\r\n{CANARY} {CANARY}\r\n\r\n"}, "SourceRefused", "sent what is not HTTP"),
    "length": (
        {"raw": f"HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\n\r\n{CANARY}"},
        "SourceRefused",
        "sent what is not HTTP",
    ),
    "cut-off": (
        {"raw": f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{CANARY}"},
        "SourceUnreachable",
        "broke the connection off",
    ),
    "cookie": (_body(_vector("1"), headers={"Set-Cookie": f"a={CANARY}", "X-B": CANARY}), "Healthy", ""),
}
"""What it answers to one that came with name and password."""

PEM = f"-----BEGIN CERTIFICATE-----\n{CANARY}\n-----END CERTIFICATE-----\n"
SECRETS: dict[str, tuple[dict[str, str], str]] = {
    "two-lines": ({"token": f"{SECRET}\n{SECRET}"}, 'token of Secret "two-lines"'),
    "spaces": ({"token": f"{SECRET} {SECRET}"}, "must hold a token alone, in ASCII and without spaces"),
    "umlaut": ({"token": f"ü{SECRET}"}, "must hold a token alone, in ASCII and without spaces"),
    "control": ({"token": f"{SECRET}\x00"}, "must hold one line of text"),
    "both": ({"token": SECRET, "password": SECRET}, "has both a token and a username or password"),
    "half": ({"password": SECRET}, "has no key username to go with password"),
    "colon": ({"username": f"{SECRET}:", "password": SECRET}, "must hold a name without a colon"),
    "authority": ({"ca.crt": SECRET}, "must hold certificates in PEM"),
    "pem": ({"ca.crt": PEM}, "must hold certificates in PEM"),
    "pair": ({"tls.crt": PEM, "tls.key": PEM}, "must be a certificate and its unlocked key, both in PEM"),
    "lonely": ({"tls.key": SECRET}, "has no key tls.crt to go with tls.key"),
    "misnamed": ({"Token": SECRET}, "has none of the keys username, password, token"),
    "long": ({"token": SECRET * 6000}, "must hold at most 64 KiB"),
}
"""Secrets that are no credential, and what is said of them."""

_SAID = '"contract": "retrain.dev/v1", "run": "{run}", "nonce": "{nonce}"'
_EVALUATED = '"step": "evaluate", "message": "", "outcome": "Evaluated"'
_CANDIDATE = f'{{"uri": "file:///models/churn/v-1", "digest": "{CANARY}"}}'
BREACH = "does not follow the contract retrain.dev/v1: "
TRAINERS: dict[str, tuple[dict[str, str], str, str]] = {
    "raises": (
        {"log": CANARY, "fault": CANARY, "collect": f"Traceback (most recent call last): {CANARY}"},
        "StepFailed",
        "Collect ended with exit code 1; see the log of container collect of its pod.",
    ),
    "no-json": ({"log": CANARY, "collect": f"{{{CANARY}"}, "AnswerInvalid", f"{BREACH}it is no JSON."),
    "no-step": ({"collect": f'{{{_SAID}, "step": "{CANARY}"}}'}, "AnswerInvalid", "its step is none of collect, train"),
    "no-outcome": (
        {"collect": f'{{{_SAID}, "step": "collect", "message": "", "outcome": "{CANARY}", "{CANARY}": 1}}'},
        "AnswerInvalid",
        f"{BREACH}outcome: input should be 'Collected', 'NoNewData'",
    ),
    "another-run": (
        {
            "train": f'{{{_SAID}, "step": "train", "message": "{CANARY}", "outcome": "Trained"}}'.replace(
                "{run}", CANARY
            )
        },
        "AnswerInvalid",
        "is of another run.",
    ),
    "no-digest": (
        {"evaluate": f'{{{_SAID}, {_EVALUATED}, "candidate": {_CANDIDATE}}}'},
        "AnswerInvalid",
        f"{BREACH}candidate.digest: string should match pattern",
    ),
    "too-long": ({"collect": CANARY * 300}, "AnswerInvalid", "is longer than 2048 bytes, so it may be cut."),
    "speaks": (
        {"collect": f'{{{_SAID}, "step": "collect", "message": "It is {SPOKEN}.", "outcome": "DataInvalid"}}'},
        "DataInvalid",
        f"It is {SPOKEN}.",
    ),
}
"""What a trainer says, from a Secret that it mounts; see scripted/trainer.py."""


def disguises(mark: str) -> list[str]:
    """How a mark of a length that three divides may stand in a text: as it is, or within Base64 at any place."""
    assert len(mark) % 3 == 0
    coded = []
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = b64encode(b" " * before + mark.encode()).decode()
        coded.append(whole[skipped : (before + len(mark)) * 8 // 6])
    return [mark, *coded]
