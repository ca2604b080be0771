"""How a step says what it has to say: one JSON answer of at most 2 KiB, and one line for people.

A message that is too long is cut at a word; an answer that is too long for other reasons becomes a fault, since half an
answer could be taken for a whole one.
"""

import os
from pathlib import Path
from typing import Any, TypeVar

from retrain_trainer.contract import ANSWER_LIMIT, ANSWER_PATH, Answer, Evaluated, Fault, Task

PATH_VARIABLE = "RETRAIN_ANSWER"
"""Overrides where the answer goes, for tests and for work outside of a cluster."""
SENTENCE = 512
LENGTHS = (SENTENCE, 320, 160, 80, 1)
SHORTER = "shorten model.store, or ask for fewer metrics or slices of columns with shorter names"

A = TypeVar("A", bound=Answer)


def answer(kind: type[A], task: Task, message: str, **fields: Any) -> A:
    """Return an answer to this task, its message cut to what the contract allows."""
    return kind(run=task.run, nonce=task.nonce, message=cut(message, SENTENCE), **fields)


def cut(text: str, characters: int) -> str:
    """Shorten text at a word, with an ellipsis, so that it has at most that many characters."""
    if len(text) <= characters:
        return text
    return text[: max(characters - 1, 0)].rpartition(" ")[0].rstrip(",;:. ") + "…"


def encode(said: Answer) -> bytes:
    """Return the answer as JSON of at most 2 KiB, with a shorter message where that is needed.

    As a last resort scores go without `improvement`, which candidate and champion tell as well.
    """
    shorter = [said.model_copy(update={"message": cut(said.message, characters)}) for characters in LENGTHS]
    if isinstance(said, Evaluated):
        scores = tuple(score.model_copy(update={"improvement": None}) for score in said.scores)
        shorter.append(shorter[-1].model_copy(update={"scores": scores}))
    for each in shorter:
        data = each.model_dump_json(by_alias=True, exclude_none=True).encode()
        if len(data) <= ANSWER_LIMIT:
            return data
    reason = f"The answer does not fit into {ANSWER_LIMIT} bytes: {SHORTER}."
    return encode(Fault(run=said.run, nonce=said.nonce, message=reason))


def tell(step: str, said: Answer) -> int:
    """Leave the answer where the kubelet finds it, print it for people, and return the exit code."""
    data = encode(said)
    Path(os.environ.get(PATH_VARIABLE, ANSWER_PATH)).write_bytes(data)
    fault = isinstance(said, Fault) or b'"step":"fault"' in data
    outcome = "Fault" if fault else getattr(said, "outcome", "")
    print(f"{step}: {outcome}. {said.message}", flush=True)  # noqa: T201 - this line is the step's log
    return 1 if fault else 0
