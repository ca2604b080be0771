"""What is wrong with how one call of a trainer ended, whatever it was asked: its exit code and its answer."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from retrain_operator.cli.call import Called
from retrain_operator.cli.contract.breach import Breach, See, excerpt, quoted
from retrain_trainer.contract import ANSWER_LIMIT, CONTRACT, AnyAnswer, Collected, Evaluated, Fault, Task, Trained

Said = Collected | Trained | Evaluated
TOLD_AT_MOST = 3
_SHOULD_BE = "Input should be "
SECTIONS = {"collect": See.COLLECT, "train": See.TRAIN, "evaluate": See.EVALUATE}
_ANSWER: TypeAdapter[Said | Fault] = TypeAdapter(AnyAnswer)


def judge(task: Task, step: str, called: Called, seconds: float) -> tuple[Said | None, list[Breach]]:
    """The answer, if it is one, and what is wrong with the call. Without an answer there is at least one breach."""
    if breach := _without_answer(step, called, seconds):
        return None, [breach]
    try:
        written = json.loads(called.answer)
    except ValueError:
        written = None
    if not isinstance(written, dict):
        came = f"text that is none: {excerpt(called.answer.decode(errors='replace'))}"
        return None, [Breach(step, "an answer that is one JSON object", came, See.ANSWERS)]
    if breach := _of_another(step, task, written) or _fault(step, called, written):
        return None, [breach]
    try:
        said = _ANSWER.validate_python({**written, "step": step})
    except ValidationError as error:
        return None, [*_malformed(step, error), *_exit(step, called)]
    assert not isinstance(said, Fault), "its step is one of the three"
    return said, [*_exit(step, called), *_speechless(step, said)]


def _without_answer(step: str, called: Called, seconds: float) -> Breach | None:
    """What comes of a call that leaves nothing, or more than is read."""
    if called.code is None:
        came = "it was still at work, and was ended"
        return Breach(step, f"an answer within {seconds:g} s (--timeout)", came, See.CALLS)
    if len(called.answer) > ANSWER_LIMIT:
        came = f"{len(called.answer):,} bytes"
        return Breach(step, f"an answer of at most {ANSWER_LIMIT:,} bytes", came, See.ANSWERS)
    if called.answer.strip():
        return None
    if called.code == 0:
        return Breach(step, "an answer", "exit code 0 and no answer", See.ANSWERS)
    log = f"; its log ends: {excerpt(called.log)}" if called.log.strip() else ""
    return Breach(step, "an answer and exit code 0", f"exit code {called.code} and no answer{log}", See.EXIT_CODES)


def _of_another(step: str, task: Task, written: dict[str, Any]) -> Breach | None:
    """Whether the answer is of this contract, run and step. The operator takes no other for one."""
    own = {"run": task.run, "nonce": task.nonce}
    for name, expected in own.items():
        if written.get(name) != expected:
            came = quoted(written[name]) if name in written else "none"
            return Breach(step, f"the task's {name}, {quoted(expected)}", came, See.ANSWERS)
    if written.get("contract", CONTRACT) != CONTRACT:
        return Breach(step, f"contract {quoted(CONTRACT)}, or none", quoted(written["contract"]), See.ANSWERS)
    if written.get("step") not in (step, "fault"):
        came = quoted(written["step"]) if "step" in written else "none"
        return Breach(step, f"step {quoted(step)}", came, See.ANSWERS)
    return None


def _fault(step: str, called: Called, written: dict[str, Any]) -> Breach | None:
    if written["step"] != "fault":
        return None
    if called.code == 0:
        return Breach(step, "an exit code other than 0 with a fault", "exit code 0", See.EXIT_CODES)
    return Breach(step, "a decision", f"a fault: {quoted(written.get('message'))}", See.EXIT_CODES)


def _malformed(step: str, error: ValidationError) -> Iterator[Breach]:
    """What pydantic says of the answer, field by field."""
    for each in error.errors(include_url=False)[:TOLD_AT_MOST]:
        field, wanted = ".".join(str(part) for part in each["loc"][1:]), each["msg"]
        if each["type"] == "missing":
            yield Breach(step, f"{field} to be there", "none", SECTIONS[step])
        elif wanted.startswith(_SHOULD_BE):
            yield Breach(
                step, f"{field} to be {wanted.removeprefix(_SHOULD_BE)}", quoted(each["input"]), SECTIONS[step]
            )
        else:
            yield Breach(step, f"{field}: {wanted[0].lower()}{wanted[1:]}", quoted(each["input"]), SECTIONS[step])


def _exit(step: str, called: Called) -> Iterator[Breach]:
    if called.code:
        expected = "exit code 0: an answer is a decision, and a decision is never repeated"
        yield Breach(step, expected, f"exit code {called.code}", See.EXIT_CODES)


def _speechless(step: str, said: Said) -> Iterator[Breach]:
    if not said.message.strip():
        yield Breach(step, "a sentence for people in message", "none", See.ANSWERS)
