"""What a check finds: which step broke the contract, what was expected, what came, and where the contract says so."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from retrain_operator.model.plain import plain
from retrain_trainer.contract import ModelRef

QUOTED_AT_MOST = 160


class See(StrEnum):
    """Sections of docs/contract.md, as their anchors."""

    CALLS = "three-calls"
    EXIT_CODES = "exit-codes"
    TASK = "the-task"
    ANSWERS = "the-answers"
    COLLECT = "what-collect-answers"
    TRAIN = "what-train-answers"
    EVALUATE = "what-evaluate-answers"
    STORE = "the-store"
    REPEATED = "a-run-that-is-repeated"
    TERMINATED = "a-step-that-is-ended"


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that is not as the contract has it."""

    step: str
    expected: str
    came: str
    see: See


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list. `skipped` says why it could not be done, when it could not."""

    title: str
    breaches: tuple[Breach, ...] = ()
    skipped: str = ""


def quoted(value: Any) -> str:
    """A value that a trainer gave, as JSON on one line."""
    return plain(json.dumps(value, ensure_ascii=False, default=str), QUOTED_AT_MOST)


def named(ref: ModelRef | None) -> str:
    """A version with enough of its digest to tell it from another."""
    return f"{plain(ref.uri, QUOTED_AT_MOST)} ({ref.digest[:19]}…)" if ref else "none"


def excerpt(text: str) -> str:
    """The last line of what a trainer left: of a traceback the one that says what went wrong."""
    return plain(text.strip().rpartition("\n")[2], QUOTED_AT_MOST)
