"""A run that was tried, as one JSON object for programs."""

import json
from typing import Any, TextIO

from retrain_operator.cli.attempt.gates import GateRow, gate_rows
from retrain_operator.cli.attempt.places import Places
from retrain_operator.cli.attempt.run import Tried
from retrain_operator.model.names import STEPS
from retrain_operator.model.run import Result
from retrain_operator.model.scalars import time_text
from retrain_trainer.contract import Word


def tell_json(tried: Tried, places: Places, out: TextIO) -> None:
    """Print the outcome and all that it rests on. What is unknown is null."""
    result = tried.status.result
    told = {
        "outcome": tried.outcome,
        "reason": tried.reason,
        "message": tried.message,
        "metrics": {row.gate.metric: _measured(row) for row in gate_rows(tried)},
        "candidate": _candidate(result, kept=places.store is not None),
        "champion": _champion(tried, places),
        "holdout": _plain(result.holdout if result else None),
        "reference": _plain(result.reference if result else None),
        "worstSlice": _plain(result.worst_slice if result else None),
        "steps": [_step(tried, index) for index in range(len(STEPS))],
    }
    json.dump(told, out, indent=2)
    out.write("\n")


def _plain(word: Word | None) -> dict[str, Any] | None:
    return word.model_dump(mode="json", by_alias=True) if word else None


def _measured(row: GateRow) -> dict[str, Any]:
    score = row.score.model_dump(by_alias=True, exclude={"metric"}) if row.score else {}
    return {**score, **row.gate.model_dump(mode="json", by_alias=True, exclude={"metric"}), "met": row.met}


def _candidate(result: Result | None, *, kept: bool) -> dict[str, Any] | None:
    """Of one that is gone with its store only what tells it apart."""
    if result is None or result.candidate is None:
        return None
    uri = {"uri": result.candidate.uri} if kept else {}
    return {"version": result.candidate.uri.rpartition("/")[2], "digest": result.candidate.digest, **uri, "kept": kept}


def _champion(tried: Tried, places: Places) -> dict[str, Any] | None:
    if tried.run.spec.champion is None:
        return None
    compared = tried.status.result.champion if tried.status.result else None
    return {"uri": places.champion_uri, "digest": compared.digest if compared else None}


def _step(tried: Tried, index: int) -> dict[str, Any]:
    step = tried.status.steps[index]
    told: dict[str, Any] = {"name": step.name, "state": step.state, "reason": step.reason, "message": step.message}
    if step.start_time and step.completion_time:
        told |= {"startTime": time_text(step.start_time), "completionTime": time_text(step.completion_time)}
    return told | ({"seconds": round(tried.seconds[index], 3)} if index < len(tried.seconds) else {})
