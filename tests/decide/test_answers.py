"""What the trainer said, or what is wrong with it: never guessed, and always said by name."""

import json

import pytest

from retrain_operator.decide.answers import Unusable, answers
from retrain_operator.model.names import STEPS
from retrain_operator.model.reason import Reason
from retrain_operator.model.training import Container, Job
from retrain_trainer.contract import ANSWER_LIMIT, CONTRACT, Collected, Evaluated, Fault, Trained
from tests.coherent import sentences
from tests.decide.case import case
from tests.runs import NAME, NONCE, a_run, collected, evaluated, exited, running, trained, waiting

GOOD = (collected(), trained(), evaluated())
FAULT = Fault(run=NAME, nonce=NONCE, message="The disk is full.").model_dump_json(by_alias=True)
BREAKS = f"The answer of collect does not follow the contract {CONTRACT}"
OUTCOMES = "input should be 'Collected', 'NoNewData', 'DataInvalid' or 'DataSourceNotFound'"
NOTHING = "collect ended without an answer in its termination message."


def read(*said: str | Container) -> tuple[Collected, Trained, Evaluated] | Unusable:
    containers = tuple(exited(each) if isinstance(each, str) else each for each in said)
    run = a_run().with_job(*containers, complete=True)
    assert isinstance(run.job, Job)
    return answers(run.run, run.job)


def of_size(size: int) -> str:
    """An answer of so many bytes."""
    frame = len(collected(message="").encode())
    # The message itself is bounded, so the rest is white space, which JSON allows.
    return collected(message="") + " " * (size - frame)


def changed(answer: str, **fields: object) -> str:
    return json.dumps(json.loads(answer) | fields)


def candidate_at(uri: str) -> str:
    candidate = json.loads(GOOD[2])["candidate"]
    return changed(GOOD[2], candidate={**candidate, "uri": uri})


def test_three_good_answers() -> None:
    said = read(*GOOD)
    assert not isinstance(said, Unusable)
    assert [type(answer) for answer in said] == [Collected, Trained, Evaluated]
    assert said[0].rows == 4704


def test_what_a_newer_trainer_adds_is_ignored() -> None:
    assert not isinstance(read(changed(GOOD[0], weather="fine"), *GOOD[1:]), Unusable)


def test_a_message_is_one_line_without_tricks() -> None:
    said = read(collected(message="7 new\n\x1b[31mbatches\u202e\x07."), *GOOD[1:])
    assert not isinstance(said, Unusable)
    assert said[0].message == "7 new [31mbatches."


def test_an_answer_exactly_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert not isinstance(read(of_size(ANSWER_LIMIT), *GOOD[1:]), Unusable)
    longer = read(of_size(ANSWER_LIMIT + 1), *GOOD[1:])
    told = f"The answer of collect is longer than {ANSWER_LIMIT} bytes, so it may be cut."
    assert longer == Unusable("collect", Reason.ANSWER_INVALID, told)


def test_the_limit_counts_bytes_not_letters() -> None:
    assert isinstance(read(collected(message="é" * 512) + " " * (ANSWER_LIMIT - 600), *GOOD[1:]), Unusable)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("nothing", given="", then=("AnswerMissing", NOTHING)),
        case("white space", given=" \n",
             then=("AnswerMissing", NOTHING)),
        case("a log line", given="Traceback (most recent call last):",
             then=("AnswerInvalid", f"{BREAKS}: it is no JSON.")),
        case("cut in the middle", given=GOOD[0][:100],
             then=("AnswerInvalid", f"{BREAKS}: it is no JSON.")),
        case("a list", given="[]", then=("AnswerInvalid", f"{BREAKS}: it is no JSON object.")),
        case("of no step", given="{}",
             then=("AnswerInvalid", f"{BREAKS}: its step is none of collect, train, evaluate and fault.")),
        case("without an outcome", given=changed(GOOD[0], outcome=None),
             then=("AnswerInvalid", f"{BREAKS}: outcome: {OUTCOMES}.")),
        case("with an outcome that nobody knows", given=changed(GOOD[0], outcome="Fine"),
             then=("AnswerInvalid", f"{BREAKS}: outcome: {OUTCOMES}.")),
        case("of another version", given=changed(GOOD[0], contract="retrain.dev/v9"),
             then=("AnswerInvalid", f"{BREAKS}: contract: input should be '{CONTRACT}'.")),
        case("of another run", given=collected(run="churn-zzzzzzzzzz"),
             then=("AnswerInvalid", "The answer of collect is of another run.")),
        case("of another attempt by that name", given=collected(nonce="f" * 16),
             then=("AnswerInvalid", "The answer of collect is of another run.")),
        case("of another step", given=trained(),
             then=("AnswerInvalid", "The answer of collect is the answer of train.")),
        case("a fault, though it exited well", given=FAULT,
             then=("AnswerInvalid", "The answer of collect is the answer of fault.")),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_used(given: str, then: tuple[str, str]) -> None:
    said = read(given, *GOOD[1:])
    assert said == Unusable("collect", Reason(then[0]), then[1])
    sentences(then[1])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", '"0.9"x', "1e999"])
def test_a_score_that_is_no_number_is_no_answer(number: str) -> None:
    forged = GOOD[2].replace('"candidate":0.9', f'"candidate":{number}')
    assert forged != GOOD[2]
    said = read(*GOOD[:2], forged)
    assert isinstance(said, Unusable)
    assert (said.step, said.reason) == ("evaluate", Reason.ANSWER_INVALID)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///models/other/v-1",
        "file:///models/churn",
        "file:///models/churn/",
        "file:///models/churn-2/v-1",
        "file:///models/churn/../other/v-1",
        "s3://models/churn/v-1",
    ],
)
def test_a_candidate_that_is_not_in_the_store_is_not_rolled_out(uri: str) -> None:
    said = read(*GOOD[:2], candidate_at(uri))
    message = "The answer of evaluate names a candidate that is not below model.store, file:///models/churn."
    assert said == Unusable("evaluate", Reason.ANSWER_INVALID, message)
    sentences(message)


@pytest.mark.parametrize(
    "uri", ["file:///models/churn/v-1", "file:///models//churn/./v-1/", "file:///models/churn/a/v-1"]
)
def test_a_candidate_anywhere_below_the_store_is_fine(uri: str) -> None:
    assert not isinstance(read(*GOOD[:2], candidate_at(uri)), Unusable)


@pytest.mark.parametrize(("length", "fits"), [(128, True), (129, False)])
def test_the_folder_of_a_candidate_must_fit_into_a_status(length: int, *, fits: bool) -> None:
    said = read(*GOOD[:2], candidate_at(f"file:///models/churn/{'v' * length}/"))
    message = "The answer of evaluate names a candidate whose folder has more than 128 characters."
    assert (said == Unusable("evaluate", Reason.ANSWER_INVALID, message)) is not fits


def test_a_candidate_whose_name_kubernetes_would_read_as_a_reference_is_no_answer() -> None:
    said = read(*GOOD[:2], candidate_at("file:///models/churn/$(PASSWORD)"))
    assert isinstance(said, Unusable)
    assert said.message.startswith(f"The answer of evaluate does not follow the contract {CONTRACT}: candidate.uri: ")
    assert "PASSWORD" not in said.message


@pytest.mark.parametrize("step", range(3), ids=STEPS)
@pytest.mark.parametrize("container", [waiting(), running()], ids=["waiting", "running"])
def test_the_first_step_that_did_not_answer_is_named(step: int, container: Container) -> None:
    said = read(*GOOD[:step], *[container] * (3 - step))
    assert isinstance(said, Unusable)
    assert (said.step, said.reason) == (STEPS[step], Reason.ANSWER_MISSING)


def test_what_somebody_put_in_an_answer_is_not_quoted() -> None:
    said = read(changed(GOOD[0], outcome="<canary>"), *GOOD[1:])
    assert isinstance(said, Unusable)
    assert "canary" not in said.message
