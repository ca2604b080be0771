"""What the trainer said, or what is wrong with it. A missing, cut, malformed or foreign answer is never guessed."""

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from retrain_operator.decide.wording import LONGEST
from retrain_operator.model.names import STEPS
from retrain_operator.model.place import LONGEST_FOLDER, fits, folders
from retrain_operator.model.plain import plain
from retrain_operator.model.reason import Reason
from retrain_operator.model.training import Exited, Job
from retrain_operator.model.world import Run
from retrain_trainer.contract import ANSWER_LIMIT, CONTRACT, AnyAnswer, Collected, Evaluated, Fault, Trained

_ANSWER: TypeAdapter[Collected | Trained | Evaluated | Fault] = TypeAdapter(AnyAnswer)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A step's answer cannot be used, and why."""

    step: str
    reason: Reason
    message: str


Answers = tuple[Collected, Trained, Evaluated]


def answers(run: Run, job: Job) -> Answers | Unusable:
    """The three answers of a complete Job, in their order, or the first that cannot be used."""
    read = [answer(run, step, container) for step, container in zip(STEPS, job.containers, strict=True)]
    match read:
        case [Collected() as collected, Trained() as trained, Evaluated() as evaluated]:
            return collected, trained, evaluated
        case _:
            return next(each for each in read if isinstance(each, Unusable))


def answer(run: Run, step: str, container: object) -> Collected | Trained | Evaluated | Unusable:
    """The answer of one step that exited 0."""
    if not isinstance(container, Exited) or not container.answer.strip():
        return Unusable(step, Reason.ANSWER_MISSING, f"{step} ended without an answer in its termination message.")
    said = parse(run, container.answer)
    if said is None or said.step != step or isinstance(said, Fault):
        return Unusable(step, Reason.ANSWER_INVALID, f"The answer of {step} {_flaw(run, container.answer)}.")
    store = run.spec.policy.spec.model.store
    if isinstance(said, Evaluated) and said.candidate and not is_below(store, said.candidate.uri):
        message = f"The answer of {step} names a candidate that is not below model.store, {store}."
        return Unusable(step, Reason.ANSWER_INVALID, message)
    if isinstance(said, Evaluated) and said.candidate and not fits(said.candidate.uri):
        message = f"The answer of {step} names a candidate whose folder has more than {LONGEST_FOLDER} characters."
        return Unusable(step, Reason.ANSWER_INVALID, message)
    return said


def is_below(store: str, uri: str) -> bool:
    """Whether a version is where its policy keeps versions: what is rolled out comes from there and nowhere else."""
    place, version = folders(store), folders(uri)
    return ".." not in version and len(version) > len(place) and version[: len(place)] == place


def parse(run: Run, text: str) -> Collected | Trained | Evaluated | Fault | None:
    """An answer of this very run, its message made plain; None when the text is none."""
    if len(text.encode()) > ANSWER_LIMIT:
        return None
    try:
        said = _ANSWER.validate_json(text)
    except ValidationError:
        return None
    if (said.run, said.nonce) != (run.name, run.spec.nonce):
        return None
    return said.model_copy(update={"message": plain(said.message, LONGEST)})


def _flaw(run: Run, text: str) -> str:
    if len(text.encode()) > ANSWER_LIMIT:
        return f"is longer than {ANSWER_LIMIT} bytes, so it may be cut"
    try:
        said = _ANSWER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        return f"does not follow the contract {CONTRACT}: {_wrong(first)}"
    if (said.run, said.nonce) != (run.name, run.spec.nonce):
        return "is of another run"
    return f"is the answer of {said.step}"


def _wrong(error: ErrorDetails) -> str:
    """What pydantic found, in the words of the contract. What somebody put into the answer is never quoted."""
    where = ".".join(str(part) for part in error["loc"][1:])
    match error["type"]:
        case "json_invalid":
            return "it is no JSON"
        case "dict_type" | "model_type" if not where:
            return "it is no JSON object"
        case "union_tag_not_found" | "union_tag_invalid":
            return f"its step is none of {', '.join(STEPS)} and fault"
        case "missing":
            return f"{where} is missing"
        case "value_error" | "assertion_error":
            return f"{where or 'it'} contradicts itself"
        case _:
            return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}"
