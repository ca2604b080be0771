"""Tells scripted/answering.py, which stands in for a Prometheus, what to answer, and reads what it was asked."""

import json
from typing import Any

from tests.e2e.stage import MONITORING, Json, kubectl


def will_answer(tenant: str, answers: dict[str, Json]) -> None:
    """From now on a query `NAME{tenant="TENANT"}` gets the answer NAME. It becomes part of no object of the cluster."""
    _run("tee", f"/srv/{tenant}.json", stdin=json.dumps(answers))


def asked(tenant: str) -> list[Json]:
    """Every query about the tenant: `asked`, its name, and the `headers` that it came with."""
    return _lines(f"/srv/{tenant}.asked")


def went_elsewhere() -> list[Json]:
    """Every request that was no query of this kind: `asked` is its path."""
    return _lines("/srv/elsewhere")


def query(name: str, tenant: str) -> str:
    """The query that gets the answer NAME of a tenant."""
    return f'{name}{{tenant="{tenant}"}}'


def number(value: str = "0.02") -> Json:
    """An answer as Prometheus gives it."""
    result = [{"metric": {}, "value": [1767225600, value]}]
    return {"body": json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})}


def _lines(file: str) -> list[Json]:
    notes: list[Any] = [json.loads(line) for line in _run("sh", "-c", f"cat {file} 2>/dev/null || true").splitlines()]
    return notes


def _run(*words: str, stdin: str = "") -> str:
    return kubectl("-n", MONITORING, "exec", "-i", "deployment/answering", "--", *words, stdin=stdin)
